"""Training against the clock: how long things take, and a schedule that still ends when the time does.

The learning rate is a function of a virtual step in [0, planned]. At first the virtual step is the step. When
the run turns out too slow for its deadline, the total number of steps is cut and the rest of the curve is
walked faster from where the run stands: the rate stays continuous and never jumps. The walk is stored in
every checkpoint.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from glassbert.train.plan import Plan

# Leave a little of the time unplanned: a step of long texts takes longer than the mean step.
USABLE = 0.97


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The line through (step, virtual) that reaches `planned` at `total_steps`."""

    planned: int
    total_steps: int
    step: int = 0
    virtual: float = 0.0

    def at(self, step: int) -> float:
        """The virtual step of a step, for the schedule."""
        if self.total_steps == self.planned:
            return float(step)
        pace = (self.planned - self.virtual) / max(self.total_steps - self.step, 1)
        return self.virtual + (step - self.step) * pace

    def shortened(self, step: int, total_steps: int) -> Walk:
        """The walk that leaves this one at `step` and ends at `total_steps`; this one if it ends first."""
        if total_steps >= self.total_steps:
            return self
        return replace(self, total_steps=max(total_steps, step + 1), step=step, virtual=self.at(step))


@dataclass(kw_only=True)
class Pace:
    """Mean seconds of a step and of an evaluation (with its save) in this process, and tokens per second."""

    steps: int = 0
    tokens: int = 0
    step_seconds: float = 0.0
    last_tokens_per_second: float = 0.0
    evaluations: list[float] = field(default_factory=list)

    def add_step(self, seconds: float, tokens: int) -> None:
        self.steps += 1
        self.step_seconds += seconds
        self.tokens += tokens
        self.last_tokens_per_second = tokens / max(seconds, 1e-9)

    @property
    def seconds_per_step(self) -> float:
        return self.step_seconds / max(self.steps, 1)

    @property
    def seconds_per_evaluation(self) -> float:
        return max(self.evaluations, default=0.0)

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / max(self.step_seconds, 1e-9)

    def remaining(self, steps: int, eval_every: int) -> float:
        """Seconds for so many more steps, the evaluations among them and the one at the end."""
        return steps * self.seconds_per_step + (steps / eval_every + 1) * self.seconds_per_evaluation

    def eta(self, steps: int, plan: Plan) -> float:
        """Seconds until a run with so many steps to go is over."""
        seconds = self.remaining(steps, plan.eval_every)
        return seconds if plan.deadline is None else min(seconds, max(plan.deadline - time.monotonic(), 0.0))

    def affordable(self, seconds: float, eval_every: int) -> int:
        """How many more steps fit into so many seconds, with their evaluations and the one at the end."""
        each = self.seconds_per_step + self.seconds_per_evaluation / eval_every
        return int(max(seconds * USABLE - self.seconds_per_evaluation, 0.0) / max(each, 1e-9))
