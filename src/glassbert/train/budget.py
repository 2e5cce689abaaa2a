"""Training against the clock: how long things take, and a schedule that still ends when the time does.

The learning rate is a function of a virtual step in [0, planned]. At first the virtual step is the step. When
the run turns out too slow for its deadline, the total number of steps is cut and the rest of the curve is
walked faster from where the run stands: the rate stays continuous and never jumps. The walk is stored in
every checkpoint. Where batches grow, later steps take longer: a step of work w is expected to take a + b w
seconds, by least squares over the steps so far.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace

# Leave a little of the time unplanned: a step of long texts takes longer than the mean step.
USABLE = 0.97
# of the squared mean: steps whose work varies less are all of one kind
SAME = 1e-9
Work = Callable[[int], float]


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
    """Seconds of a step by its work, and of an evaluation (with its save) in this process; tokens per second.

    `Work` gives the work of so many steps to come, in any unit that `add_step` has counted too.
    """

    steps: int = 0
    tokens: int = 0
    step_seconds: float = 0.0
    work: float = 0.0
    work_squared: float = 0.0
    work_seconds: float = 0.0
    last_tokens_per_second: float = 0.0
    evaluations: list[float] = field(default_factory=list)

    def add_step(self, seconds: float, tokens: int, *, work: float = 1.0) -> None:
        self.steps += 1
        self.step_seconds += seconds
        self.work += work
        self.work_squared += work * work
        self.work_seconds += work * seconds
        self.tokens += tokens
        self.last_tokens_per_second = tokens / max(seconds, 1e-9)

    @property
    def costs(self) -> tuple[float, float]:
        """(a, b): seconds of any step, and of a unit of its work; (mean, 0) while all are of one kind."""
        count = max(self.steps, 1)
        mean, seconds = self.work / count, self.step_seconds / count
        spread = self.work_squared / count - mean * mean
        if spread <= SAME * mean * mean:
            return seconds, 0.0
        slope = (self.work_seconds / count - mean * seconds) / spread
        slope = min(max(slope, 0.0), seconds / mean)
        return seconds - slope * mean, slope

    @property
    def seconds_per_evaluation(self) -> float:
        return max(self.evaluations, default=0.0)

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / max(self.step_seconds, 1e-9)

    def remaining(self, steps: int, eval_every: int, *, work: Work = float) -> float:
        """Seconds for so many more steps, the evaluations among them and the one at the end."""
        each, unit = self.costs
        judging = (steps / eval_every + 1) * self.seconds_per_evaluation
        return steps * each + work(steps) * unit + judging

    def affordable(self, seconds: float, eval_every: int, *, most: int, work: Work = float) -> int:
        """How many more steps, at most `most`, fit into so many seconds, with their evaluations and the one
        at the end.
        """
        fitting = bisect_right(
            range(most + 1), seconds * USABLE, key=lambda steps: self.remaining(steps, eval_every, work=work)
        )
        return max(fitting - 1, 0)
