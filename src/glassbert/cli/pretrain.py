"""`glassbert pretrain`: from files of plain text to an encoder."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from glassbert.cli import arguments as words
from glassbert.cli.console import emit, emit_json, hear, progress, say
from glassbert.cli.held_out import measures
from glassbert.cli.together import together

RESULT = ("metrics", "tokens_seen", "tokens_per_second", "seconds", "total_steps", "stopped_because")
VOCABULARY = ("vocab_size", "lowercase", "kind")


def pretrain(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Files, folders or patterns: .txt, .jsonl, .parquet.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory of the run.")] = ...,  # type: ignore[assignment]
    recipe: Annotated[str | None, typer.Option(help="paper (if unsaid) or modern.")] = None,
    objective: Annotated[str | None, typer.Option(help="mlm+nsp (if unsaid) or mlm.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Checkpoint to go on from; a new encoder if unsaid.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Masked-word model to distil half of its blocks from.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Of a new one: tiny, mini, small, medium or base.")] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Of a new one; learnt from the text if unsaid.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Learnt tokenizer: wordpiece or bpe.")] = None,
    vocab_size: Annotated[int | None, typer.Option(min=1, help="Pieces of a learnt tokenizer.")] = None,
    lowercase: Annotated[bool, typer.Option("--lowercase", help="It lower-cases, drops accents.")] = False,
    eval_text: Annotated[str | None, typer.Option(help="Held-out text; documents of TEXT if unsaid.")] = None,
    budget: Annotated[str | None, typer.Option(help="Wall-clock limit: 90s, 10m, 2h.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", "--max_steps", help="Updates in all.")] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size",
            "--per_device_train_batch_size",
            help="Sequences per update; unsaid: to fit --budget.",
        ),
    ] = None,
    batch_ramp: Annotated[
        int | None, typer.Option(min=1, help="Begin with batches so many times smaller.")
    ] = None,
    max_length: Annotated[
        int | None, typer.Option("--max-length", "--max_seq_length", help="Tokens per sequence.")
    ] = None,
    max_positions: Annotated[
        int | None, typer.Option(min=1, help="Of a new encoder, for a later, longer phase.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adamw (if unsaid) or muon.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", "--learning_rate", "--lr", help="Peak rate.")
    ] = None,
    warmup_ratio: Annotated[float | None, typer.Option(help="Share of steps with a rising rate.")] = None,
    lr_scheduler_type: Annotated[
        str | None,
        typer.Option(
            "--lr-scheduler-type",
            "--lr_scheduler_type",
            help="linear, cosine, constant, warmup_stable_decay.",
        ),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option("--weight-decay", "--weight_decay", help="Of matrices and tables.")
    ] = None,
    hidden_dropout: Annotated[float | None, typer.Option(help="Rate of dropout: 0.1 if unsaid.")] = None,
    masking_rate: Annotated[
        float | None, typer.Option("--masking-rate", "--mlm_probability", help="Share that is predicted.")
    ] = None,
    whole_word_masking: Annotated[
        bool, typer.Option("--whole-word-masking", help="Hide whole words.")
    ] = False,
    fixed_masks: Annotated[bool, typer.Option("--fixed-masks", help="The same masks every time.")] = False,
    chinese_words: Annotated[
        Path | None, typer.Option(help="A Chinese word a line, for whole-word masking.")
    ] = None,
    evaluations: Annotated[int | None, typer.Option(help="Held-out scores on the way.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order, masks and dropout.")] = None,
    sync_every: words.SyncEvery = None,
    cache: Annotated[Path | None, typer.Option(help="For tokenised text; within --out if unsaid.")] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the .txt files.")] = "utf-8",
    text_column: Annotated[str, typer.Option(help="Key or column of the text.")] = "text",
    max_line_bytes: Annotated[int, typer.Option(min=1, help="Longest line that is read.")] = 64 << 20,
    device: Annotated[str | None, typer.Option(help="cpu (if unsaid) or cuda.")] = None,
    threads: words.Threads = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")] = False,
    *,
    as_json: words.Json = False,
) -> None:
    """Pre-train an encoder on plain text, or go on with one; writes a run directory with the model."""
    started = time.monotonic()  # loading torch counts into a budget
    given = locals()
    settings = {
        "recipe": recipe,
        "objective": objective,
        "optimizer": optimizer,
        "steps": steps,
        "budget": words.seconds(budget),
        "batch_size": batch_size,
        "batch_ramp": batch_ramp,
        "max_length": max_length,
        "learning_rate": learning_rate,
        "warmup_ratio": warmup_ratio,
        "lr_scheduler_type": lr_scheduler_type,
        "weight_decay": weight_decay,
        "hidden_dropout": hidden_dropout,
        "masking_rate": masking_rate,
        "whole_word_masking": whole_word_masking or None,
        "fixed_masks": fixed_masks or None,
        "evaluations": evaluations,
        "seed": seed,
        "sync_every": sync_every,
    }
    request = {
        "texts": tuple(texts or ()),
        "out": out,
        "eval_text": eval_text,
        "model": model,
        "teacher": teacher,
        "size": size,
        "tokenizer": None if tokenizer is None else str(tokenizer),
        "max_positions": max_positions,
        "chinese_words": None if chinese_words is None else str(chinese_words),
        "cache": cache,
        "device": device,
        "settings": settings,
        "resume": resume,
        "overwrite": overwrite,
    }
    learnt = {name: given[name] for name in VOCABULARY if given[name]}
    reading = {"encoding": encoding, "text_column": text_column, "max_line_bytes": max_line_bytes}
    document = _run(request, learnt, reading, threads=threads, started=started)
    if document is None:
        return
    if as_json:
        emit_json({"run": str(out), **{name: document["result"][name] for name in RESULT}})
    else:
        emit(summary(document, out))


def _run(
    request: dict[str, Any],
    learnt: dict[str, Any],
    reading: dict[str, Any],
    *,
    threads: int | None,
    started: float,
) -> dict[str, Any] | None:
    """Run the request with a progress bar; what run.json says, in the first of several processes."""
    # torch and the tokenizers library load here, not for --help
    from glassbert.runs.devices import use_threads
    from glassbert.runs.pretraining.pretrain import PretrainOptions, Watchers, pretrain
    from glassbert.text.documents import TextOptions
    from glassbert.text.tokenizer_training import TrainingOptions
    from glassbert.train.stop import stop_on_signals

    hear(use_threads(threads))
    how = TextOptions(**reading)
    vocabulary = TrainingOptions(**learnt, reading=how) if learnt else None
    command = ("glassbert", *sys.argv[1:])
    options = PretrainOptions(**request, vocabulary=vocabulary, reading=how, command=command)
    with together() as world, stop_on_signals() as stop, progress() as on_step:
        watchers = Watchers(say=say, on_step=on_step)
        run = pretrain(options, stop=stop, watchers=watchers, started=started, world=world)
    return run.document if world.is_first else None


def summary(document: dict[str, Any], out: Path) -> str:
    """Held-out scores, what it cost, and where the model lies."""
    result, data = document["result"], document["data"]
    read = {"documents": data["evaluation"]["documents"], "evaluated_masks": data["evaluated_masks"]}
    lines = [
        "",
        measures({**read, "metrics": result["metrics"]}),
        "",
        f"{result['total_steps']:,} updates ({result['stopped_because']}), {result['tokens_seen']:,} tokens "
        f"at {result['tokens_per_second']:,.0f} a second; {result['seconds']:.0f} s in all; "
        f"peak memory {result['peak_rss_mb']:,.0f} MB",
        "",
        f"model    {out / 'model'}",
        f"next     glassbert finetune DATA --model {out} --out RUN",
    ]
    return "\n".join(lines) + "\n"
