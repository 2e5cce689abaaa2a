"""Scores of predicted numbers, for one sample of the rows or for many at once.

`weights` [R, N] says how often each of the N rows is drawn in each of R samples; ones in a single sample are
the rows themselves. Values agree with scipy's pearsonr and spearmanr and with scikit-learn's errors.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from glassbert.errors import DataError, Problem
from glassbert.tasks.intervals import DRAWS, MAX_NUMBERS, Difference, Interval, percentiles

NAMES = ("pearson", "spearman", "mae", "rmse", "mse")
Weights = Float[np.ndarray, "R N"] | Int[np.ndarray, "R N"]


def score_numbers(
    truth: Float[np.ndarray, "N"], guess: Float[np.ndarray, "N"], weights: Weights | None = None
) -> dict[str, Float[np.ndarray, "R"]]:
    """pearson, spearman, mae, rmse and mse of every sample.

    A correlation is 0 where either side is constant: nothing varies together there. Raises DataError without
    rows.
    """
    if not len(truth) or len(truth) != len(guess):
        what = f"{len(truth)} given numbers against {len(guess)} predictions"
        fix = "give at least one row, and a prediction for each"
        raise DataError(Problem(code="no-rows", what=what, fix=fix))
    drawn = np.ones((1, len(truth))) if weights is None else np.asarray(weights, dtype=np.float64)
    total = drawn.sum(1)
    errors = guess - truth
    squared = drawn @ errors**2 / total
    return {
        "pearson": _correlation(_rescaled(truth)[None], _rescaled(guess)[None], drawn),
        "spearman": _correlation(_ranks(truth, drawn), _ranks(guess, drawn), drawn),
        "mae": drawn @ np.abs(errors) / total,
        "rmse": np.sqrt(squared),
        "mse": squared,
    }


def number_intervals(
    truth: Float[np.ndarray, "N"], guess: Float[np.ndarray, "N"], *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval]:
    """95 % percentile intervals of every score: rows drawn again with replacement."""
    parts = [score_numbers(truth, guess, drawn) for drawn in _samples(len(truth), draws, seed)]
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in NAMES}


def number_differences(
    truth: Float[np.ndarray, "N"],
    guesses: tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Difference]:
    """Score of the first less that of the second on the same rows, with intervals over the same samples."""
    first, second = (score_numbers(truth, guess) for guess in guesses)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    for weights in _samples(len(truth), draws, seed):
        ours, theirs = (score_numbers(truth, guess, weights) for guess in guesses)
        for name in NAMES:
            drawn[name].append(ours[name] - theirs[name])
    found = {name: percentiles(np.concatenate(parts)) for name, parts in drawn.items()}
    return {
        name: Difference(value=float(first[name][0] - second[name][0]), low=low, high=high)
        for name, (low, high) in found.items()
    }


def _samples(count: int, draws: int, seed: int) -> Iterator[Int[np.ndarray, "R N"]]:
    generator = np.random.default_rng(seed)
    at_once = max(1, MAX_NUMBERS // (4 * count))  # some four arrays of this size live at a time
    for start in range(0, draws, at_once):
        yield generator.multinomial(count, np.full(count, 1 / count), size=min(at_once, draws - start))


def _rescaled(values: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    """Mean 0 and largest size 1, so that squares neither overflow nor vanish; constant values become 0."""
    middle = values - values.mean()
    size = np.abs(middle).max()
    # what is left of a constant after its mean is taken away is rounding
    constant = size <= 1e-13 * np.abs(values).max()
    return np.zeros_like(middle) if constant else middle / size


def _correlation(
    first: Float[np.ndarray, "R N"], second: Float[np.ndarray, "R N"], weights: Weights
) -> Float[np.ndarray, "R"]:
    total = weights.sum(1, keepdims=True)
    left = first - (weights * first).sum(1, keepdims=True) / total
    right = second - (weights * second).sum(1, keepdims=True) / total
    together = (weights * left * right).sum(1)
    spread = (weights * left**2).sum(1) * (weights * right**2).sum(1)
    tiny = (8 * np.finfo(np.float64).eps) ** 2 * (weights * first**2).sum(1) * (weights * second**2).sum(1)
    defined = spread > tiny
    found = np.where(defined, together / np.sqrt(np.where(defined, spread, 1.0)), 0.0)
    return np.asarray(np.clip(found, -1.0, 1.0))


def _ranks(values: Float[np.ndarray, "N"], weights: Weights) -> Float[np.ndarray, "R N"]:
    """The rank of each row in each sample, a row that is drawn twice being two; equal values share one."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    counts = np.add.reduceat(weights[:, order], starts, axis=1)
    before = np.cumsum(counts, axis=1) - counts
    found: np.ndarray = (before + (counts + 1) / 2)[:, group]
    return found
