"""Where a run stands: everything besides weights and optimiser that the next step depends on."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from glassbert.errors import DataError, Problem, UsageError
from glassbert.train.budget import Pace, Walk
from glassbert.train.plan import Plan

CHOICE = ("best_step", "best_metric", "highest_step", "highest_metric")


@dataclass(kw_only=True)
class State:
    """`step` updates are done; `history` holds one row for each evaluation, with its step. The highest is the
    one with the best value, the best the one that is kept.
    """

    walk: Walk
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_metric: float | None = None
    highest_step: int | None = None
    highest_metric: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def evaluated(self) -> bool:
        """Whether the module as it is has been evaluated."""
        return bool(self.history) and self.history[-1]["step"] == self.step

    @property
    def stamp(self) -> tuple[int, int]:
        """Two states of one run are the same if they have the same number of steps and of evaluations."""
        return self.step, len(self.history)

    def advance(self, *, seconds: float, tokens: int) -> None:
        """Count one more update."""
        self.step += 1
        self.seconds += seconds
        self.tokens += tokens

    def evaluation_due(self, plan: Plan) -> bool:
        return not self.evaluated and self.step > 0 and self.step % plan.eval_every == 0

    def late(self, plan: Plan, pace: Pace) -> bool:
        """Whether the deadline leaves time for an evaluation and no more."""
        return plan.deadline is not None and time.monotonic() + pace.seconds_per_evaluation >= plan.deadline

    def ending(self, plan: Plan, *, late: bool) -> str | None:
        """Why the run is over at this step, or None: then there is another step to take."""
        if plan.patience is not None and self._evaluations_since_highest() >= plan.patience:
            return "early stopping"
        if self.step >= self.walk.total_steps:
            return "finished" if self.walk.total_steps == self.walk.planned else "budget"
        return "budget" if late else None

    def _evaluations_since_highest(self) -> int:
        return sum(self.highest_step is None or row["step"] > self.highest_step for row in self.history)

    @property
    def choice(self) -> dict[str, Any]:
        """The best and the highest, to be put back with `choose_again`."""
        return {name: getattr(self, name) for name in CHOICE}

    def choose_again(self, choice: dict[str, Any]) -> None:
        """Take back what an evaluation chose."""
        vars(self).update(choice)

    def judge(self, metrics: dict[str, float], plan: Plan) -> None:
        """Add an evaluation and choose again: the highest value, of equals the lower loss, else the earlier;
        then the latest whose value lies within the plan's slack of the highest.

        The highest of several uncertain numbers is high by luck too, and the schedule ends in steps that
        settle: of what cannot be told from the highest the latest is kept, as Breiman et al. 1984 (section
        3.4.3) keep the smallest tree within one standard error of the best.
        Errors: UsageError when the plan's metric is not among them.
        """
        if plan.metric not in metrics:
            what = f"the evaluation gave no metric {plan.metric!r}"
            fix = f"choose one of {', '.join(sorted(metrics))}"
            raise UsageError(Problem(code="unknown-metric", what=what, fix=fix))
        finite = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
        self.history.append({"step": self.step, **finite})
        value = finite[plan.metric]
        if value is None:
            return
        if self._improves(value, finite.get("loss"), plan):
            self.highest_step, self.highest_metric = self.step, value
        if self.highest_step == self.step or self._is_near(value, plan):
            self.best_step, self.best_metric = self.step, value

    def _is_near(self, value: float, plan: Plan) -> bool:
        assert self.highest_metric is not None
        slack = plan.slack(self.highest_metric)
        return slack > 0 and abs(self.highest_metric - value) <= slack

    def _improves(self, value: float, loss: float | None, plan: Plan) -> bool:
        """Few rows give few different accuracies: the first model to reach the highest is rarely the best."""
        if self.highest_metric is None or value != self.highest_metric:
            return self.highest_metric is None or _better(value, self.highest_metric, plan)
        best = next(row.get("loss") for row in self.history if row["step"] == self.highest_step)
        return loss is not None and best is not None and loss < best

    def shorten(self, plan: Plan, pace: Pace) -> None:
        """Cut the number of steps when, at the measured pace, the deadline would be missed."""
        if plan.deadline is None or pace.steps == 0:
            return
        left = plan.deadline - time.monotonic()
        steps, work = self.walk.total_steps - self.step, plan.work_from(self.step)
        if pace.remaining(steps, plan.eval_every, work=work) > left:
            affordable = pace.affordable(left, plan.eval_every, most=steps, work=work)
            self.walk = self.walk.shortened(self.step, self.step + affordable)

    def eta(self, plan: Plan, pace: Pace) -> float:
        """Seconds until the run is over."""
        steps = self.walk.total_steps - self.step
        seconds = pace.remaining(steps, plan.eval_every, work=plan.work_from(self.step))
        return seconds if plan.deadline is None else min(seconds, max(plan.deadline - time.monotonic(), 0.0))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> State:
        older = {"highest_step": saved["best_step"], "highest_metric": saved["best_metric"]}  # they were one
        return cls(**{**older, **saved, "walk": Walk(**saved["walk"])})

    def take(self, other: State) -> None:
        """Become the other state."""
        vars(self).update(vars(other))


def state_from_json(saved: dict[str, Any], plan: Plan) -> State:
    """The state of a checkpoint. Errors: DataError when it was written under a plan of another length."""
    state = State.from_json(saved)
    if state.walk.planned != plan.total_steps:
        what = f"the checkpoint is of a plan of {state.walk.planned} steps, this plan has {plan.total_steps}"
        fix = "resume with the settings of the first run"
        raise DataError(Problem(code="plan-changed", what=what, fix=fix))
    return state


def _better(value: float, than: float, plan: Plan) -> bool:
    return value > than if plan.greater_is_better else value < than
