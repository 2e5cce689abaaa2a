"""Bootstrap intervals: how far a score would move if the evaluation rows had been drawn again.

Rows matter to accuracy, macro-F1 and Matthews correlation only through counts. Resampling N rows with
replacement therefore equals drawing the counts of the K distinct (truth, prediction) cells from a multinomial
with the observed shares: O(K) work per draw instead of O(N), and exactly the same distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glassbert.tasks.metrics import Counts, confusion_matrix, scores

DRAWS = 2000
LEVEL = 0.95
MAX_NUMBERS = 4_000_000
"""Most drawn counts held at once (32 MB); more draws are made in several goes."""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """first - second, with its 95 % interval over the same resampled rows."""

    value: float
    low: float
    high: float


def bootstrap_intervals(
    confusion: Int[np.ndarray, "C C"], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """95 % percentile intervals of accuracy, macro_f1 and mcc from a confusion matrix (rows = truth).

    Efron and Tibshirani 1993, chapter 13. A classifier without a single mistake gets an interval of width
    zero: the rows at hand cannot show the mistakes it would make on others.
    """
    truth, prediction = np.nonzero(confusion)
    parts = [
        scores(_counts(drawn, truth, prediction, len(confusion)))
        for drawn in _resample(confusion[truth, prediction], draws, seed)
    ]
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in parts[0]}


def paired_differences(
    truth: Int[np.ndarray, "N"],
    predictions: tuple[Int[np.ndarray, "N"], Int[np.ndarray, "N"]],
    *,
    num_classes: int,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Difference]:
    """First minus second classifier on the same rows: accuracy, macro_f1 and mcc with 95 % intervals.

    Both are scored on every resample, so that rows hard for both cancel out (Berg-Kirkpatrick et al. 2012).
    """
    first, second = (confusion_matrix(truth, guess, num_classes=num_classes) for guess in predictions)
    observed = _subtract(scores(Counts.of(first)), scores(Counts.of(second)))
    rows = np.ravel_multi_index((truth, *predictions), (num_classes,) * 3)
    cells, counts = np.unique(rows, return_counts=True)
    true, *guesses = np.unravel_index(cells, (num_classes,) * 3)
    parts = [
        _subtract(*(scores(_counts(drawn, true, guess, num_classes)) for guess in guesses))
        for drawn in _resample(counts, draws, seed)
    ]
    found = {name: percentiles(np.concatenate([part[name] for part in parts])) for name in observed}
    return {
        name: Difference(value=float(observed[name]), low=low, high=high)
        for name, (low, high) in found.items()
    }


def _resample(counts: Int[np.ndarray, "K"], draws: int, seed: int) -> Iterator[Int[np.ndarray, "R K"]]:
    generator = np.random.default_rng(seed)
    shares = counts / counts.sum()
    at_once = max(1, MAX_NUMBERS // len(counts))
    for start in range(0, draws, at_once):
        yield generator.multinomial(int(counts.sum()), shares, size=min(at_once, draws - start))


def _counts(
    drawn: Int[np.ndarray, "R K"],
    truth: Int[np.ndarray, "K"],
    prediction: Int[np.ndarray, "K"],
    num_classes: int,
) -> Counts:
    right = truth == prediction
    return Counts(
        hits=_sum_by(drawn[:, right], truth[right], num_classes),
        actual=_sum_by(drawn, truth, num_classes),
        predicted=_sum_by(drawn, prediction, num_classes),
    )


def _sum_by(
    drawn: Int[np.ndarray, "R K"], classes: Int[np.ndarray, "K"], num_classes: int
) -> Int[np.ndarray, "R C"]:
    sums = np.zeros((len(drawn), num_classes), dtype=np.int64)
    if len(classes):
        order = np.argsort(classes, kind="stable")
        present, starts = np.unique(classes[order], return_index=True)
        sums[:, present] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return sums


def _subtract(
    first: dict[str, np.ndarray], second: dict[str, np.ndarray]
) -> dict[str, Float[np.ndarray, "..."]]:
    return {name: first[name] - second[name] for name in first}


def percentiles(values: Float[np.ndarray, "R"]) -> Interval:
    """The middle 95 % of the values."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
