"""`glassbert look diff`: what changed from one checkpoint to another."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import hear
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.texts import WindowProgress, texts_given
from glassbert.cli.writing import give, refuse_out
from glassbert.errors import on_one_line

SHOWN = 10


@reads_tables
def diff(
    model_a: Annotated[str, typer.Argument(help="The model before: a run, directory, name or hub id.")],
    model_b: Annotated[str, typer.Argument(help="The model after, of the same shape and vocabulary.")],
    data: words.Data = None,
    text: words.Texts = None,
    show: Annotated[
        int | None, typer.Option("--show", help="Row whose maps are drawn; the first if unsaid.")
    ] = None,
    text_column: words.TextColumn = None,
    *,
    reading: Reading,
    out: words.Out = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Compare two checkpoints of one model: heads, matrices, layers, and answers that flipped."""
    from glassbert.lens.comparing.diff import diff as look  # torch loads here, not for --help

    refuse_out(out, data, overwrite=overwrite)
    given = texts_given(data, text, reading=reading, column=text_column)
    shown = 0 if show is None else given.rows.index(show) if show in given.rows else -1
    before = load_aloud(model_a, device=device, threads=threads)
    after = load_aloud(model_b, device=device, threads=threads)
    record = look(before, after, given.texts, rows=given.rows, show=shown, progress=WindowProgress())
    if record.text_windows > 1:
        last = record.text_windows - 1
        which = f"its maps are those of window {record.window} of 0 to {last}"
        hear(f"the shown text is longer than the model: {which}; all other numbers are of all windows")
    give(record, out, kind="diff", as_json=as_json, table=table, about=flips)


def flips(record: Any) -> dict[str, Any]:
    """How many texts get another answer; None for models without answers."""
    return {"flips": record.num_flips}


def table(record: Any) -> str:
    """The heads and matrices that changed most, likeness of layers, flipped answers."""
    layers, heads = record.own.shape
    order = (-record.own.ravel()).argsort(kind="stable")[:SHOWN].tolist()
    lines = ["head    own JSD   as run"]
    for number in order:
        layer, head = divmod(number, heads)
        lines.append(
            f"{f'{layer}.{head}':<6} {record.own[layer, head]:8.5f} {record.divergence[layer, head]:8.5f}"
        )
    lines += ["", "layer  " + " ".join(f"{kind:>8}" for kind in record.kinds) + "   (|B - A| / |A|)"]
    for layer in range(layers):
        lines.append(f"{layer:<6} " + " ".join(f"{value:8.5f}" for value in record.update[layer].tolist()))
    likeness = " ".join(f"{value:.3f}" for value in record.cka.diagonal().tolist())
    lines += ["", f"CKA of each layer with itself: {likeness}"]
    if record.num_flips is not None:
        lines.append(f"{record.num_flips:,} of {record.num_texts:,} texts get another answer")
    for flip in record.flips[:SHOWN]:
        lines.append(on_one_line(f"{flip.row}: {flip.before} -> {flip.after}: {flip.text[:60]}"))
    return "".join(f"{line}\n" for line in lines)
