"""How well an order of words agrees with the words that are the reason; W words of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rationales import runs
from sklearn.metrics import average_precision_score

BOOTSTRAPS = 2000
MATCH = 0.5


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of one text: area under precision and recall, precision among as many words as are marked, and the
    spans that a method of this scores names: right ones, named ones, marked ones.
    """

    average_precision: float
    precision: float
    spans: tuple[int, int, int]


def agreement(scores: np.ndarray, gold: np.ndarray, *, share: float) -> Agreement:
    """Scores [W] against marks [W]; `share` of the words, at least one, are what a method would name."""
    order = np.argsort(-scores, kind="stable")
    named = np.zeros(len(gold), dtype=bool)
    named[order[: max(1, round(share * len(gold)))]] = True
    return Agreement(
        average_precision=float(average_precision_score(gold, scores)),
        precision=float(gold[order[: int(gold.sum())]].mean()),
        spans=matched(named, gold),
    )


def matched(named: np.ndarray, gold: np.ndarray) -> tuple[int, int, int]:
    """Named spans that share half of what they and a marked one cover together (DeYoung et al. 2020)."""
    spans = [list(runs(np.flatnonzero(side))) for side in (named, gold)]
    right = sum(any(overlap(one, other) >= MATCH for other in spans[1]) for one in spans[0])
    return right, len(spans[0]), len(spans[1])


def overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Intersection over union of two spans."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return max(both, 0) / (max(one[1], other[1]) - min(one[0], other[0])) if both > 0 else 0.0


def span_f1(found: Sequence[Agreement]) -> float:
    """F1 of the spans of all texts together."""
    right, named, marked = np.array([one.spans for one in found]).sum(0)
    return float(2 * right / (named + marked))


def interval(values: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean over texts."""
    drawn = np.random.default_rng(seed).integers(len(values), size=(BOOTSTRAPS, len(values)))
    low, high = np.quantile(values[drawn].mean(1), (0.025, 0.975))
    return float(low), float(high)
