"""The end of a run: calibrate on validation rows, judge once on evaluation rows, save model and result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassbert.runs import result
from glassbert.runs.directory import RunDirectory
from glassbert.runs.export import model_card, save_model
from glassbert.runs.inference import window_logits
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.models import Model
from glassbert.runs.predictions import write_predictions
from glassbert.tasks.baselines import Baseline
from glassbert.tasks.calibration import Temperature
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.task import Predictions
from glassbert.train.memory import peak_rss_mb
from glassbert.train.plan import Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class Judging:
    """The trained job, the rows to judge by, what must be beaten, how training went, when all began."""

    job: FinetuneJob
    evaluation: Split
    baselines: Mapping[str, Baseline]
    outcome: Outcome
    started: float


def judge_and_save(run: RunDirectory, model: Model, task: TextClassification, judging: Judging) -> None:
    """Write model, predictions.csv and, last of all, the result into run.json.

    Raises OutputError or StorageError.
    """
    evaluation = judging.evaluation
    temperature = fit_calibration(judging.job)
    judge = replace(task, temperature=temperature.value)
    predictions = judge.decode(window_logits(model.network, evaluation.windows), evaluation.windows)
    facts = _facts(judge, predictions, temperature, judging)
    calibrated = replace(model, notes=replace(model.notes, temperature=temperature.value))
    card = model_card({**run.document, "result": facts})
    save_model(calibrated, run.model, card=card, more={"run_id": run.run_id})
    write_predictions(run.predictions, evaluation.examples, predictions, labels=task.head.labels)
    run.update({"status": "finished", "result": {**facts, **_cost(judging, predictions)}})


def fit_calibration(job: FinetuneJob) -> Temperature:
    """The temperature of the job's network as it is, from the validation rows."""
    held = job.validation
    return result.calibrate(
        job.task.decode(window_logits(job.network, held.windows), held.windows), held.examples
    )


def _facts(
    task: TextClassification, predictions: Predictions, temperature: Temperature, judging: Judging
) -> dict[str, Any]:
    examples, baselines = judging.evaluation.examples, judging.baselines
    scored = result.score(task, predictions, examples)
    verdict = result.judge(task, predictions, baselines["tfidf"], examples)
    return {
        "metrics": scored.metrics,
        "intervals": scored.intervals,
        "per_class": result.per_class(task, scored.confusion),
        "baselines": {name: result.score_baseline(each, examples) for name, each in baselines.items()},
        "verdict": {"better": verdict.better, "text": verdict.text, "outcome": verdict.outcome},
        "calibration": result.calibration_facts(temperature, predictions, examples),
        "confusion": scored.confusion.tolist(),
    }


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
