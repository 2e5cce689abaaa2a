"""`glassbert predict`: labels and calibrated scores for a text or a file of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, hear, say
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.errors import Problem, UsageError


@reads_tables
def predict(
    model: words.Model,
    data: words.Data = None,
    text: words.Texts = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write.")] = None,
    text_column: words.TextColumn = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    *,
    reading: Reading,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Predict the label of a text, or of every row of a file; the file itself is never changed."""
    if (data is None) == (not text):
        fix = "give a file, or --text TEXT"
        raise UsageError(Problem(code="nothing-to-predict", what="give either DATA or --text", fix=fix))
    from glassbert.runs.outputs import refuse_output  # torch and pandas load here, not for --help
    from glassbert.runs.predict import predict_file, predict_texts, write

    if out is not None:
        refuse_output(out, data, overwrite=overwrite)
    loaded = load_aloud(model, device=device, threads=threads)
    if data is None:
        found = predict_texts(loaded, list(text or []))
    else:
        found = predict_file(loaded, data, read=reading(), text_column=text_column)
    for note in found.notes:
        say(f"note: {note}")
    if out is not None:
        rejected = write(out, found)
        say(f"{len(found.examples):,} predictions written to {out}")
        hear(f"the rows that were set aside are in {rejected}" if rejected else None)
    if as_json:
        emit_json(found.as_list())
    elif out is None:
        emit(found.as_csv())
