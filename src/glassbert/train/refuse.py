"""The two ways in which a run stops in the middle, each with what it takes to go on."""

from __future__ import annotations

import json
import math
from typing import TypeVar

from glassbert.errors import DataError, GlassbertError, Interrupted, Problem
from glassbert.train.log import MetricsLog
from glassbert.train.plan import Job
from glassbert.train.state import State

B = TypeVar("B")
REPLAY = "replay.json"


def interrupted(state: State, log: MetricsLog) -> Interrupted:
    """The error of a run that was asked to stop and is saved."""
    log.event("stop", step=state.step, reason="requested")
    what = f"stopped on request after step {state.step} of {state.walk.total_steps}; everything is saved"
    return Interrupted(Problem(code="stopped", what=what, fix="run the same command with --resume"))


def refuse_non_finite(loss: float, norm: float, *, job: Job[B], state: State, log: MetricsLog) -> None:
    """Stop before the update if the loss or the gradient norm is infinite or not a number.

    replay.json beside the log then says which step it was and what its batches held; no weight has been
    touched.
    Errors: DataError naming the step.
    """
    if math.isfinite(loss) and math.isfinite(norm):
        return
    step = state.step + 1
    path = log.directory / REPLAY
    facts = {"step": step, "loss": str(loss), "gradient_norm": str(norm), **job.replay(state.step)}
    log.event("stop", step=state.step, reason="non-finite")
    try:
        log.keep(REPLAY, json.dumps(facts, indent=1).encode())
    except GlassbertError as error:
        log.warn(f"the facts for a replay of step {step} were not saved: {error}")
    culprit = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient norm is {norm}"
    what = f"step {step}: {culprit}; the weights were not updated"
    fix = f"lower the learning rate or look at the examples that {REPLAY} names; the last checkpoint is good"
    raise DataError(Problem(code="non-finite", what=what, fix=fix, file=str(path)))
