"""The honest result of a run: scores with intervals, what they must beat, calibration, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from glassbert.tasks.baselines import Baseline, majority, tfidf
from glassbert.tasks.calibration import Calibration, Temperature, fit_temperature, measure
from glassbert.tasks.intervals import bootstrap_intervals
from glassbert.tasks.metrics import Counts, confusion_matrix, f1, log_loss, precision, recall, scores
from glassbert.tasks.task import Examples, Predictions, Task
from glassbert.tasks.verdict import Verdict, compare


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Scores of one set of predictions: numbers by name, intervals of the headline ones, and the confusion
    matrix.
    """

    metrics: dict[str, float]
    intervals: dict[str, list[float]]
    confusion: np.ndarray


def score(task: Task, predictions: Predictions, examples: Examples) -> Scored:
    """Accuracy, macro-F1 and MCC with bootstrap 95 % intervals, and the log loss in nats."""
    assert examples.targets is not None
    confusion = confusion_matrix(examples.targets, predictions.classes, num_classes=task.head.num_labels)
    return Scored(
        metrics=task.score(predictions, examples), intervals=_intervals(confusion), confusion=confusion
    )


def per_class(task: Task, confusion: np.ndarray) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and rows of every label."""
    counts = Counts.of(confusion)
    columns = {
        "precision": precision(counts),
        "recall": recall(counts),
        "f1": f1(counts),
        "rows": counts.actual,
    }
    return {
        label: {name: float(column[i]) for name, column in columns.items()}
        for i, label in enumerate(task.head.labels)
    }


def baselines(task: Task, train: Examples, evaluation: Examples) -> dict[str, Baseline]:
    """What a model must beat, fitted on the same training rows: the commonest label, and counting words."""
    classes = task.head.num_labels
    return {
        "majority": majority(train, len(evaluation), num_classes=classes),
        "tfidf": tfidf(train, evaluation, num_classes=classes),
    }


def score_baseline(baseline: Baseline, examples: Examples) -> dict[str, Any]:
    """A baseline's scores, intervals and notes, as run.json holds them."""
    assert examples.targets is not None
    confusion = confusion_matrix(
        examples.targets, baseline.classes, num_classes=baseline.probabilities.shape[1]
    )
    found = {name: float(value) for name, value in scores(Counts.of(confusion)).items()}
    loss = log_loss(baseline.probabilities, examples.targets)
    return {**found, "loss": loss, "intervals": _intervals(confusion), "notes": list(baseline.notes)}


def calibrate(predictions: Predictions, examples: Examples) -> Temperature:
    """The temperature, fitted on rows that no training step saw."""
    assert examples.targets is not None
    return fit_temperature(predictions.logits, examples.targets)


def judge(task: Task, predictions: Predictions, baseline: Baseline, examples: Examples) -> Verdict:
    """The verdict against counting words, on the same rows."""
    assert examples.targets is not None
    return compare(predictions.classes, baseline.classes, truth=examples.targets, labels=task.head.labels)


def calibration_facts(
    temperature: Temperature, predictions: Predictions, examples: Examples
) -> dict[str, Any]:
    """Calibration measured on the evaluation rows, as run.json holds it."""
    assert examples.targets is not None
    measured: Calibration = measure(temperature, predictions.logits, examples.targets)
    return {**asdict(measured), "bins": [asdict(each) for each in measured.bins]}


def _intervals(confusion: np.ndarray) -> dict[str, list[float]]:
    return {name: [float(low), float(high)] for name, (low, high) in bootstrap_intervals(confusion).items()}
