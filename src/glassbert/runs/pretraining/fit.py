"""Fitting: groups of parameters, the plan with its number of steps, and the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from glassbert.model.network import Network
from glassbert.runs.fit import Place
from glassbert.runs.groups import hidden_matrices
from glassbert.runs.pretraining.job import PretrainingJob
from glassbert.runs.watchers import Watchers
from glassbert.train.adamw import AdamW
from glassbert.train.clip import global_norm
from glassbert.train.group import Optimizer, ParameterGroup
from glassbert.train.log import MetricsLog
from glassbert.train.loop import train
from glassbert.train.muon import Muon
from glassbert.train.plan import Outcome, Plan, StepReport
from glassbert.train.schedule import warmup_decay
from glassbert.train.stop import Stop

# the paper's program: its epsilon is not that of the Adam paper
BETAS, EPS = (0.9, 0.999), 1e-6
# beside Muon the tables learn by moments that forget sooner, as short runs want it (RoBERTa, cramming)
MUON_BETAS = (0.9, 0.98)
METRIC = "mlm_loss"
# a budget is planned for so many times the steps that a first measurement promises: the walk along the
# learning rate is shortened later where that was too many, and never lengthened
PLENTY = 2.0
# a head that begins at random above a trained encoder: at the encoder's rate it stays at what frequencies
# give for hundreds of updates (docs/log.md, 2026-11-23)
FASTER = 10.0
# of a budget: what judging, saving and the model card take besides one reading of the held-out text
SHARE_KEPT = 0.03


def parameter_groups(
    network: Network, *, weight_decay: float, fresh: Collection[str] = ()
) -> list[ParameterGroup]:
    """As in the paper's program: all matrices and tables are decayed, biases and norms are not. What is
    `fresh` above trained weights learns FASTER times as fast as they.
    """
    named = list(network.named_parameters())
    groups = []
    for new in (False, True):
        chosen = [each for each in named if (each[0] in fresh) == new]
        decayed = [each for each in chosen if each[1].ndim > 1]
        others = [each for each in chosen if each[1].ndim < 2]
        kind, scale = ("new, ", FASTER) if new else ("", 1.0)
        groups += [
            ParameterGroup(
                name=f"{kind}decayed", parameters=decayed, weight_decay=weight_decay, lr_scale=scale
            ),
            ParameterGroup(name=f"{kind}not decayed", parameters=others, lr_scale=scale),
        ]
    return [group for group in groups if group.parameters]


def seconds_per_step(job: PretrainingJob) -> float:
    """How long a step takes, its update aside, judged by the second of two; no weight changes."""
    seconds = 0.0
    for _ in range(2):
        started = time.monotonic()
        for micro, batch in enumerate(job.batches(0)):
            job.loss(batch, 0, micro).backward()
        float(global_norm(job.network.parameters()))  # as a step does: it waits for a GPU
        job.network.zero_grad(set_to_none=True)
        seconds = time.monotonic() - started
    return seconds


def sequences_per_second(job: PretrainingJob) -> float:
    """How many sequences the job's steps take in a second."""
    job.network.train()
    return job.settings.batch_size / max(seconds_per_step(job), 1e-6)


def planned_steps(job: PretrainingJob, *, seconds: float) -> int:
    """Rather more steps than fit into so many seconds."""
    job.network.train()
    return max(1, round(PLENTY * seconds / max(seconds_per_step(job), 1e-6)))


def make_plan(job: PretrainingJob, *, total_steps: int, deadline: float | None) -> Plan:
    """The loop's numbers."""
    settings = job.settings
    return Plan(
        total_steps=total_steps,
        learning_rate=settings.learning_rate,
        eval_every=max(1, total_steps // (settings.evaluations + 1)),
        metric=METRIC,
        greater_is_better=False,
        max_grad_norm=settings.max_grad_norm,
        deadline=deadline,
        epochs=job.epochs,
    )


def fit(
    job: PretrainingJob,
    place: Place,
    *,
    total_steps: int,
    deadline: float | None,
    stop: Stop,
    resume: bool,
    watchers: Watchers,
) -> Outcome:
    """Train the job's network, and leave it as the last step made it. Raises what `train` raises."""
    network, settings = job.network, job.settings
    groups = parameter_groups(network, weight_decay=settings.weight_decay, fresh=job.fresh)
    job.grow_over(total_steps)
    schedule = warmup_decay(settings.lr_scheduler_type, warmup_fraction=settings.warmup_ratio)
    plan = make_plan(job, total_steps=total_steps, deadline=deadline)
    optimizer, exchange = place.together(network, _optimizer(job, groups))
    # the decoder's gradient of the tied table is dense, the lookup's need not be: 2 % of a step of 2 x 128
    network.encoder.embeddings.word.sparse = job.device.type == "cpu"
    network.train()
    with place.open_log() as log:
        told = _told(log, watchers)
        try:
            return train(
                network,
                optimizer,
                job,
                replace(plan, eval_every=place.in_rounds(plan.eval_every)),
                schedule=schedule,
                checkpoints=place.checkpoints(),
                log=log,
                stop=stop,
                on_step=told,
                resume=resume,
                exchange=exchange,
            )
        finally:
            network.eval()
            network.encoder.embeddings.word.sparse = False
            told(None)


def _optimizer(job: PretrainingJob, groups: list[ParameterGroup]) -> Optimizer:
    if job.settings.optimizer == "muon":
        return Muon(groups, matrices=hidden_matrices(job.network), betas=MUON_BETAS, eps=EPS)
    return AdamW(groups, betas=BETAS, eps=EPS)


def _told(log: MetricsLog, watchers: Watchers) -> Callable[[StepReport | None], None]:
    """Passes on what the loop reports, and what its log warns of, as it comes."""
    said = 0

    def tell(report: StepReport | None) -> None:
        nonlocal said
        for warning in log.warnings[said:]:
            watchers.say(f"warning: {warning}")
        said = len(log.warnings)
        if report is not None and watchers.on_step is not None:
            watchers.on_step(report)

    return tell
