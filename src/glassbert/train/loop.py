"""The training loop: forward, backward, clip, update, log, evaluate, save; it knows no BERT."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

import torch
from torch import nn

from glassbert.train.budget import Pace
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.clip import clip_factor, global_norm
from glassbert.train.exchange import Alone, Exchange, Sums, Wishes
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

ALONE = Alone()
# A run against the clock is measured once this early, because its first evaluation may lie beyond its
# deadline, and then whenever an eighth of what was left is done: a pace that changes late would cut the
# curve off above its end.
FIRST_MEASURE, MEASURES = 20, 8


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
    exchange: Exchange = ALONE,
) -> Outcome:
    """Train `module` by `plan` and leave it as the last step made it; the best step is a checkpoint.

    Step k (from 0) uses learning_rate * schedule(k, total_steps) and the gradient of sum(losses) /
    sum(weights) over the micro-batches `job.batches(k)`, clipped by its global norm. `probe(k, module)` is
    called with k = 0 and then after every update, k updates being done. With several processes `exchange`
    makes their steps one, and `job.batches` gives the share of this one. With `resume` the newest intact
    checkpoint is continued, and every number after it is the one that the uninterrupted run would have had
    (deadlines aside).
    Errors: Interrupted when `stop` was requested, once all is saved; DataError for a loss or gradient that is
    not finite, before it reaches a weight; StorageError when saving keeps failing; MissingInputError when
    there is nothing to resume, OutputError when there are checkpoints and `resume` was not asked for.
    """
    load = partial(start, module, optimizer, plan, checkpoints=checkpoints, log=log, resume=resume)
    state = exchange.begin(load, optimizer)
    saver = Saver(module, optimizer, plan, checkpoints=checkpoints, log=log)
    if resume:
        saver.note_saved(state)
    run = Run(
        module=module,
        optimizer=optimizer,
        job=job,
        plan=plan,
        schedule=schedule,
        log=log,
        state=state,
        exchange=exchange,
    )
    if probe is not None and state.step == 0:
        probe(0, module)
    try:
        ending = _walk(run, saver, stop=stop, probe=probe, on_step=on_step)
    finally:
        optimizer.settle()
    return _outcome(state, ending)


def _walk(
    run: Run[B],
    saver: Saver,
    *,
    stop: Stop,
    probe: Probe | None,
    on_step: Callable[[StepReport], None] | None,
) -> str:
    """Step, evaluate and save until the plan is over; why it is over."""
    state, plan = run.state, run.plan
    while True:
        late = state.late(plan, run.pace)
        agreed = run.exchange.agree(Wishes(stop=stop.requested, late=late, save=saver.due))
        ending = state.ending(plan, late=agreed.late)
        if ending is not None and state.evaluated:
            break
        if agreed.stop:
            saver.save(state, required=True)
            raise interrupted(state, run.log)
        if ending is not None or state.evaluation_due(plan):
            run.evaluate(saver)
            continue
        if agreed.save or state.step in saver.checkpoints.milestones:
            saver.save(state)
        report = run.step()
        if probe is not None:
            run.optimizer.settle()
            probe(state.step, run.module)
        if on_step is not None:
            on_step(report)
    saver.save(state, required=True)
    return ending


@dataclass(kw_only=True)
class Run(Generic[B]):
    """One training run: what moves (module, optimiser, state) and what it is moved by."""

    module: nn.Module
    optimizer: Optimizer
    job: Job[B]
    plan: Plan
    schedule: Schedule
    log: MetricsLog
    state: State
    pace: Pace = field(default_factory=Pace)
    exchange: Exchange = ALONE
    upcoming: Sequence[B] | None = None
    measure_at: int = FIRST_MEASURE

    def step(self) -> StepReport:
        """One update by the clipped gradient of all micro-batches, refused when that is not finite."""
        started, state = time.monotonic(), self.state
        batches = self.job.batches(state.step) if self.upcoming is None else self.upcoming
        learning_rate = self.plan.learning_rate * self.schedule(state.walk.at(state.step), state.walk.planned)
        sums = self._backward(batches)
        # the next batches are built while a GPU still computes; reading the two numbers waits for it
        self.upcoming = self.job.batches(state.step + 1) if state.step + 1 < state.walk.total_steps else None
        sums = self.exchange.reduce(sums, self.optimizer)
        norm_on_device = global_norm(parameter for _, parameter in named_parameters(self.optimizer.groups))
        loss, norm = torch.stack((sums.loss, norm_on_device.to(sums.loss.device))).tolist()
        refuse_non_finite(loss, norm, job=self.job, state=state, log=self.log)
        self.optimizer.step(learning_rate, scale=clip_factor(norm, self.plan.max_grad_norm))
        self.module.zero_grad(set_to_none=True)
        seconds = time.monotonic() - started
        more = self.job.telemetry(state.step, seconds)
        self._advance(seconds, sums.tokens)
        return self._report({"loss": loss, "learning_rate": learning_rate, "gradient_norm": norm}, more)

    def _advance(self, seconds: float, tokens: int) -> None:
        self.pace.add_step(seconds, tokens, work=self.plan.work_from(self.state.step)(1))
        self.state.advance(seconds=seconds, tokens=tokens)
        if self.pace.steps == self.measure_at:
            self.state.shorten(self.plan, self.pace)
            self.exchange.follow(self.state)
            left = self.state.walk.total_steps - self.state.step
            self.measure_at += max(FIRST_MEASURE, left // MEASURES)

    def _backward(self, batches: Sequence[B]) -> Sums:
        """Accumulate the gradient of the mean loss, and give that loss without waiting for the device.

        Every micro-batch is divided by the weight of them all: a mean of means would over-weight short ones.
        """
        job, step = self.job, self.state.step
        weight = sum(job.weight(batch) for batch in batches)
        divisor = self.exchange.divisor(weight)
        losses = []
        for micro, batch in enumerate(batches):
            for name, rows in job.reads(batch).items():
                self.optimizer.will_read(name, rows)
            loss = job.loss(batch, step, micro) / divisor
            loss.backward()
            losses.append(loss.detach())
        total = torch.stack(losses).sum() if losses else torch.zeros(())
        return Sums(loss=total, weight=weight, tokens=sum(job.tokens(batch) for batch in batches))

    def evaluate(self, saver: Saver) -> None:
        """Evaluate, log, move the best, save; a best that could not be saved is no best."""
        started, state = time.monotonic(), self.state
        self.exchange.meet()
        self.optimizer.settle()
        metrics = self.exchange.of_first(
            lambda: {name: float(value) for name, value in self.job.evaluate().items()}
        )
        choice = state.choice
        state.judge(metrics, self.plan)
        self._write({f"validation_{name}": value for name, value in metrics.items()})
        self.pace.evaluations.append(time.monotonic() - started)
        state.seconds += self.pace.evaluations[-1]
        state.shorten(self.plan, self.pace)
        self.exchange.follow(state)
        if not saver.save(state):
            state.choose_again(choice)
        self.pace.evaluations[-1] = time.monotonic() - started

    def _report(self, row: dict[str, float], more: Mapping[str, float]) -> StepReport:
        """What a step was, into the log every `log_every` steps, and to the caller."""
        step, total = self.state.step, self.state.walk.total_steps
        if step % self.plan.log_every == 0:
            self._write({**row, "tokens_per_second": self.pace.last_tokens_per_second, **more})
        return StepReport(
            step=step,
            total_steps=total,
            **row,
            tokens_per_second=self.pace.tokens_per_second,
            eta_seconds=self.state.eta(self.plan, self.pace),
        )

    def _write(self, row: dict[str, float]) -> None:
        epochs = self.plan.epochs
        epoch = {} if epochs is None else {"epoch": epochs(self.state.step)}
        self.log.write({"step": self.state.step, **epoch, **row})


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
