"""`glassbert check`: what is in a file, and whether training on it would make sense."""

from __future__ import annotations

from typing import Annotated

import typer

from glassbert.cli import arguments as words
from glassbert.cli import learnt
from glassbert.cli.console import emit, emit_json, hear
from glassbert.cli.reading import Reading, reads_tables


@reads_tables
def check(
    data: Annotated[str, typer.Argument(help="Labelled texts: CSV, TSV, JSON, JSONL or Parquet.")],
    task: Annotated[str | None, typer.Option(help="What to learn; guessed if unsaid.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose tokenizer and speed to take.")] = None,
    base: learnt.Base = None,
    eval_data: Annotated[
        str | None, typer.Option(help="Rows for the score; split from DATA if unsaid.")
    ] = None,
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    label_column: words.LabelColumn = None,
    scheme: words.Scheme = None,
    repair_bio: words.RepairBio = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Fit a baseline and measure the time of a run.")
    ] = True,
    epochs: Annotated[float | None, typer.Option(help="Passes over the rows, of the run.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Windows per update, of the run.")] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", "--max-len", help="Tokens per window, of the run.")
    ] = None,
    loss: words.Loss = None,
    pooling: words.Pooling = None,
    crf: words.Crf = False,
    lstm_size: words.LstmSize = None,
    freeze: learnt.Freeze = None,
    lora: learnt.Lora = None,
    lora_targets: learnt.LoraTargets = None,
    threads: words.Threads = None,
    *,
    reading: Reading,
    as_json: words.Json = False,
) -> None:
    """Look at labelled texts before training; exit code 65 where training on them would be a mistake."""
    from glassbert.cli.check_page import page  # torch and pandas load here, not for --help
    from glassbert.runs.check.data_check import CheckOptions, check_data
    from glassbert.runs.devices import use_threads
    from glassbert.runs.resolve import DEFAULT_MODEL
    from glassbert.text.asked import Asked

    hear(use_threads(threads))
    asked = Asked(text=text_column, pair=pair_column, label=label_column)
    settings = {
        "epochs": epochs,
        "batch_size": batch_size,
        "max_length": max_length,
        "freeze": learnt.frozen(freeze),
        "lora": lora,
        "lora_targets": lora_targets,
    }
    options = CheckOptions(
        read=words.tags_read(reading(), scheme, repair_bio),
        task=task,
        asked=asked,
        model=model or DEFAULT_MODEL,
        base=base,
        seed=seed,
        measure=measure,
        settings=settings,
        own={"loss": loss, "pooling": pooling, "crf": crf or None, "lstm_size": lstm_size},
    )
    found = check_data(data, eval_data, options)
    if as_json:
        emit_json(found.document)
    else:
        emit(page(found))
    found.refuse()
