"""Fitting a network to a task in memory or in a run directory: optimiser, schedule, loop, and the best
weights back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from glassbert.errors import Problem, UsageError
from glassbert.model.network import Network
from glassbert.runs.groups import parameter_groups
from glassbert.runs.job import FinetuneJob
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import MetricsLog
from glassbert.train.loop import train
from glassbert.train.optimizer import make_optimizer
from glassbert.train.plan import Outcome, Plan, StepReport
from glassbert.train.schedule import warmup_decay
from glassbert.train.stop import Stop
from glassbert.train.weights import load_module

# share of a wall-clock budget that is kept for the final evaluation, calibration, saving and the report
RESERVED = 0.12


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a fit keeps its checkpoints and its log, and under which run's id."""

    directory: Path
    run_id: str
    tensorboard: bool = True


def fit(
    job: FinetuneJob,
    place: Place,
    *,
    stop: Stop,
    started: float,
    resume: bool = False,
    on_step: Callable[[StepReport], None] | None = None,
) -> Outcome:
    """Train the job's network, and leave it with the weights of the best validation.

    `started` is the monotonic time at which the whole command began, from which a wall-clock budget counts.
    """
    network, settings = job.network, job.settings
    network.encoder.embeddings.word.sparse = True
    groups = parameter_groups(network, layer_decay=settings.layer_decay, weight_decay=settings.weight_decay)
    checkpoints = Checkpoints(place.directory / "checkpoints", run_id=place.run_id)
    network.train()
    with MetricsLog(place.directory, tensorboard=place.tensorboard) as log:
        outcome = train(
            network,
            make_optimizer(settings.optimizer, groups),
            job,
            make_plan(job, started=started),
            schedule=warmup_decay(settings.lr_scheduler_type, warmup_fraction=settings.warmup_ratio),
            checkpoints=checkpoints,
            log=log,
            stop=stop,
            on_step=on_step,
            resume=resume,
        )
    network.eval()
    network.encoder.embeddings.word.sparse = False
    if outcome.best_step is not None and outcome.best_step != outcome.steps:
        restore(network, checkpoints, outcome.best_step)
    return outcome


def restore(network: Network, checkpoints: Checkpoints, step: int) -> None:
    """Put the weights of a checkpoint into the network."""
    load_module(network, checkpoints.load(step).module)


def make_plan(job: FinetuneJob, *, started: float) -> Plan:
    """The loop's numbers from the settings: epochs to steps, share of an epoch to an evaluation interval."""
    settings = job.settings
    per_epoch = job.steps_per_epoch
    return Plan(
        total_steps=max(1, round(per_epoch * settings.epochs)),
        learning_rate=settings.learning_rate,
        eval_every=max(1, math.ceil(per_epoch / settings.evaluations_per_epoch)),
        metric=settings.metric,
        greater_is_better=settings.metric != "loss",
        patience=settings.patience,
        max_grad_norm=settings.max_grad_norm,
        deadline=None if settings.budget is None else started + settings.budget * (1 - RESERVED),
        steps_per_epoch=per_epoch,
    )


def seconds_since(started: float) -> float:
    """Wall-clock seconds since a monotonic time."""
    return time.monotonic() - started


def refuse_device(device: str) -> None:
    """Raise UsageError for a device that this machine does not have."""
    import torch  # the check is the only use

    if device.split(":")[0] not in ("cpu", "cuda"):
        raise UsageError(
            Problem(code="unknown-device", what=f"--device is {device!r}", fix="use cpu or cuda")
        )
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(Problem(code="no-cuda", what="there is no CUDA device here", fix="use --device cpu"))
