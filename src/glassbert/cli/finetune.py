"""`glassbert finetune`: from a file of labelled texts to a measured, calibrated, explained model."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli import learnt
from glassbert.cli.console import emit, emit_json, hear, progress, say
from glassbert.cli.reading import Reading, reads_tables
from glassbert.cli.several import train_several
from glassbert.cli.summary import summary
from glassbert.cli.together import together
from glassbert.errors import Problem, UsageError


@reads_tables
def finetune(
    train: Annotated[
        str | None, typer.Argument(help="Labelled texts: CSV, TSV, JSON, JSONL, Parquet, CoNLL.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory of the run.")] = None,
    eval_data: Annotated[
        str | None, typer.Option(help="Rows for the score; split from TRAIN if unsaid.")
    ] = None,
    task: Annotated[str, typer.Option(help="What to learn.")] = "text-classification",
    text_column: words.FirstColumn = None,
    pair_column: words.PairColumn = None,
    label_column: words.LabelColumn = None,
    scheme: words.Scheme = None,
    repair_bio: words.RepairBio = False,
    model: Annotated[str | None, typer.Option(help="Run, model directory, bundled name or hub id.")] = None,
    base: learnt.Base = None,
    epochs: Annotated[
        float | None, typer.Option("--epochs", "--num_train_epochs", help="Passes over the rows.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", "--per_device_train_batch_size", help="Windows per update.")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option("--learning-rate", "--learning_rate", "--lr", help="Peak rate of the head."),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", "--max_seq_length", "--max-len", help="Tokens per window.")
    ] = None,
    budget: Annotated[str | None, typer.Option(help="Wall-clock limit: 90s, 10m, 2h.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of split, order and dropout.")] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", help="Train so many seeds on one split; mean and spread.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option("--folds", help="Cross-validate: every row judged exactly once.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "--metric_for_best_model",
            help="accuracy, macro_f1, mcc or loss: chooses the best step.",
        ),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Validations without a better one before stopping.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adamw, muon, sgd or momentum.")] = None,
    lr_scheduler_type: Annotated[
        str | None,
        typer.Option(
            "--lr-scheduler-type",
            "--lr_scheduler_type",
            help="linear, cosine, constant, warmup_stable_decay.",
        ),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", "--weight_decay", help="Of matrices.")
    ] = None,
    layer_decay: Annotated[
        float | None, typer.Option(help="Rate of a block relative to the one above.")
    ] = None,
    gradient_accumulation_steps: Annotated[
        int | None,
        typer.Option(
            "--gradient-accumulation-steps", "--gradient_accumulation_steps", help="Batches per update."
        ),
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
    config: Annotated[Path | None, typer.Option(help="TOML or JSON file of settings.")] = None,
    sync_every: words.SyncEvery = None,
    device: Annotated[str | None, typer.Option(help="cpu (if unsaid) or cuda.")] = None,
    threads: words.Threads = None,
    *,
    reading: Reading,
    allow_degenerate: Annotated[
        bool, typer.Option("--allow-degenerate", help="Accept a single class.")
    ] = False,
    fail_on_leak: Annotated[bool, typer.Option("--fail-on-leak", help="Refuse overlapping data.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    resume_auto: Annotated[
        bool, typer.Option("--resume-auto", help="The same, or start it; also written --resume=auto.")
    ] = False,
    resume_override: Annotated[
        list[str] | None,
        typer.Option(
            "--resume-override", metavar="KEY", help="A setting that may now differ (may be repeated)."
        ),
    ] = None,
    keep_checkpoints: Annotated[
        int | None,
        typer.Option(
            "--keep-checkpoints", help="Checkpoints to keep from first step to last, to look back on."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    looks: words.Looks = None,
    as_json: words.Json = False,
) -> None:
    """Fine-tune an encoder on labelled texts; writes a run directory with model, scores and report."""
    settings = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "max_length": max_length,
        "budget": words.seconds(budget),
        "seed": seed,
        "sync_every": sync_every,
        "metric": metric,
        "patience": patience,
        "optimizer": optimizer,
        "lr_scheduler_type": lr_scheduler_type,
        "weight_decay": weight_decay,
        "layer_decay": layer_decay,
        "gradient_accumulation_steps": gradient_accumulation_steps,
        "class_weights": class_weights,
        "freeze": learnt.frozen(freeze),
        "lora": lora,
        "lora_alpha": lora_alpha,
        "lora_targets": lora_targets,
        "lora_dropout": lora_dropout,
    }
    data = {
        "train": train,
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
    request = {
        "out": out,
        "model": model,
        "base": base,
        "device": device,
        "settings": settings,
        "config": words.settings_file(config),
        "resume": "auto" if resume_auto else resume,
        "resume_override": tuple(resume_override or ()),
        "overwrite": overwrite,
        "keep_checkpoints": keep_checkpoints,
    }
    if seeds is not None or folds is not None:
        train_several(data, request, threads=threads, seeds=seeds, folds=folds, as_json=as_json)
        return
    run_finetune(data, request, threads=threads, report=report, looks=looks, as_json=as_json)


def run_finetune(
    data: dict[str, Any],
    request: dict[str, Any],
    *,
    threads: int | None,
    report: bool,
    looks: int | None = None,
    as_json: bool,
) -> dict[str, Any]:
    """Run the request with a progress bar, write the report, print the result, and return what run.json
    says.
    """
    started = time.monotonic()  # loading torch counts into a budget
    if request["out"] is None:
        raise UsageError(
            Problem(code="no-output", what="--out is missing", fix="name a directory: --out RUN")
        )
    # torch and pandas load here, not for --help
    from glassbert.runs.data import DataOptions
    from glassbert.runs.devices import use_threads
    from glassbert.runs.finetune import FinetuneOptions, Watchers, finetune
    from glassbert.show.looks import LOOKS, refuse_looks
    from glassbert.show.run_report import report_run
    from glassbert.train.stop import stop_on_signals

    rows = LOOKS if looks is None else looks
    refuse_looks(rows)
    hear(use_threads(threads))
    options = FinetuneOptions(data=DataOptions(**data), command=("glassbert", *sys.argv[1:]), **request)
    with together() as world, stop_on_signals() as stop, progress() as on_step:
        watchers = Watchers(say=say, on_step=on_step)
        run = finetune(options, stop=stop, watchers=watchers, started=started, world=world)
    if not world.is_first:
        return run.document
    page = None
    if report:
        say("looking inside the model, and writing the report")
        page = report_run(run.path, run.path / "report.html", looks=rows, say=say)
    document = run.document
    if as_json:
        emit_json(as_line(document, str(run.path)))
    else:
        emit(summary(document, run=run.path, page=page))
    return document


def as_line(document: dict[str, Any], run: str) -> dict[str, Any]:
    """The one JSON object of a finished run."""
    result = document["result"]
    names: tuple[str, ...] = (
        "metrics",
        "intervals",
        "baselines",
        "verdict",
        "tokens_per_second",
        "seconds",
        "peak_rss_mb",
    )
    names += ("tokens_seen", "windows_used", "long_texts", "best_step", "total_steps", "stopped_because")
    line = {"run": run, **{name: result[name] for name in names}}
    if "calibration" in result:
        line["calibration"] = {key: value for key, value in result["calibration"].items() if key != "bins"}
    return line
