"""Shares of rows and what can be said of them: intervals, a test of two shares, and many tests at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

# the 0.975 quantile of the standard normal distribution
Z = 1.959963984540054
# tables as likely as the observed one, up to rounding, count as such
TIE = 1e-7

Ends = tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]


def wilson(hits: Int[np.ndarray, "..."], total: Int[np.ndarray, "..."]) -> Ends:
    """The 95 % score interval of hits / total (Wilson 1927); [0, 1] where there is no row."""
    n = np.maximum(np.asarray(total, dtype=np.float64), 1)
    share = np.asarray(hits, dtype=np.float64) / n
    centre = share + Z**2 / (2 * n)
    spread = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    low = np.where(np.asarray(hits) == 0, 0.0, (centre - spread) / scale)
    high = np.where(np.asarray(hits) >= np.asarray(total), 1.0, (centre + spread) / scale)
    return low, high


def difference(
    hits: Int[np.ndarray, "..."],
    total: Int[np.ndarray, "..."],
    *,
    other_hits: Int[np.ndarray, "..."],
    other_total: Int[np.ndarray, "..."],
) -> Ends:
    """The 95 % interval of one share minus another, of different rows (Newcombe 1998, method 10).

    With shares p, q and their Wilson intervals [l, u], [m, v]: from p - q - sqrt((p - l)^2 + (v - q)^2) to
    p - q + sqrt((u - p)^2 + (q - m)^2).
    """
    p, q = hits / np.maximum(total, 1), other_hits / np.maximum(other_total, 1)
    (low, high), (other_low, other_high) = wilson(hits, total), wilson(other_hits, other_total)
    down = np.sqrt((p - low) ** 2 + (other_high - q) ** 2)
    up = np.sqrt((high - p) ** 2 + (q - other_low) ** 2)
    return p - q - down, p - q + up


def fisher(hits: int, total: int, *, other_hits: int, other_total: int) -> float:
    """Fisher's exact test of two shares, two-sided: how likely are tables no likelier than this one, were
    both shares the same. Its p-value is never too small, whatever the counts.
    """
    rows, right = total + other_total, hits + other_hits
    table = _log_factorials(rows)
    k = np.arange(max(0, right - other_total), min(total, right) + 1)
    chances = (
        _choose(table, right, k)
        + _choose(table, rows - right, total - k)
        - _choose(table, rows, np.array(total))
    )
    observed = chances[hits - k[0]]
    return min(1.0, float(np.exp(chances[chances <= observed + TIE]).sum()))


def holm(p_values: Float[np.ndarray, "M"]) -> Float[np.ndarray, "M"]:
    """Adjusted p-values of M tests (Holm 1979): the chance of any false claim among them stays below the
    level, however the tests depend on one another.

    Of the sorted p-values the i-th (from 0) becomes the largest (M - j) p_j of all j <= i, and at most 1.
    """
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * (len(p_values) - np.arange(len(p_values)))
    adjusted = np.empty(len(p_values), dtype=np.float64)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def _choose(table: Float[np.ndarray, "N"], whole: int, part: Int[np.ndarray, "..."]) -> np.ndarray:
    return np.asarray(table[whole] - table[part] - table[whole - part])


@lru_cache(maxsize=2)
def _log_factorials(most: int) -> Float[np.ndarray, "N"]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
