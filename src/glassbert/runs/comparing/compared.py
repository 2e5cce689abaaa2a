"""What the comparison of two runs finds on their rows, whatever the kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from glassbert.tasks.intervals import Difference
from glassbert.tasks.paired import mcnemar

MCNEMAR = "McNemar's exact test"


@dataclass(frozen=True, kw_only=True)
class Test:
    """A test of paired answers, the score that it is about, and its two-sided p-value."""

    __test__ = False  # pytest, it is not for you

    name: str
    about: str
    p_value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Both runs on the same rows.

    `gained` [N] is by how much the second run is better on a row, `lost` [N] by how much worse: 0 or 1 for
    right and wrong, for numbers how much nearer, for tags how many mistakes are gone and how many are new,
    which can both be above 0. `differences` are second less first. `test` is about the headline score, `more`
    about others; `lower_is_better` for errors. `details` says what changed within a row.
    """

    gained: Float[np.ndarray, "N"]
    lost: Float[np.ndarray, "N"]
    scores: tuple[dict[str, float], dict[str, float]]
    differences: dict[str, Difference]
    test: Test
    more: tuple[Test, ...] = ()
    lower_is_better: bool = False
    details: Callable[[int], dict[str, Any]] = lambda row: {}

    @property
    def headline(self) -> str:
        """The score that decides."""
        return self.test.about


def sides(gain: Float[np.ndarray, "N"]) -> tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]:
    """(gained, lost) of rows that are either better or worse."""
    return np.maximum(gain, 0.0), np.maximum(-gain, 0.0)


def right_or_wrong(
    right: Sequence[Bool[np.ndarray, "N"]],
    both: Sequence[Mapping[str, Any]],
    found: dict[str, Difference],
    *,
    headline: str,
) -> Compared:
    """The comparison of answers that are right or wrong as a whole."""
    first, second = ({name: float(value) for name, value in each.items()} for each in both)
    gained, lost = sides(right[1].astype(np.float64) - right[0])
    return Compared(
        gained=gained,
        lost=lost,
        scores=(first, second),
        differences=found,
        test=Test(name=MCNEMAR, about=headline, p_value=mcnemar(right[0], right[1])),
    )
