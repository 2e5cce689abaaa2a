"""How much work a landscape may be, who is told, and who may stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glassbert.errors import Problem, UsageError


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a landscape is going to take: evaluations of all rows, Hessian-vector products for the curvature
    (as many as fit into a third of a limited time; 0: there is none), and seconds at the pace measured.
    """

    evaluations: int
    products: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class LandscapeOptions:
    """What `landscape` does beyond the plane; the defaults give a picture of 200 evaluations.

    model       what the module is called in the record
    points      evaluations at most, those of the models on the way included
    seconds     wall-clock seconds at most, from the call on; None is no limit
    iterations  Hessian-vector products at most (each costs several evaluations); 0 leaves curvature out
    seed        of the vector that the curvature begins with
    told        hears the cost before the work begins
    progress    called after every evaluation with how many are done and how many it can be
    stopped     asked between evaluations; once it says yes the record of what there is comes back
    """

    model: str = "model"
    points: int = 200
    seconds: float | None = None
    iterations: int = 20
    seed: int = 0
    told: Callable[[Cost], None] | None = None
    progress: Callable[[int, int], None] | None = None
    stopped: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        for name, least in {"points": 1, "iterations": 0, "seed": 0}.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                fix = f"give a whole number of at least {least}"
                raise UsageError(Problem(code="bad-option", what=f"{name} is {value!r}", fix=fix))
        if self.seconds is not None and not self.seconds > 0:
            what = f"seconds is {self.seconds!r}"
            raise UsageError(Problem(code="bad-option", what=what, fix="give a number above 0"))
