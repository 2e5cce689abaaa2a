"""Fine-tuning from files to a finished run directory: read, split, train, judge, calibrate, save."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.pretrained import load_pretrained
from glassbert.runs import result
from glassbert.runs.data import DataOptions, Dataset, read_dataset
from glassbert.runs.directory import RunDirectory
from glassbert.runs.export import model_card, save_model
from glassbert.runs.fit import Place, fit, refuse_device, seconds_since
from glassbert.runs.inference import window_logits
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.models import Model
from glassbert.runs.notes import ModelNotes
from glassbert.runs.predictions import write_predictions
from glassbert.runs.recipe import Setting, Settings, recipe, settle, values
from glassbert.runs.resolve import DEFAULT_MODEL, resolve_model
from glassbert.tasks.baselines import Baseline
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.tokenizer import Tokenizer
from glassbert.train.lock import RunLock
from glassbert.train.memory import peak_rss_mb
from glassbert.train.plan import Outcome, StepReport
from glassbert.train.stop import Stop

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions:
    """What a person asked for; settings not named here follow the recipe of the model and the data."""

    data: DataOptions
    out: Path
    model: str = DEFAULT_MODEL
    device: str = "cpu"
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """Who is told what happens: a sentence, and every step."""

    say: Say = lambda sentence: None
    on_step: Callable[[StepReport], None] | None = None


def finetune(options: FinetuneOptions, *, stop: Stop, watchers: Watchers = Watchers()) -> RunDirectory:
    """Run it all, or continue where it stopped, and return the finished run directory.

    Raises every error of failures.md by its class; Interrupted (75) after a requested stop, with all saved.
    """
    started = time.monotonic()
    refuse_device(options.device)
    run = RunDirectory.open(options.out) if options.resume else None
    if run is not None and run.document["status"] == "finished":
        watchers.say("this run is finished: nothing is left to do")
        return run
    if run is None:
        run = RunDirectory.create(
            options.out, task=options.data.task, command=list(options.command), seed=options.data.seed
        )
        run.update({"request": as_recorded(options)})
    with RunLock(run.path):
        try:
            return _run(run, options, stop=stop, watchers=watchers, started=started)
        except BaseException:
            run.update({"status": "stopped"})
            raise


def as_recorded(options: FinetuneOptions) -> dict[str, Any]:
    """What was asked for, so that a resume need not say it again."""
    data = options.data
    return {
        "data": {
            "train": None if isinstance(data.train, pd.DataFrame) else str(data.train),
            "evaluation": None if data.evaluation is None else str(data.evaluation),
            "text_column": data.text_column,
            "label_column": data.label_column,
            "allow_degenerate": data.allow_degenerate,
            "fail_on_leak": data.fail_on_leak,
        },
        "read": asdict(data.read),
        "model": options.model,
        "device": options.device,
        "settings": {**options.config, **options.settings},
    }


def _run(
    run: RunDirectory, options: FinetuneOptions, *, stop: Stop, watchers: Watchers, started: float
) -> RunDirectory:
    run.update({"status": "running"})
    dataset = read_dataset(options.data)
    for warning in dataset.warnings:
        watchers.say(f"note: {warning}")
    model, untrained, settings = _prepare(options, dataset, watchers)
    _record(run, options, dataset, model=model, untrained=untrained, settings=settings)
    baselines = result.baselines(dataset.task, dataset.train, dataset.evaluation)
    job = _job(model, dataset, values(settings))
    resumable = options.resume and any(run.checkpoints.glob("step-*"))
    if options.resume and not resumable:
        watchers.say("no checkpoint was written yet: the recorded run starts from its first step")
    outcome = fit(
        job,
        Place(directory=run.path, run_id=run.run_id),
        stop=stop,
        started=started,
        resume=resumable,
        on_step=watchers.on_step,
    )
    watchers.say("judging on the evaluation rows")
    _finish(run, job, dataset, model=model, baselines=baselines, outcome=outcome, started=started)
    return run


def _prepare(
    options: FinetuneOptions, dataset: Dataset, watchers: Watchers
) -> tuple[Model, tuple[str, ...], dict[str, Setting]]:
    """The pre-trained encoder under a head for these labels, and the settings that fit both."""
    source = resolve_model(options.model)
    head: HeadConfig = dataset.task.head
    loaded = load_pretrained(source.directory, head=head, replace_head=True)
    tokenizer = Tokenizer.load(source.directory, vocab_size=loaded.network.config.vocab_size)
    for warning in (*loaded.warnings, *tokenizer.warnings):
        watchers.say(f"note: {warning}")
    config = loaded.network.config
    advice = recipe(
        num_parameters=config.num_parameters, num_rows=len(dataset.train), max_length=config.max_length
    )
    settings = settle(options.settings, options.config, advice)
    if settings["max_length"].value > config.max_length:
        what = f"--max-length {settings['max_length'].value}: the model has {config.max_length} positions"
        raise UsageError(Problem(code="too-long", what=what, fix=f"give at most {config.max_length}"))
    notes = ModelNotes(task=options.data.task, max_length=settings["max_length"].value)
    network = loaded.network.to(options.device)
    model = Model(network=network, tokenizer=tokenizer, name=source.name, notes=notes)
    return model, loaded.assigned.newly_initialised, settings


def _job(model: Model, dataset: Dataset, settings: Settings) -> FinetuneJob:
    def split(examples: Examples) -> Split:
        return Split(examples, dataset.task.windows(examples, model.tokenizer, max_length=model.max_length))

    return FinetuneJob(
        model.network,
        dataset.task,
        settings,
        train=split(dataset.train),
        validation=split(dataset.validation),
    )


def _record(
    run: RunDirectory,
    options: FinetuneOptions,
    dataset: Dataset,
    *,
    model: Model,
    untrained: tuple[str, ...],
    settings: Mapping[str, Setting],
) -> None:
    """Write what is run on what; on a resume, refuse anything that is not what was recorded."""
    config = {
        name: {"value": setting.value, "from": setting.origin, "reason": setting.reason}
        for name, setting in settings.items()
    }
    network = model.network.config
    facts = {
        "config": config,
        "data": dataset.facts,
        "labels": list(dataset.task.head.labels),
        "model": {
            "source": model.name,
            "family": network.model_type,
            "num_parameters": sum(parameter.numel() for parameter in model.network.parameters()),
            "hidden_size": network.hidden_size,
            "num_hidden_layers": network.num_hidden_layers,
            "num_attention_heads": network.num_attention_heads,
            "newly_initialised": list(untrained),
        },
    }
    if options.resume and "config" in run.document:
        refuse_changes(run.document, facts)
    run.update(facts)


def refuse_changes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise UsageError with a table of every setting, file or model that differs from the recorded run."""
    before = {name: entry["value"] for name, entry in recorded["config"].items()}
    after = {name: entry["value"] for name, entry in now["config"].items()}
    changed = [
        f"{name}: {before.get(name)!r} -> {after[name]!r}"
        for name in after
        if before.get(name) != after[name]
    ]
    if recorded["model"]["source"] != now["model"]["source"]:
        changed.append(f"model: {recorded['model']['source']!r} -> {now['model']['source']!r}")
    if changed:
        fix = "resume with the recorded values (leave the options out), or start a new run"
        problems = [Problem(code="changed-setting", what=what, fix=fix) for what in changed]
        raise UsageError(*problems)
    for name in ("train", "evaluation"):
        if recorded["data"][name]["sha256"] != now["data"][name]["sha256"]:
            what = f"the {name} data is not what the run began with (its SHA-256 differs)"
            fix = "bring the file back, or start a new run"
            raise DataError(Problem(code="changed-data", what=what, fix=fix, file=now["data"][name]["path"]))


