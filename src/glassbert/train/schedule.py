"""The learning rate as a pure function of the step: warm-up, then linear, cosine, constant or late decay."""

from __future__ import annotations

import math
from collections.abc import Callable

from glassbert.errors import Problem, UsageError

Schedule = Callable[[float, int], float]

DECAYS: dict[str, Callable[[float], float]] = {
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
    "constant": lambda done: 1.0,
    "warmup_stable_decay": lambda done: min(1.0, (1.0 - done) / FALLING),
}
# share of the steps after the warm-up over which a late decay falls; the rest is flat
FALLING = 0.5


def warmup_decay(decay: str = "linear", *, warmup_fraction: float = 0.1, floor: float = 0.0) -> Schedule:
    """A schedule: (step, total_steps) -> factor of the peak learning rate, in [0, 1].

    With w = warmup_fraction * total_steps and s the 0-based step:
    s < w: min(1, (s + 1) / w), so that the first step is not wasted on a rate of 0;
    s >= w: floor + (1 - floor) * decay((s - w) / (total_steps - w)),
    where decay is 1 - x, (1 + cos(pi x)) / 2, 1, or min(1, (1 - x) / 0.5), a trapezoid.
    A fractional step is allowed: a run against the clock moves along the same curve faster (see `budget.py`).
    Errors: UsageError for an unknown decay or a fraction outside [0, 1].
    """
    if decay not in DECAYS:
        what = f"there is no learning-rate schedule {decay!r}"
        raise UsageError(
            Problem(code="unknown-schedule", what=what, fix=f"choose one of {', '.join(DECAYS)}")
        )
    for name, value in (("warmup_fraction", warmup_fraction), ("floor", floor)):
        if not 0.0 <= value <= 1.0:
            raise UsageError(
                Problem(code="out-of-range", what=f"{name} is {value}", fix="give a number from 0 to 1")
            )
    shape = DECAYS[decay]

    def factor(step: float, total_steps: int) -> float:
        warmup = warmup_fraction * total_steps
        if step < warmup:
            return min(1.0, (step + 1.0) / warmup)
        done = min(1.0, (step - warmup) / max(total_steps - warmup, 1e-9))
        return floor + (1.0 - floor) * shape(done)

    return factor
