"""Where a classifier is worse than elsewhere: accuracy slice by slice, each against all other rows.

Letters: N rows, M slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool

from glassbert.tasks.proportions import difference, fisher, holm, wilson
from glassbert.tasks.slicing import MIN_ROWS, LeftOut, Slicing

Verdict = Literal["worse", "better", "same", "too-few"]
# the chance of calling any slice of a table worse or better when none is
LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One bin of one slicing: its rows, its accuracy with a 95 % Wilson interval, and its accuracy minus that
    of all other rows with a 95 % Newcombe interval.

    `p` is Fisher's exact test against the other rows, `adjusted` after Holm over all tested slices; both NaN
    where the slice or the rest has fewer than MIN_ROWS rows, which is then "too-few".
    """

    slicing: int
    bin: int
    rows: int
    right: int
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    adjusted: float = float("nan")
    verdict: Verdict = "too-few"

    @property
    def accuracy(self) -> float:
        return self.right / self.rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Slices:
    """All slices, the most clearly worse first and those with too few rows last, and what was left out."""

    rows: int
    right: int
    slicings: tuple[Slicing, ...]
    slices: tuple[Slice, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def tested(self) -> int:
        return sum(each.verdict != "too-few" for each in self.slices)


def measure(ways: Sequence[Slicing | LeftOut], right: Bool[np.ndarray, "N"]) -> Slices:
    """Every bin of every slicing, where `right` says of each row whether its prediction is.

    A slice is called worse or better only where its adjusted p-value is below LEVEL.
    """
    slicings = tuple(way for way in ways if isinstance(way, Slicing))
    found = [each for number, way in enumerate(slicings) for each in _bins(number, way, right)]
    tested = [each for each in found if not np.isnan(each.p)]
    adjusted = holm(np.array([each.p for each in tested])).tolist()
    judged = [
        replace(each, adjusted=p, verdict=_verdict(each, p)) for each, p in zip(tested, adjusted, strict=True)
    ]
    few = [each for each in found if np.isnan(each.p)]
    return Slices(
        rows=len(right),
        right=int(right.sum()),
        slicings=slicings,
        slices=(*sorted(judged, key=_clearness), *sorted(few, key=lambda each: each.difference)),
        left_out=tuple(way for way in ways if isinstance(way, LeftOut)),
    )


def _bins(number: int, slicing: Slicing, right: np.ndarray) -> list[Slice]:
    rows = np.bincount(slicing.bins, minlength=len(slicing.values))
    hits = np.bincount(slicing.bins, weights=right, minlength=len(slicing.values)).astype(np.int64)
    other_rows, other_hits = len(right) - rows, int(right.sum()) - hits
    low, high = wilson(hits, rows)
    down, up = difference(hits, rows, other_hits=other_hits, other_total=other_rows)
    return [
        Slice(
            slicing=number,
            bin=place,
            rows=int(rows[place]),
            right=int(hits[place]),
            low=float(low[place]),
            high=float(high[place]),
            difference=float(hits[place] / rows[place] - other_hits[place] / other_rows[place]),
            difference_low=float(down[place]),
            difference_high=float(up[place]),
            p=_p(hits[place], rows[place], other_hits[place], other_rows[place]),
        )
        for place in range(len(rows))
    ]


def _p(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    if min(rows, other_rows) < MIN_ROWS:
        return float("nan")
    return fisher(int(hits), int(rows), other_hits=int(other_hits), other_total=int(other_rows))


def _verdict(slice: Slice, adjusted: float) -> Verdict:
    if adjusted >= LEVEL:
        return "same"
    return "worse" if slice.difference < 0 else "better"


def _clearness(slice: Slice) -> tuple[float, float]:
    """From clearly worse to clearly better: the p-value counts down from worse and up to better."""
    return (slice.p if slice.difference < 0 else 2 - slice.p), slice.difference