def _finish(
    run: RunDirectory,
    job: FinetuneJob,
    dataset: Dataset,
    *,
    model: Model,
    baselines: Mapping[str, Baseline],
    outcome: Outcome,
    started: float,
) -> None:
    """Calibrate on validation, judge on evaluation, save model, predictions and result."""
    held = job.validation
    raw = dataset.task.decode(window_logits(model.network, held.windows), held.windows)
    temperature = result.calibrate(raw, held.examples)
    task = replace(dataset.task, temperature=temperature.value)
    windows = task.windows(dataset.evaluation, model.tokenizer, max_length=model.max_length)
    predictions = task.decode(window_logits(model.network, windows), windows)
    scored = result.score(task, predictions, dataset.evaluation)
    verdict = result.judge(task, predictions, baselines["tfidf"], dataset.evaluation)
    facts: dict[str, Any] = {
        "metrics": scored.metrics,
        "intervals": scored.intervals,
        "per_class": result.per_class(task, scored.confusion),
        "baselines": {
            name: result.score_baseline(baseline, dataset.evaluation) for name, baseline in baselines.items()
        },
        "verdict": {"better": verdict.better, "text": verdict.text, "outcome": verdict.outcome},
        "calibration": result.calibration_facts(temperature, predictions, dataset.evaluation),
        "confusion": scored.confusion.tolist(),
        **_cost(job, predictions, outcome, started),
    }
    calibrated = replace(model, notes=replace(model.notes, temperature=temperature.value))
    document = {**run.document, "result": facts}
    save_model(calibrated, run.model, card=model_card(document), more={"run_id": run.run_id})
    write_predictions(run.predictions, dataset.evaluation, predictions, labels=task.head.labels)
    run.update({"status": "finished", "result": facts})


def _cost(job: FinetuneJob, predictions: Predictions, outcome: Outcome, started: float) -> dict[str, Any]:
    return {
        "tokens_seen": outcome.tokens_seen,
        "windows_used": len(job.train.windows.example),
        "long_texts": int(
            (job.train.windows.per_text > 1).sum() + (predictions.windows > 1).sum()
        ),
        "tokens_per_second": outcome.tokens_seen / max(outcome.seconds, 1e-9),
        "seconds": seconds_since(started),
        "training_seconds": outcome.seconds,
        "peak_rss_mb": peak_rss_mb(),
        "best_step": outcome.best_step,
        "total_steps": outcome.steps,
        "stopped_because": outcome.stopped_because,
    }
