"""A batch that grows: how many micro-batches a step accumulates, as a pure function of the step.

Early gradients point the same way in every batch, so that small batches waste nothing; late ones are mostly
noise, which large batches average out (McCandlish et al. 2018, arXiv 1812.06162). Which micro-batches a step
takes follows from the step alone: a resumed run needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassbert.errors import Problem, UsageError


@dataclass(frozen=True, kw_only=True)
class BatchRamp:
    """From `first` micro-batches a step to `last`, in equal stretches of the first `share` of the steps."""

    first: int = 1
    last: int = 1
    total_steps: int
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last or self.total_steps < 1 or not 0.0 <= self.share <= 1.0:
            what = f"a batch that grows from {self.first} to {self.last} parts over {self.share} of "
            what += f"{self.total_steps} steps"
            raise UsageError(Problem(code="bad-ramp", what=what, fix="give 1 <= first <= last, and a share"))

    def parts(self, step: int) -> int:
        """How many micro-batches step `step` (from 0) accumulates."""
        return min(self.first + sum(step >= start for start in self._starts()), self.last)

    def before(self, step: int) -> int:
        """How many micro-batches all steps before it took: the number of its first one."""
        return self.first * step + sum(max(step - start, 0) for start in self._starts())

    def _starts(self) -> list[int]:
        """The steps from which on there is one micro-batch more."""
        rises = self.last - self.first
        stretch = self.share * self.total_steps / (rises + 1)
        return [int(stretch * rise) for rise in range(1, rises + 1)]
