"""An optimiser by its name."""

from __future__ import annotations

from collections.abc import Sequence

from glassbert.errors import Problem, UsageError
from glassbert.train.adamw import AdamW
from glassbert.train.descent import Descent
from glassbert.train.group import Optimizer, ParameterGroup

__all__ = ["NAMES", "AdamW", "Descent", "Optimizer", "ParameterGroup", "make_optimizer"]

NAMES = ("adamw", "sgd", "momentum")


def make_optimizer(
    name: str, groups: Sequence[ParameterGroup], *, nesterov: bool = False, announced: bool = False
) -> Optimizer:
    """Build "adamw" (0.9, 0.999, 1e-8), "sgd" (plain) or "momentum" (0.9; Nesterov's on request).

    announced: the caller calls `will_read` before each forward (see AdamW). For other numbers build AdamW
    or Descent directly. Errors: UsageError for an unknown name.
    """
    if name == "adamw":
        return AdamW(groups, announced=announced)
    if name == "sgd":
        return Descent(groups)
    if name == "momentum":
        return Descent(groups, momentum=0.9, nesterov=nesterov)
    what = f"there is no optimiser {name!r}"
    raise UsageError(Problem(code="unknown-optimizer", what=what, fix=f"choose one of {', '.join(NAMES)}"))
