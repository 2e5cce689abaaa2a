"""An optimiser by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glassbert.errors import Problem, UsageError
from glassbert.train.adamw import AdamW
from glassbert.train.descent import Descent
from glassbert.train.group import Optimizer, ParameterGroup
from glassbert.train.muon import Muon

__all__ = ["NAMES", "AdamW", "Descent", "Muon", "Optimizer", "ParameterGroup", "make_optimizer"]

NAMES = ("adamw", "sgd", "momentum", "muon")


def make_optimizer(
    name: str,
    groups: Sequence[ParameterGroup],
    *,
    matrices: Mapping[str, int] | None = None,
    nesterov: bool = False,
    announced: bool = False,
) -> Optimizer:
    """Build "adamw" (0.9, 0.999, 1e-8), "sgd" (plain), "momentum" (0.9; Nesterov's on request) or "muon" (for
    `matrices`, see Muon).

    announced: the caller calls `will_read` before each forward (see AdamW). For other numbers build AdamW,
    Descent or Muon directly. Errors: UsageError for an unknown name; those of Muon.
    """
    if name == "adamw":
        return AdamW(groups, announced=announced)
    if name == "sgd":
        return Descent(groups)
    if name == "momentum":
        return Descent(groups, momentum=0.9, nesterov=nesterov)
    if name == "muon":
        return Muon(groups, matrices=matrices or {}, announced=announced)
    what = f"there is no optimiser {name!r}"
    raise UsageError(Problem(code="unknown-optimizer", what=what, fix=f"choose one of {', '.join(NAMES)}"))
