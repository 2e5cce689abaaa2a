"""Where a run starts from, when it is saved, and what a failed save means."""

from __future__ import annotations

import time

from torch import nn

from glassbert.errors import GlassbertError, MissingInputError, OutputError, Problem
from glassbert.train.budget import Walk
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.group import Optimizer
from glassbert.train.log import MetricsLog
from glassbert.train.plan import Plan
from glassbert.train.state import State, state_from_json
from glassbert.train.weights import load_module, module_tensors


def start(
    module: nn.Module,
    optimizer: Optimizer,
    plan: Plan,
    *,
    checkpoints: Checkpoints,
    log: MetricsLog,
    resume: bool,
) -> State:
    """Step 0, or with `resume` the newest intact checkpoint, put into module and optimiser.

    Errors: OutputError when there are checkpoints that nobody asked to resume; MissingInputError when there
    are none to resume; DataError when one belongs to another run, plan or model.
    """
    checkpoints.collect()
    if not resume:
        if checkpoints.steps():
            raise OutputError(
                _problem(
                    checkpoints, "run-exists", "there are checkpoints", "resume, or choose another --out"
                )
            )
        if not log.empty:
            log.event("resume", step=0)  # rows of a start that died before its first checkpoint are void
        return State(walk=Walk(planned=plan.total_steps, total_steps=plan.total_steps))
    latest = checkpoints.latest()
    for problem in latest.skipped:
        log.warn(str(problem))
    if latest.checkpoint is None:
        raise MissingInputError(
            _problem(checkpoints, "no-checkpoint", "there is no intact checkpoint", "start without resuming")
        )
    state = state_from_json(latest.checkpoint.state, plan)
    load_module(module, latest.checkpoint.module)
    optimizer.load_state_tensors(latest.checkpoint.optimizer)
    log.event("resume", step=state.step)
    return state


def _problem(checkpoints: Checkpoints, code: str, what: str, fix: str) -> Problem:
    return Problem(code=code, what=what, fix=fix, file=str(checkpoints.directory))


class Saver:
    """Saves module, optimiser and state together; a failed save is a warning until too many failed in a row.

    A save never changes a number: the continuation is the same whether, and when, a run was saved.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: Optimizer,
        plan: Plan,
        *,
        checkpoints: Checkpoints,
        log: MetricsLog,
    ) -> None:
        self.module = module
        self.optimizer = optimizer
        self.plan = plan
        self.checkpoints = checkpoints
        self.log = log
        self._saved: tuple[int, int] | None = None
        self._tried = time.monotonic()
        self._failures = 0

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() - self._tried >= self.plan.save_every_seconds

    def save(self, state: State, *, required: bool = False) -> bool:
        """Save unless this state is saved, and say whether it is; with `required` a failure raises at once.

        Errors: OutputError or StorageError of the last attempt.
        """
        if self._saved == state.stamp:
            return True
        self.log.sync()
        try:
            self.optimizer.write_back()
            self.checkpoints.save(
                state.step,
                module=module_tensors(self.module),
                optimizer=self.optimizer.state_tensors(),
                state=state.to_json(),
                best_step=state.best_step,
            )
        except GlassbertError as error:
            self._failures += 1
            if required or self._failures >= self.plan.max_failed_saves:
                raise
            self.log.warn(f"the checkpoint of step {state.step} was not saved: {error}")
        else:
            self.note_saved(state)
            self._failures = 0
        self._tried = time.monotonic()
        return self._saved == state.stamp

    def note_saved(self, state: State) -> None:
        """This state is on the disk, or comes from there."""
        self._saved = state.stamp
