"""The training loop: forward, backward, clip, update, log, evaluate, save; it knows no BERT."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from glassbert.train.budget import Pace
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.clip import clip_factor, global_norm
from glassbert.train.group import Optimizer, named_parameters
from glassbert.train.log import MetricsLog
from glassbert.train.plan import Job, Outcome, Plan, StepReport
from glassbert.train.refuse import interrupted, refuse_non_finite
from glassbert.train.saving import Saver, start
from glassbert.train.schedule import Schedule
from glassbert.train.state import State
from glassbert.train.stop import Stop

__all__ = ["Job", "Outcome", "Plan", "Probe", "StepReport", "train"]

B = TypeVar("B")
Probe = Callable[[int, nn.Module], None]

# A run against the clock is measured once this early, because its first evaluation may lie beyond its
# deadline.
FIRST_MEASURE = 20


def train(
    module: nn.Module,
    optimizer: Optimizer,
    job: Job[B],
    plan: Plan,
    *,
    schedule: Schedule,
    checkpoints: Checkpoints,
    log: MetricsLog,
    stop: Stop,
    probe: Probe | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    resume: bool = False,
) -> Outcome:
    """Train `module` by `plan` and leave it as the last step made it; the best step is a checkpoint.

    Step k (from 0) uses learning_rate * schedule(k, total_steps) and the gradient of sum(losses) /
    sum(weights) over the micro-batches `job.batches(k)`, clipped by its global norm. `probe(k, module)` is
    called with k = 0 and then after every update, k updates being done. With `resume` the newest intact
    checkpoint is continued, and every number after it is the one that the uninterrupted run would have had
    (wall-clock deadlines aside).
    Errors: Interrupted when `stop` was requested, once all is saved; DataError for a loss or gradient that is
    not finite, before it reaches a weight; StorageError when saving keeps failing; MissingInputError when
    there is nothing to resume, OutputError when there are checkpoints and `resume` was not asked for.
    """
    state = start(module, optimizer, plan, checkpoints=checkpoints, log=log, resume=resume)
    saver = Saver(
        module, optimizer, plan, checkpoints=checkpoints, log=log, saved_step=state.step if resume else None
    )
    parameters = [parameter for _, parameter in named_parameters(optimizer.groups)]
    pace = Pace()
    if probe is not None and state.step == 0:
        probe(0, module)
    upcoming = _batches(job, state)
    while True:
        ending = state.ending(plan, pace)
        if ending is not None and state.evaluated:
            saver.save(state, required=True)
            return _outcome(state, ending)
        if stop.requested:
            saver.save(state, required=True)
            raise interrupted(state, log)
        if ending is not None or state.evaluation_due(plan):
            _evaluate(optimizer, job, plan, state=state, pace=pace, saver=saver)
            continue
        if saver.due():
            saver.save(state)

        started = time.monotonic()
        batches, learning_rate = (
            upcoming,
            plan.learning_rate * schedule(state.walk.at(state.step), state.walk.planned),
        )
        mean_loss = _backward(job, batches, state.step)
        upcoming = _batches(
            job, state, ahead=1
        )  # built while a GPU still computes; the next line waits for it
        loss, norm = torch.stack((mean_loss.float(), global_norm(parameters).to(mean_loss.device))).tolist()
        refuse_non_finite(loss, norm, job=job, state=state, log=log)
        optimizer.step(learning_rate, scale=clip_factor(norm, plan.max_grad_norm))
        module.zero_grad(set_to_none=True)

        seconds, tokens = time.monotonic() - started, sum(job.tokens(batch) for batch in batches)
        state.advance(seconds=seconds, tokens=tokens)
        pace.add_step(seconds, tokens)
        if pace.steps == FIRST_MEASURE:
            state.shorten(plan, pace)
        report = _report(state, pace, plan, loss=loss, norm=norm, learning_rate=learning_rate)
        if state.step % plan.log_every == 0:
            _log_step(report, tokens / seconds, plan, log)
        if probe is not None:
            probe(state.step, module)
        if on_step is not None:
            on_step(report)


def _batches(job: Job[B], state: State, ahead: int = 0) -> Sequence[B]:
    step = state.step + ahead
    return job.batches(step) if step < state.walk.total_steps else ()


def _backward(job: Job[B], batches: Sequence[B], step: int) -> Tensor:
    """Accumulate the gradient of the mean loss, and return that loss without waiting for the device.

    Every micro-batch is divided by the weight of them all: an average of averages would over-weight short
    ones.
    """
    weight = sum(job.weight(batch) for batch in batches)
    losses = []
    for micro, batch in enumerate(batches):
        loss = job.loss(batch, step, micro) / weight
        loss.backward()
        losses.append(loss.detach())
    return torch.stack(losses).sum()


def _evaluate(
    optimizer: Optimizer, job: Job[B], plan: Plan, *, state: State, pace: Pace, saver: Saver
) -> None:
    """Evaluate, log, move the best, save; a best that could not be saved is no best."""
    started = time.monotonic()
    optimizer.settle()
    metrics = job.evaluate()
    best = state.best_step, state.best_metric
    state.judge(metrics, plan)
    row = {f"validation_{name}": value for name, value in metrics.items()}
    saver.log.write({"step": state.step, **_epoch(state.step, plan), **row})
    pace.evaluations.append(time.monotonic() - started)
    state.seconds += pace.evaluations[-1]
    state.shorten(plan, pace)
    if not saver.save(state):
        state.best_step, state.best_metric = best
    pace.evaluations[-1] = time.monotonic() - started


def _report(
    state: State, pace: Pace, plan: Plan, *, loss: float, norm: float, learning_rate: float
) -> StepReport:
    total = state.walk.total_steps
    return StepReport(
        step=state.step,
        total_steps=total,
        loss=loss,
        learning_rate=learning_rate,
        gradient_norm=norm,
        tokens_per_second=pace.tokens_per_second,
        eta_seconds=pace.remaining(total - state.step, plan.eval_every),
    )


def _log_step(report: StepReport, tokens_per_second: float, plan: Plan, log: MetricsLog) -> None:
    row = {
        "loss": report.loss,
        "learning_rate": report.learning_rate,
        "gradient_norm": report.gradient_norm,
        "tokens_per_second": tokens_per_second,
    }
    log.write({"step": report.step, **_epoch(report.step, plan), **row})


def _epoch(step: int, plan: Plan) -> dict[str, float]:
    return {} if plan.steps_per_epoch is None else {"epoch": step / plan.steps_per_epoch}


def _outcome(state: State, ending: str) -> Outcome:
    return Outcome(
        steps=state.step,
        best_step=state.best_step,
        best_metric=state.best_metric,
        stopped_because=ending,
        tokens_seen=state.tokens,
        seconds=state.seconds,
        history=list(state.history),
    )
