"""Scores of a classifier, all of them functions of three counts per class.

`Counts` may carry leading axes (`...`), one set of counts per bootstrap draw; every score is computed for all
of them at once. Letters: N rows, C classes. Values agree with scikit-learn's functions of the same name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glassbert.errors import DataError, Problem

LOWER_IS_BETTER = frozenset({"loss", "mae", "rmse", "mse"})
SHARES = frozenset(
    {"accuracy", "macro_f1", "micro_f1", "subset_accuracy", "exact_match", "f1", "precision", "recall"}
)
"""Scores that are shares of rows, words, spans or labels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """How often each class was right (`hits`), was the truth (`actual`) and was predicted (`predicted`)."""

    hits: Int[np.ndarray, "... C"]
    actual: Int[np.ndarray, "... C"]
    predicted: Int[np.ndarray, "... C"]

    @classmethod
    def of(cls, confusion: Int[np.ndarray, "... C C"]) -> Counts:
        """Counts of confusion matrices: rows are the true classes, columns the predicted ones."""
        hits = np.diagonal(confusion, axis1=-2, axis2=-1)
        return cls(hits=hits, actual=confusion.sum(-1), predicted=confusion.sum(-2))


def confusion_matrix(
    truth: Int[np.ndarray, "N"], prediction: Int[np.ndarray, "N"], *, num_classes: int
) -> Int[np.ndarray, "C C"]:
    """Rows by true class, columns by predicted; raises DataError without rows or for a class out of range."""
    _check_classes(truth, prediction, num_classes)
    cells = truth.astype(np.int64) * num_classes + prediction
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def accuracy(counts: Counts) -> Float[np.ndarray, "..."]:
    """The share of rows whose predicted class is the true one."""
    return np.asarray(counts.hits.sum(-1) / counts.actual.sum(-1))


def macro_f1(counts: Counts) -> Float[np.ndarray, "..."]:
    """The mean F1 of the classes that occur among the truths or the predictions (scikit-learn's default).

    A class that occurs in neither says nothing about the classifier and is left out; a class that occurs in
    only one of them counts with F1 = 0.
    """
    occurs = (counts.actual + counts.predicted) > 0
    return np.asarray(f1(counts).sum(-1) / occurs.sum(-1))


def mcc(counts: Counts) -> Float[np.ndarray, "..."]:
    """Matthews correlation of C classes (Gorodkin 2004); 0 where truth or prediction is constant.

    (h n - a.p) / sqrt((n^2 - a.a)(n^2 - p.p)) with h hits, a actual, p predicted. The products are whole
    numbers below 2^53 for n < 9e7, hence exact in float64, so that "constant" is an exact comparison with
    zero.
    """
    actual, predicted = counts.actual.astype(np.float64), counts.predicted.astype(np.float64)
    total = actual.sum(-1)
    agreement = counts.hits.sum(-1) * total - (actual * predicted).sum(-1)
    spread = (total**2 - (actual**2).sum(-1)) * (total**2 - (predicted**2).sum(-1))
    return ratio(agreement, np.sqrt(spread))


def precision(counts: Counts) -> Float[np.ndarray, "... C"]:
    """Per class: the share of its predictions that are right; 0 where it was never predicted."""
    return ratio(counts.hits, counts.predicted)


def recall(counts: Counts) -> Float[np.ndarray, "... C"]:
    """Per class: the share of its rows that were found; 0 where it never occurs."""
    return ratio(counts.hits, counts.actual)


def f1(counts: Counts) -> Float[np.ndarray, "... C"]:
    """Per class: harmonic mean of precision and recall, 2 hits / (actual + predicted); 0 where undefined."""
    return ratio(2 * counts.hits, counts.actual + counts.predicted)


def log_loss(probabilities: Float[np.ndarray, "N C"], truth: Int[np.ndarray, "N"]) -> float:
    """Mean of -ln p(true class) in nats, with p clipped to the precision of float64 as scikit-learn does."""
    _check_classes(truth, truth, probabilities.shape[1])
    tiny = float(np.finfo(np.float64).eps)
    chosen = np.asarray(probabilities, dtype=np.float64)[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(chosen, tiny, 1 - tiny)).mean())


def scores(counts: Counts) -> dict[str, Float[np.ndarray, "..."]]:
    """The three headline scores by name: accuracy, macro_f1, mcc."""
    return {"accuracy": accuracy(counts), "macro_f1": macro_f1(counts), "mcc": mcc(counts)}


def ratio(part: np.ndarray, whole: np.ndarray) -> Float[np.ndarray, "..."]:
    """part / whole, and 0 where whole is 0."""
    defined = np.asarray(whole) > 0
    return np.asarray(np.where(defined, part, 0) / np.where(defined, whole, 1))


def _check_classes(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> None:
    if len(truth) == 0 or len(truth) != len(prediction):
        what = f"{len(truth)} true classes against {len(prediction)} predictions"
        raise DataError(
            Problem(code="no-rows", what=what, fix="give at least one row, and a prediction for each")
        )
    low, high = min(truth.min(), prediction.min()), max(truth.max(), prediction.max())
    if low < 0 or high >= num_classes:
        what = f"classes run from {low} to {high} where there are {num_classes}"
        raise DataError(
            Problem(code="bad-class", what=what, fix=f"number the classes 0 to {num_classes - 1}")
        )
