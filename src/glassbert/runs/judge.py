"""The end of a run: settle on validation rows, judge once on evaluation rows, save model and result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from glassbert.runs.adapter import save_adapter
from glassbert.runs.directory import RunDirectory
from glassbert.runs.export import model_card, save_model
from glassbert.runs.inference import head_logits
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.learnt import release
from glassbert.runs.models import Model
from glassbert.runs.other_columns import OtherColumns
from glassbert.runs.predictions import NO_MORE, More, write_predictions
from glassbert.runs.weak_spots import judged_rows, kept_columns, weak_spots
from glassbert.tasks.task import Examples, Predictions, Rival, Settled, Task, Untuned
from glassbert.train.memory import peak_rss_mb
from glassbert.train.plan import Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class Judging:
    """The trained job, the rows to judge by and their other columns, what must be beaten, how training went,
    when all began.
    """

    job: FinetuneJob
    evaluation: Split
    others: OtherColumns
    baselines: Mapping[str, Rival]
    outcome: Outcome
    started: float


def rivals(job: FinetuneJob, evaluation: Split) -> dict[str, Rival]:
    """What the task says must be beaten; last, where no weight of the head is new, the weights as they are
    before training.
    """
    task, network = job.task, job.network
    found: dict[str, Rival] = dict(task.baselines(job.train.examples, evaluation.examples))
    if task.head.num_parameters(network.config) == 0:
        logits = head_logits(network, evaluation.windows)
        before = task.decode(logits, evaluation.windows, evaluation.examples)
        notes = ("no weight was trained",)
        found["untuned"] = Untuned(scores=before.scores, answers=before.answers, notes=notes)
    return found


def judge_and_save(run: RunDirectory, model: Model, judging: Judging) -> None:
    """Write model, adapter, predictions.csv and, last of all, the result into run.json.

    Adapters are merged first: what is judged is the model that is saved.

    Raises OutputError or StorageError.
    """
    evaluation = judging.evaluation
    adapters = release(model.network)
    settled = settle(judging.job)
    logits = head_logits(model.network, evaluation.windows)
    predictions = settled.task.decode(logits, evaluation.windows, evaluation.examples)
    facts = _facts(settled, predictions, judging)
    weak, more = _weak_spots(run, settled.task, predictions, judging, outcome=facts["verdict"]["outcome"])
    facts |= weak
    finished = replace(model, notes=model.notes.with_tuned(settled.tuned))
    card = model_card({**run.document, "result": facts})
    save_model(finished, run.model, card=card, more={"run_id": run.run_id})
    if adapters:
        save_adapter(finished, run.adapter, adapters, run=run.document)
    write_predictions(run.predictions, evaluation.examples, predictions, task=settled.task, more=more)
    run.update({"status": "finished", "result": {**facts, **_cost(judging, predictions)}})


def settle(job: FinetuneJob) -> Settled:
    """The job's task as the validation rows settle it; the head of its network takes its final form."""
    held = job.validation
    found = job.task.decode(head_logits(job.network, held.windows), held.windows, held.examples)
    return job.task.settle(job.network, found, held.examples)


def _facts(settled: Settled, predictions: Predictions, judging: Judging) -> dict[str, Any]:
    task, examples, baselines = settled.task, judging.evaluation.examples, judging.baselines
    measured = task.measure(predictions, examples)
    rival = list(baselines)[-1]
    verdict = task.judge(predictions, baselines[rival], examples)
    return {
        "metrics": measured.metrics,
        "intervals": measured.intervals,
        "baselines": {name: _scored(task, each, examples) for name, each in baselines.items()},
        "verdict": {**asdict(verdict), "rival": rival},
        **settled.facts(predictions, examples),
        **measured.details,
    }


def _weak_spots(
    run: RunDirectory, task: Task, predictions: Predictions, judging: Judging, *, outcome: str
) -> tuple[dict[str, Any], More]:
    """Slices and suspects for run.json, and the columns that `predictions.csv` keeps for them; nothing where
    answers are no labels.
    """
    if task.answer != "class":
        return {}, NO_MORE
    held, files = judging.evaluation, run.document["data"]
    rows = judged_rows(predictions, held.examples, held.windows, task.head.labels, others=judging.others)
    taught = files["train"]["sha256"] == files["evaluation"]["sha256"]
    return weak_spots(rows, outcome=outcome, taught=taught), kept_columns(rows)


def _scored(task: Task, rival: Rival, examples: Examples) -> dict[str, Any]:
    """A baseline's scores, intervals and notes, as run.json holds them."""
    measured = task.measure(rival, examples)
    return {**measured.metrics, "intervals": measured.intervals, "notes": list(rival.notes)}


def _cost(judging: Judging, predictions: Predictions) -> dict[str, Any]:
    outcome, train = judging.outcome, judging.job.train.windows
    long_texts = int((np.bincount(train.example) > 1).sum() + (predictions.windows > 1).sum())
    return {
        "tokens_seen": outcome.tokens_seen,
        "windows_used": len(train),
        "long_texts": long_texts,
        "tokens_per_second": outcome.tokens_seen / max(outcome.seconds, 1e-9),
        "seconds": time.monotonic() - judging.started,
        "training_seconds": outcome.seconds,
        "peak_rss_mb": peak_rss_mb(),
        "best_step": outcome.best_step,
        "total_steps": outcome.steps,
        "stopped_because": outcome.stopped_because,
    }
