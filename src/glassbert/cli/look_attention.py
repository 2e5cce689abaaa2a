"""`glassbert look attention`: who looks at whom in one text, as a page or as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json
from glassbert.cli.loading import hear_window, load_aloud
from glassbert.cli.writing import refuse_out


def attention(
    model: words.Model,
    text: words.Text,
    pair: words.Pair = None,
    window: words.Window = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .html, .json or .gbr.")] = Path(
        "attention.html"
    ),
    whole: Annotated[
        bool, typer.Option("--whole", help="Every head in full in the page, however large it gets.")
    ] = False,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Draw the attention of every layer and head on a text; each map carries its certificate."""
    from glassbert.lens.attention_capture import attention as look  # torch loads here, not for --help
    from glassbert.show.page import write_page

    refuse_out(out, overwrite=overwrite)
    loaded = load_aloud(model, device=device, threads=threads)
    record = look(loaded, text, pair=pair, window=window)
    hear_window(record)
    if whole and out.suffix.lower() == ".html":
        write_page(record, out, whole=True)
    else:
        record.save(out)
    if as_json:
        worst = float(record.certificates.max())
        about = {"tokens": len(record.tokens), "window": window, "windows": record.num_windows}
        emit_json({"attention": str(out), "bytes": out.stat().st_size, **about, "certificate": worst})
    else:
        emit(f"{out}\n")
