"""What the loop is told, what it asks of a job, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor

B = TypeVar("B")


def no_slack(highest: float) -> float:
    """Only what is better is kept."""
    return 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The numbers of one training run.

    total_steps: updates in all; learning_rate: the schedule's peak, per update.
    eval_every: steps between evaluations (there is always one at the end); metric: the name that
    `Job.evaluate` gives the number by which checkpoints are compared (equal ones by "loss", if there is one);
    patience: evaluations without a better one before stopping early; slack: how far below the highest value a
    later one may lie and still be kept, given that value (see `State.judge`).
    max_grad_norm: bound of the global gradient norm, None for none.
    deadline: time.monotonic() at which the run shall be over, evaluation and save included.
    save_every_seconds: wall-clock seconds between checkpoints besides those at evaluations; max_failed_saves:
    saves in a row that may fail. log_every: steps between metric rows; epochs: passes through the data after
    so many steps, for the rows' "epoch" and for how long steps to come will take (None: all equally).
    """

    total_steps: int
    learning_rate: float
    eval_every: int
    metric: str
    greater_is_better: bool = True
    patience: int | None = None
    slack: Callable[[float], float] = no_slack
    max_grad_norm: float | None = 1.0
    deadline: float | None = None
    save_every_seconds: float = 60.0
    max_failed_saves: int = 3
    log_every: int = 1
    epochs: Callable[[int], float] | None = None

    def work_from(self, step: int) -> Callable[[int], float]:
        """The work of so many steps from this one on, in passes through the data, else in steps."""
        epochs = self.epochs
        if epochs is None:
            return float
        return lambda steps: epochs(step + steps) - epochs(step)


class Job(Protocol[B]):
    """What is learnt, from which batches, and how it is judged. Steps count from 0."""

    def batches(self, step: int) -> Sequence[B]:
        """The micro-batches of a global step: a pure function of the step."""

    def weight(self, batch: B) -> float:
        """What the batch's summed loss is worth, known without asking the device."""

    def reads(self, batch: B) -> Mapping[str, Tensor]:
        """The rows that this batch's loss reads of tables with row-sparse gradients, by parameter name."""

    def loss(self, batch: B, step: int, micro: int) -> Tensor:
        """The summed loss in training mode; dropout is a pure function of (seed, step, micro)."""

    def tokens(self, batch: B) -> int:
        """How many tokens the batch holds."""

    def telemetry(self, step: int, seconds: float) -> Mapping[str, float]:
        """What the log shall say besides of a step that took so long; asked once the update is done."""

    def evaluate(self) -> dict[str, float]:
        """The metrics of the module as it is, on held-out data, with the module in evaluation mode."""

    def replay(self, step: int) -> dict[str, Any]:
        """What it takes to meet this step again, as JSON: the seed and the examples of its batches."""


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One step for a progress bar: numbers of the step, and seconds until the run is over."""

    step: int
    total_steps: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    eta_seconds: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    steps, tokens_seen and seconds count over all resumed parts; best_step and best_metric are those of
    `Plan.metric` (None when no evaluation gave a finite one); history holds {"step", metric: value, ...} for
    each evaluation, None where a value was not finite.
    stopped_because: "finished", "early stopping" or "budget" (fewer steps than planned, for the deadline's
    sake).
    """

    steps: int
    best_step: int | None
    best_metric: float | None
    stopped_because: str
    tokens_seen: int
    seconds: float
    history: list[dict[str, float | None]]
