"""Are two models different on the same rows, or is it chance? Tests of paired answers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

MOST_EXACT = 16
"""Rows that differ up to which all sign flips are counted; beyond, as many as FLIPS are drawn."""
FLIPS = 20_000
AT_ONCE = 4_000_000


def mcnemar(first: Bool[np.ndarray, "N"], second: Bool[np.ndarray, "N"]) -> float:
    """McNemar's exact test of two shares of right rows, two-sided.

    Of the n rows that one model has right and the other wrong, k are the first's; were the models equally
    good, k would be binomial with n and 1/2. p = min(1, 2 P(K <= min(k, n - k))), summed in logarithms.
    """
    only_first = int((first & ~second).sum())
    differing = only_first + int((second & ~first).sum())
    fewer = min(only_first, differing - only_first)
    logs = [
        math.lgamma(differing + 1)
        - math.lgamma(i + 1)
        - math.lgamma(differing - i + 1)
        - differing * math.log(2)
        for i in range(fewer + 1)
    ]
    highest = max(logs)
    return min(1.0, 2 * math.exp(highest) * math.fsum(math.exp(value - highest) for value in logs))


def sign_flips(differences: Float[np.ndarray, "N"], *, seed: int = 0) -> float:
    """How often the mean of paired differences would be as far from 0 if each sign were a coin's, two-sided.

    Exact for up to 16 differences that are not 0; otherwise (1 + hits) / (1 + draws) of 20,000 random flips
    (Phipson and Smyth 2010), never too small.
    """
    values = differences[differences != 0].astype(np.float64)
    if not len(values):
        return 1.0
    observed = abs(values.sum()) * (1 - 1e-12)
    return _share(len(values), lambda signs: np.abs(signs @ values) >= observed, seed=seed)


def swaps(
    first: Int[np.ndarray, "N K"],
    second: Int[np.ndarray, "N K"],
    score: Callable[[Float[np.ndarray, "R K"]], Float[np.ndarray, "R"]],
    *,
    seed: int = 0,
) -> float:
    """How often a score of summed counts would differ as much if a coin said which of both answers to each
    row is whose, two-sided: approximate randomisation (Yeh 2000), for scores that are no mean over rows, such
    as F1.

    `first` and `second` are counts of every row, `score` that of their sums. Exact and drawn as `sign_flips`.
    """
    differing = np.flatnonzero((first != second).any(1))
    if not len(differing):
        return 1.0
    total = (first.sum(0) + second.sum(0)).astype(np.float64)
    apart = (first[differing] - second[differing]).astype(np.float64)

    def gap(signs: np.ndarray) -> np.ndarray:
        moved = signs @ apart
        found: np.ndarray = np.abs(score((total + moved) / 2) - score((total - moved) / 2))
        return found

    observed = gap(np.ones((1, len(differing))))[0] * (1 - 1e-12)
    return _share(len(differing), lambda signs: gap(signs) >= observed, seed=seed)


def _share(
    count: int, hits: Callable[[Float[np.ndarray, "R M"]], Bool[np.ndarray, "R"]], *, seed: int
) -> float:
    """The share of sign patterns that hit: of all up to MOST_EXACT signs, else of FLIPS drawn ones."""
    if count <= MOST_EXACT:
        bits = (np.arange(1 << count)[:, None] >> np.arange(count)) & 1
        return float(hits(1.0 - 2 * bits).mean())
    draw = np.random.default_rng(seed)
    found, step = 0, max(1, AT_ONCE // count)
    for start in range(0, FLIPS, step):
        signs = draw.integers(0, 2, (min(step, FLIPS - start), count), dtype=np.int8) * 2 - 1
        found += int(hits(signs.astype(np.float64)).sum())
    return (1 + found) / (1 + FLIPS)
