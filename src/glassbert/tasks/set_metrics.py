"""Scores of predicted sets of labels, for one sample of the rows or for many at once.

`weights` [R, N] says how often each row is drawn in each of R samples. Values agree with scikit-learn's, of
the labels that occur among truths or predictions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from glassbert.errors import DataError, Problem
from glassbert.tasks.intervals import DRAWS, MAX_NUMBERS, Difference, Interval, percentiles
from glassbert.tasks.metrics import Counts, macro_f1, ratio

NAMES = ("micro_f1", "macro_f1", "subset_accuracy")
Sets = Bool[np.ndarray, "N C"]


def count_sets(truth: Sets, guess: Sets, weights: Float[np.ndarray, "R N"] | None = None) -> Counts:
    """How often each label was rightly given, was true, and was given, in every sample."""
    if not len(truth) or truth.shape != guess.shape:
        what = f"{len(truth)} given sets of labels against {len(guess)} predictions"
        fix = "give at least one row, and a prediction for each"
        raise DataError(Problem(code="no-rows", what=what, fix=fix))
    drawn = np.ones((1, len(truth))) if weights is None else np.asarray(weights, dtype=np.float64)
    return Counts(
        hits=drawn @ (truth & guess),
        actual=drawn @ truth,
        predicted=drawn @ guess,
    )


def score_sets(
    truth: Sets, guess: Sets, weights: Float[np.ndarray, "R N"] | None = None
) -> dict[str, Float[np.ndarray, "R"]]:
    """micro_f1 (labels pooled), macro_f1 (mean over labels), subset_accuracy (rows that are wholly right)."""
    counts = count_sets(truth, guess, weights)
    drawn = np.ones((1, len(truth))) if weights is None else np.asarray(weights, dtype=np.float64)
    occurring = (counts.actual + counts.predicted) > 0
    return {
        "micro_f1": ratio(2 * counts.hits.sum(-1), (counts.actual + counts.predicted).sum(-1)),
        "macro_f1": np.where(occurring.any(-1), macro_f1(_with_one(counts, occurring)), 0.0),
        "subset_accuracy": drawn @ (truth == guess).all(-1) / drawn.sum(1),
    }


def set_intervals(truth: Sets, guess: Sets, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
    """95 % percentile intervals of every score: rows drawn again with replacement."""
    parts = [score_sets(truth, guess, drawn) for drawn in _samples(len(truth), draws, seed)]
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in NAMES}


def set_differences(
    truth: Sets, guesses: tuple[Sets, Sets], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Difference]:
    """Score of the first less that of the second on the same rows, with intervals over the same samples."""
    first, second = (score_sets(truth, guess) for guess in guesses)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    for weights in _samples(len(truth), draws, seed):
        ours, theirs = (score_sets(truth, guess, weights) for guess in guesses)
        for name in NAMES:
            drawn[name].append(ours[name] - theirs[name])
    found = {name: percentiles(np.concatenate(parts)) for name, parts in drawn.items()}
    return {
        name: Difference(value=float(first[name][0] - second[name][0]), low=low, high=high)
        for name, (low, high) in found.items()
    }


def binary_log_loss(scores: Float[np.ndarray, "N C"], truth: Sets) -> float:
    """Mean over rows and labels of -ln p(what is true of the label) in nats, p clipped as by scikit-learn."""
    tiny = float(np.finfo(np.float64).eps)
    right = np.where(truth, scores, 1 - scores)
    return float(-np.log(np.clip(right, tiny, 1 - tiny)).mean())


def best_threshold(scores: Float[np.ndarray, "N"], truth: Bool[np.ndarray, "N"]) -> float:
    """The threshold of the highest F1 on these rows; of several the nearest to 0.5.

    Thresholds lie half-way between neighbouring scores, so that rounding moves no row across.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each group of equal scores
    found = 2 * hits[last] / (last + 1 + truth.sum())
    after = np.append(ranked[last[:-1] + 1], 0.0)
    middles = (ranked[last] + after) / 2
    best = np.flatnonzero(found == found.max())
    return float(middles[best[np.abs(middles[best] - 0.5).argmin()]])


def _with_one(counts: Counts, occurring: np.ndarray) -> Counts:
    """The counts, where samples without any label get one row of one: their score is not used."""
    fill = np.where(occurring.any(-1, keepdims=True), 0, 1)
    return Counts(hits=counts.hits, actual=counts.actual + fill, predicted=counts.predicted)


def _samples(count: int, draws: int, seed: int) -> Iterator[Float[np.ndarray, "R N"]]:
    generator = np.random.default_rng(seed)
    at_once = max(1, MAX_NUMBERS // (2 * count))
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        yield generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
