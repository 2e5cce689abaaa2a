"""One label of several, judged: scores with intervals, tables per class, calibration."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from glassbert.tasks.calibration import (
    Temperature,
    expected_calibration_error,
    measure,
    reliability,
)
from glassbert.tasks.intervals import bootstrap_intervals
from glassbert.tasks.metrics import Counts, confusion_matrix, f1, log_loss, precision, recall, scores
from glassbert.tasks.task import Answers, Examples, Guess, Measured, Predictions


def score_classes(found: Guess, truth: Answers) -> dict[str, float]:
    """accuracy, macro_f1, mcc, and loss: the mean negative log likelihood of the true class, in nats."""
    confusion = _confusion(found, truth)
    values = {name: float(value) for name, value in scores(Counts.of(confusion)).items()}
    return {**values, "loss": log_loss(found.scores, truth)}


def measure_classes(found: Guess, truth: Answers, *, labels: tuple[str, ...]) -> Measured:
    """The same with intervals, precision, recall, F1 and rows of every label, and the confusion matrix."""
    confusion = _confusion(found, truth)
    intervals = bootstrap_intervals(confusion)
    return Measured(
        metrics=score_classes(found, truth),
        intervals={name: [float(low), float(high)] for name, (low, high) in intervals.items()},
        details={"per_class": _per_class(confusion, labels), "confusion": confusion.tolist()},
    )


def calibration_facts(
    temperature: Temperature, predictions: Predictions, examples: Examples
) -> dict[str, Any]:
    """Calibration measured on the evaluation rows, as run.json holds it."""
    assert examples.targets is not None
    measured = measure(temperature, predictions.logits, examples.targets)
    return {"calibration": {**asdict(measured), "bins": [asdict(each) for each in measured.bins]}}


def class_calibration_error(found: Guess, truth: Answers) -> float:
    """Expected calibration error of the highest score."""
    return expected_calibration_error(reliability(found.scores, truth))


def class_cells(predictions: Predictions, labels: tuple[str, ...]) -> tuple[list[str], list[list[str]]]:
    """prediction, confidence, and the score of each label with six decimals."""
    header = ["prediction", "confidence", *(f"score:{label}" for label in labels)]
    rows = []
    for chosen, scores_of in zip(predictions.answers.tolist(), predictions.scores.tolist(), strict=True):
        rows.append([labels[chosen], f"{scores_of[chosen]:.6f}", *(f"{value:.6f}" for value in scores_of)])
    return header, rows


def listed_classes(predictions: Predictions, labels: tuple[str, ...]) -> list[dict[str, Any]]:
    """One {label, score, scores} per text."""
    return [
        {
            "label": labels[chosen],
            "score": scores_of[chosen],
            "scores": dict(zip(labels, scores_of, strict=True)),
        }
        for chosen, scores_of in zip(predictions.answers.tolist(), predictions.scores.tolist(), strict=True)
    ]


def _confusion(found: Guess, truth: Answers) -> np.ndarray:
    return confusion_matrix(truth, found.answers, num_classes=found.scores.shape[1])


def _per_class(confusion: np.ndarray, labels: tuple[str, ...]) -> dict[str, dict[str, float]]:
    counts = Counts.of(confusion)
    columns = {
        "precision": precision(counts),
        "recall": recall(counts),
        "f1": f1(counts),
        "rows": counts.actual,
    }
    return {
        label: {name: float(column[i]) for name, column in columns.items()} for i, label in enumerate(labels)
    }
