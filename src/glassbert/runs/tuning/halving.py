"""Asynchronous successive halving (Li et al. 2020), the stopping variant: a trial goes on past a rung while
it is among the best third of those that came so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

RUNGS = (0.2, 0.5)
"""Shares of a trial's own steps at which it is looked at."""
KEPT = 3
"""One of so many goes on."""
FEWEST = 3
"""Other trials that must have reached a rung before one is stopped there."""


def rung_of(share: float, reached: Mapping[str, float]) -> str | None:
    """The highest rung that a trial has now passed, `share` of its steps being done; None where it has
    been looked at there, or has passed none.
    """
    passed = [rung for rung in RUNGS if share >= rung]
    if not passed or str(passed[-1]) in reached:
        return None
    return str(passed[-1])


def goes_on(score: float, others: Sequence[float]) -> bool:
    """Whether a score (more is better) is among the best third at its rung, itself counted; always while
    fewer than FEWEST others are there, and where it equals the last that goes on.
    """
    if len(others) < FEWEST:
        return True
    room = -(-(len(others) + 1) // KEPT)
    return sum(other > score for other in others) < room
