"""`glassbert tune`: better settings than the defaults within a budget, and only if they are proved better."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli import learnt
from glassbert.cli.console import emit, emit_json, hear, progress, say
from glassbert.cli.reading import Reading, reads_tables
from glassbert.errors import Problem, UsageError


@reads_tables
def tune(
    data: Annotated[str, typer.Argument(help="Labelled texts: CSV, TSV, JSON, JSONL, Parquet, CoNLL.")],
    out: Annotated[Path | None, typer.Option(help="Directory of the search.")] = None,
    budget: Annotated[str, typer.Option(help="Wall-clock time for all of it: 30m, 2h.")] = "30m",
    eval_data: Annotated[
        str | None, typer.Option(help="Rows for the score; split from DATA if unsaid.")
    ] = None,
    task: Annotated[str, typer.Option(help="What to learn.")] = "text-classification",
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    label_column: words.LabelColumn = None,
    scheme: words.Scheme = None,
    repair_bio: words.RepairBio = False,
    model: Annotated[str | None, typer.Option(help="Run, model directory, bundled name or hub id.")] = None,
    base: learnt.Base = None,
    metric: Annotated[
        str | None, typer.Option(help="The score to search by; the task's own if unsaid.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Most points to try; as many as fit if unsaid.")] = None,
    seeds: Annotated[int, typer.Option(help="Most seeds to train both recipes with.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Seed of split, order, dropout and search.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the rows: fixed, not searched.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Windows per update.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--lr", help="Peak rate: fixed, not searched.")
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option("--max-length", "--max-len", help="Tokens per window: fixed, not searched."),
    ] = None,
    class_weights: Annotated[str | None, typer.Option(help='"balanced" for rare classes.')] = None,
    loss: words.Loss = None,
    pooling: words.Pooling = None,
    crf: words.Crf = False,
    lstm_size: words.LstmSize = None,
    freeze: learnt.Freeze = None,
    lora: learnt.Lora = None,
    lora_alpha: learnt.LoraAlpha = None,
    lora_targets: learnt.LoraTargets = None,
    lora_dropout: learnt.LoraDropout = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML or JSON file of settings; these are not searched.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu (if unsaid) or cuda.")] = None,
    threads: words.Threads = None,
    *,
    reading: Reading,
    allow_degenerate: Annotated[
        bool, typer.Option("--allow-degenerate", help="Accept a single class.")
    ] = False,
    fail_on_leak: Annotated[bool, typer.Option("--fail-on-leak", help="Refuse overlapping data.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the search in --out.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write the winner's report.")] = True,
    as_json: words.Json = False,
) -> None:
    """Search learning rate, layer decay, epochs and length; claims an improvement only when it is proved."""
    data_options = {
        "train": data,
        "evaluation": eval_data,
        "task": task,
        "text_column": text_column,
        "pair_column": pair_column,
        "label_column": label_column,
        "allow_degenerate": allow_degenerate,
        "fail_on_leak": fail_on_leak,
        "loss": loss,
        "pooling": pooling,
        "crf": crf or None,
        "lstm_size": lstm_size,
        "read": words.tags_read(reading(), scheme, repair_bio),
    }
    settings = {
        "metric": metric,
        "seed": seed,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "max_length": max_length,
        "class_weights": class_weights,
        "freeze": learnt.frozen(freeze),
        "lora": lora,
        "lora_alpha": lora_alpha,
        "lora_targets": lora_targets,
        "lora_dropout": lora_dropout,
    }
    request = {
        "out": out,
        "model": model,
        "base": base,
        "device": device,
        "settings": settings,
        "config": words.settings_file(config),
        "resume": resume,
        "overwrite": overwrite,
    }
    _search(
        data_options,
        request,
        {"budget": words.seconds(budget), "trials": trials, "seeds": seeds},
        threads=threads,
        report=report,
        as_json=as_json,
    )


def _search(
    data: dict[str, Any],
    request: dict[str, Any],
    search: dict[str, Any],
    *,
    threads: int | None,
    report: bool,
    as_json: bool,
) -> None:
    """Search with a progress bar, write the winner's report, print the table or the document."""
    out = request["out"]
    if out is None:
        raise UsageError(
            Problem(code="no-output", what="--out is missing", fix="name a directory: --out SEARCH")
        )
    # torch and pandas load here, not for --help
    from glassbert.cli.tune_table import table
    from glassbert.runs.data import DataOptions
    from glassbert.runs.devices import use_threads
    from glassbert.runs.finetune import FinetuneOptions, Watchers
    from glassbert.runs.tuning.tune import TuneOptions
    from glassbert.runs.tuning.tune import tune as run_tune
    from glassbert.runs.world import refuse_several
    from glassbert.show.run_report import report_run
    from glassbert.train.stop import stop_on_signals

    refuse_several(os.environ, "tune")
    hear(use_threads(threads))
    options = FinetuneOptions(data=DataOptions(**data), command=("glassbert", *sys.argv[1:]), **request)
    with stop_on_signals() as stop, progress() as on_step:
        found = run_tune(
            TuneOptions(finetune=options, **search), stop=stop, watchers=Watchers(say=say, on_step=on_step)
        )
    winner = out / found["ending"]["winner"]
    page = winner / "report.html" if report else None
    if page is not None:
        say("looking inside the model, and writing the report")
        report_run(winner, page, say=say)
    if as_json:
        emit_json({"out": str(out), **found})
    else:
        emit("\n".join(table(found, out, page)) + "\n")
