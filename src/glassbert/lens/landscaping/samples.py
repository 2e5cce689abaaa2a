"""What is measured: the loss of some rows, asked for part by part; the lens knows nothing else of a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glassbert.errors import Problem, UsageError


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Some rows under a name: `sum(part() for part in parts) / weight` is their mean loss.

    Every part computes the summed loss of its rows with the module as it is, without dropout, as a scalar
    that can be differentiated (twice, for the curvature); give float64 where the sum shall be exact. `rows`
    of `total_rows` are in the sample.
    """

    name: str
    rows: int
    total_rows: int
    weight: float
    parts: Sequence[Callable[[], Tensor]]

    def __post_init__(self) -> None:
        if not self.parts or not self.weight > 0:
            what = f"the sample {self.name!r} has no rows"
            raise UsageError(Problem(code="no-rows", what=what, fix="give at least one row"))


@torch.no_grad()
def mean_loss(sample: Sample) -> float:
    """The mean loss with the module as it is, summed over parts in float64; it may be NaN or infinite."""
    values = [float(part()) for part in sample.parts]
    return math.fsum(values) / sample.weight if all(map(math.isfinite, values)) else sum(values)
