"""`glassbert predict`: labels and calibrated scores for a text or a file of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, hear, say
from glassbert.cli.learnt import Base
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.errors import Problem, UsageError


@reads_tables
def predict(
    model: words.Model,
    data: words.Data = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", "--question", help="A text, or a question (may be repeated)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .csv, .jsonl or .json.")
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            "--pair", "--context", help="The second text of each --text, or context of each --question."
        ),
    ] = None,
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    base: Base = None,
    model_scheme: words.ModelScheme = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    *,
    reading: Reading,
    overwrite: words.Overwrite = False,
    as_json: words.Json = False,
) -> None:
    """Predict the answer for a text, or for every row of a file; the file itself is never changed."""
    if (data is None) == (not text):
        fix = "give a file, or --text TEXT"
        raise UsageError(Problem(code="nothing-to-predict", what="give either DATA or --text", fix=fix))
    from glassbert.runs.outputs import refuse_output  # torch and pandas load here, not for --help
    from glassbert.runs.predict import predict_file, predict_texts, write
    from glassbert.runs.prediction_files import refuse_format
    from glassbert.text.asked import Asked

    if out is not None:
        refuse_format(out)
        refuse_output(out, data, overwrite=overwrite)
    loaded = load_aloud(model, device=device, threads=threads, base=base, scheme=model_scheme)
    if data is None:
        found = predict_texts(loaded, _given(list(text or []), pair))
    else:
        found = predict_file(loaded, data, read=reading(), asked=Asked(text=text_column, pair=pair_column))
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


def _given(texts: list[str], pairs: list[str] | None) -> list[Any]:
    """The texts, each with its second text where there are such."""
    if not pairs:
        return list(texts)
    if len(pairs) != len(texts):
        what = f"--text is given {len(texts)} times and --pair {len(pairs)} times"
        raise UsageError(Problem(code="not-a-pair", what=what, fix="give one --pair to each --text"))
    return list(zip(texts, pairs, strict=True))
