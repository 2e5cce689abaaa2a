"""Fitting a network to a task in memory or in a run directory: optimiser, schedule, loop, and the best
weights back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from glassbert.errors import DataError, MissingInputError, Problem, UsageError
from glassbert.model.network import Network
from glassbert.runs.groups import hidden_matrices, parameter_groups
from glassbert.runs.job import FinetuneJob
from glassbert.runs.watchers import Watchers
from glassbert.tasks.metrics import LOWER_IS_BETTER, SHARES
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.distributed import Shared
from glassbert.train.exchange import Exchange
from glassbert.train.first_writes import NoLog, SharedCheckpoints
from glassbert.train.local_sgd import Local, LocalSteps
from glassbert.train.log import MetricsLog
from glassbert.train.loop import ALONE, train
from glassbert.train.optimizer import Optimizer, make_optimizer
from glassbert.train.plan import Outcome, Plan, StepReport, no_slack
from glassbert.train.schedule import warmup_decay
from glassbert.train.stop import Stop
from glassbert.train.weights import load_module
from glassbert.train.world import World

MOST_KEPT = 1000


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fit keeps its checkpoints and its log, and under which run's id.

    `keep_checkpoints` is how many stay for good, the first step and the last among them. Of several processes
    in `world` the first writes, and where `sync_every` says so they take steps of their own and meet after so
    many.
    """

    directory: Path
    run_id: str
    tensorboard: bool = True
    keep_checkpoints: int = 0
    world: World = World()
    sync_every: int | None = None

    def checkpoints(self, milestones: Collection[int] = ()) -> SharedCheckpoints:
        """Where the loop saves."""
        where = self.directory / "checkpoints"
        met = {self.in_rounds(step) for step in milestones}
        return SharedCheckpoints(where, world=self.world, run_id=self.run_id, milestones=met)

    def in_rounds(self, steps: int) -> int:
        """So many steps, or as many more as it takes until the processes meet."""
        every = self.sync_every or 1
        return -(-steps // every) * every

    def open_log(self) -> MetricsLog:
        """Where the loop logs."""
        if not self.world.is_first:
            return NoLog(self.directory)
        return MetricsLog(self.directory, tensorboard=self.tensorboard)

    def together(self, network: Network, optimizer: Optimizer) -> tuple[Optimizer, Exchange]:
        """What takes the steps, and how the loop talks to the other processes."""
        if self.sync_every is not None:
            steps = LocalSteps(optimizer, self.world, every=self.sync_every)
            return steps, Local(self.world, network, steps)
        return optimizer, ALONE if self.world.size == 1 else Shared(self.world, network)


def fit(
    job: FinetuneJob,
    place: Place,
    *,
    stop: Stop,
    deadline: float | None = None,
    resume: bool = False,
    watchers: Watchers = Watchers(),  # noqa: B008 - frozen
) -> Outcome:
    """Train the job's network, and leave it with the weights of the best validation (in the first process of
    several; the others keep those of the last step).

    `deadline` is the monotonic time at which training shall be over. Raises what `train` raises.
    """
    network, settings = job.network, job.settings
    groups = parameter_groups(network, layer_decay=settings.layer_decay, weight_decay=settings.weight_decay)
    plan = make_plan(job, deadline=deadline)
    plan = replace(plan, eval_every=place.in_rounds(plan.eval_every))
    matrices = hidden_matrices(network)
    optimizer = make_optimizer(settings.optimizer, groups, matrices=matrices, announced=True)
    optimizer, exchange = place.together(network, optimizer)
    checkpoints = place.checkpoints(milestones(plan.total_steps, place.keep_checkpoints))
    job.on_scores = watchers.on_scores
    network.encoder.embeddings.word.sparse = True
    network.train()
    try:
        with place.open_log() as log:
            told = _Told(log, watchers)
            try:
                outcome = train(
                    network,
                    optimizer,
                    job,
                    plan,
                    schedule=warmup_decay(settings.lr_scheduler_type, warmup_fraction=settings.warmup_ratio),
                    checkpoints=checkpoints,
                    log=log,
                    stop=stop,
                    on_step=told.step,
                    resume=resume,
                    exchange=exchange,
                )
            finally:
                told.pass_on()
    finally:
        network.eval()
        network.encoder.embeddings.word.sparse = False
    if outcome.best_step in (None, outcome.steps) or not place.world.is_first:
        return outcome
    assert outcome.best_step is not None
    try:
        restore(network, checkpoints, outcome.best_step)
    except (DataError, MissingInputError) as error:  # a run that is done must not be lost for it
        watchers.say(f"warning: the weights of the last step are used, not those of the best: {error}")
        return replace(outcome, best_step=outcome.steps)
    return outcome


class _Told:
    """Passes on what the loop reports, and what its log warns of, as it comes."""

    def __init__(self, log: MetricsLog, watchers: Watchers) -> None:
        self.log = log
        self.watchers = watchers
        self.said = 0

    def step(self, report: StepReport) -> None:
        self.pass_on()
        if self.watchers.on_step is not None:
            self.watchers.on_step(report)

    def pass_on(self) -> None:
        """Say the warnings that are new."""
        say: Callable[[str], None] = self.watchers.say
        for warning in self.log.warnings[self.said :]:
            say(f"warning: {warning}")
        self.said = len(self.log.warnings)


def restore(network: Network, checkpoints: Checkpoints, step: int) -> None:
    """Put the weights of a checkpoint into the network."""
    load_module(network, checkpoints.load(step).module)


def refuse_kept(count: int | None) -> None:
    """Raise UsageError for a number of checkpoints that cannot be kept."""
    if count is not None and (count == 1 or not 0 <= count <= MOST_KEPT):
        what = f"--keep-checkpoints is {count}"
        fix = f"give 2 to {MOST_KEPT}, the first step and the last among them, or 0 for none"
        raise UsageError(Problem(code="bad-setting", what=what, fix=fix))


def milestones(total_steps: int, count: int) -> set[int]:
    """So many steps from 0 to the last, at equal distances (fewer where there are not so many steps)."""
    if count < 2:
        return set()
    return {round(total_steps * number / (count - 1)) for number in range(count)}


def make_plan(job: FinetuneJob, *, deadline: float | None = None) -> Plan:
    """The loop's numbers from the settings: epochs to steps, share of an epoch to an evaluation interval."""
    settings = job.settings
    per_epoch = job.steps_per_epoch
    return Plan(
        total_steps=max(1, round(per_epoch * settings.epochs)),
        learning_rate=settings.learning_rate,
        eval_every=max(1, math.ceil(per_epoch / settings.evaluations_per_epoch)),
        metric=settings.metric,
        greater_is_better=settings.metric not in LOWER_IS_BETTER,
        patience=settings.patience,
        slack=slack_of(job),
        max_grad_norm=settings.max_grad_norm,
        deadline=deadline,
        epochs=lambda steps: steps / per_epoch,
    )


def slack_of(job: FinetuneJob) -> Callable[[float], float]:
    """One standard error of the score that compares checkpoints: sqrt(p (1 - p) / n) of a share p of n rows.

    At most that: words, spans and labels are more than rows, and their shares vary less than right and wrong.
    None of errors and correlations, which are no shares.
    """
    rows = len(job.validation.examples)
    if job.settings.metric not in SHARES:
        return no_slack
    whole = 100.0 if job.task.answer == "span" else 1.0  # answers are scored in percent

    def slack(highest: float) -> float:
        share = min(max(highest / whole, 0.0), 1.0)
        return whole * math.sqrt(share * (1 - share) / rows)

    return slack
