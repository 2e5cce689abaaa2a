"""`glassbert evaluate`: the scores of a model on labelled rows, with intervals."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, say
from glassbert.cli.held_out import measures
from glassbert.cli.learnt import Base
from glassbert.cli.loading import load_aloud
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.summary import scores_table


@reads_tables
def evaluate(
    model: words.Model,
    data: Annotated[str, typer.Argument(help="Labelled texts, or plain text.")],
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    label_column: words.LabelColumn = None,
    scheme: words.Scheme = None,
    repair_bio: words.RepairBio = False,
    base: Base = None,
    model_scheme: words.ModelScheme = None,
    device: words.Device = "cpu",
    threads: words.Threads = None,
    *,
    reading: Reading,
    as_json: words.Json = False,
) -> None:
    """Score a model on labelled rows, with bootstrap 95 % intervals; a masked-word model on plain text."""
    from glassbert.runs.evaluate import evaluate as run_evaluate
    from glassbert.runs.pretraining.evaluate import reads_text
    from glassbert.text.asked import Asked

    loaded = load_aloud(model, device=device, threads=threads, base=base, scheme=model_scheme)
    if reads_text(loaded):
        _evaluate_text(loaded, data, reading(), text_column or "text", as_json=as_json)
        return
    asked = Asked(text=text_column, pair=pair_column, label=label_column)
    found = run_evaluate(loaded, data, read=words.tags_read(reading(), scheme, repair_bio), asked=asked)
    for note in found["notes"]:
        say(f"note: {note}")
    if as_json:
        emit_json({"model": model, **found})
    else:
        emit(f"{found['rows']:,} rows\n{scores_table(found['metrics'], found['intervals'])}")


def _evaluate_text(model: Any, text: str, read: Any, column: str, *, as_json: bool) -> None:
    from glassbert.runs.pretraining.evaluate import evaluate_text
    from glassbert.text.documents import TextOptions

    reading = TextOptions(encoding=read.encoding, text_column=column, max_line_bytes=read.max_line_bytes)
    found = evaluate_text(model, [text], reading=reading)
    for note in found["notes"]:
        say(f"note: {note}")
    if as_json:
        emit_json({"model": model.name, **found})
    else:
        emit(f"{measures(found)}\n")
