"""How long a run on these rows would take, and how much memory: for a model at hand and for a base model."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from glassbert.model.config import EncoderConfig
from glassbert.model.network import Network
from glassbert.products import bytes_of_code
from glassbert.runs.check.costs import Estimate, Pace, Work, run_bytes, run_seconds
from glassbert.runs.check.lengths import sampled
from glassbert.runs.check.measure import TOKENS, Measured, measure
from glassbert.runs.data import Dataset
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.learnt import count_learning, frozen_blocks, restrict
from glassbert.runs.prepare import Prepared, Request
from glassbert.runs.recipe import learnt, recipe, values
from glassbert.runs.settings import Settings
from glassbert.runs.training_memory import NUMBERS
from glassbert.train.memory import current_rss_mb

SECONDS = 3.0
BASE = "a base model"
BASE_SIZES = EncoderConfig()
DEPTHS = (1, 3)
BASE_TOKENS = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ground:
    """What both models are measured on: windows of the training rows, or of some of them; the memory and the
    seconds that any model would take.
    """

    dataset: Dataset
    prepared: Prepared
    split: Split
    process: float
    others: float


def estimate(
    dataset: Dataset, request: Request, *, prepared: Prepared, spent: float
) -> tuple[Estimate, Estimate]:
    """(the prepared model, a base model), each measured for a few seconds.

    `spent` is the time that reading the rows, loading the model and fitting the baselines have taken. The
    prepared network is left changed.
    """
    some = sampled(dataset.train)
    model = prepared.model
    started = time.monotonic()
    windows = dataset.task.windows(some, model.tokenizer, max_length=model.max_length)
    tokenizing = (time.monotonic() - started) * len(dataset.train) / max(len(some), 1)
    ground = _Ground(
        dataset=dataset,
        prepared=prepared,
        split=Split(some, windows),
        process=_without(model.network),
        others=spent + tokenizing,
    )
    return _chosen(ground), _base(ground, request)


def _chosen(ground: _Ground) -> Estimate:
    network, settings = ground.prepared.model.network, values(ground.prepared.settings)
    job = _job(ground, network, settings)
    measured = measure(job, seconds=SECONDS, tokens=TOKENS)
    return _estimate(
        ground,
        str(ground.prepared.model.name),
        work_of(job, ground.dataset),
        measured,
        sizes=(sum(parameter.numel() for parameter in network.parameters()), count_learning(network)),
        reason=f"{measured.tokens:,} tokens of these rows, trained on this machine just now",
    )


def _base(ground: _Ground, request: Request) -> Estimate:
    """Two shallow networks of a base model's width, random, and the line through them to those of its 12
    blocks that learn; what is frozen below them is read.
    """
    known = ground.prepared.model
    longest = max(known.max_length, BASE_SIZES.max_position_embeddings)
    full = replace(BASE_SIZES, vocab_size=known.network.config.vocab_size, max_position_embeddings=longest)
    head = known.network.head_config
    parameters = full.num_parameters + head.num_parameters(full)
    settings = _settings(ground, request, num_parameters=parameters)
    asked, depth = learnt(ground.prepared.settings), full.num_hidden_layers
    learning_depth = depth - min(frozen_blocks(asked.freeze, depth), depth)
    below = None if asked.freeze is None or asked.lora is not None else "embeddings"
    found: list[Measured] = []
    counts: list[int] = []
    for blocks in DEPTHS:
        network = Network(replace(full, num_hidden_layers=blocks), head)
        restrict(network, replace(asked, freeze=below), seed=0)
        counts.append(count_learning(network))
        job = _job(ground, network.to(request.device), settings)
        found.append(measure(job, seconds=SECONDS / 2, tokens=BASE_TOKENS))
    whole, learning = (
        found[0].pace.at_depth(found[1].pace, depths=DEPTHS, depth=blocks)
        for blocks in (depth, learning_depth)
    )
    tokens = sum(each.tokens for each in found)
    per_block = (counts[1] - counts[0]) / (DEPTHS[1] - DEPTHS[0])
    count = counts[0] + per_block * (learning_depth - DEPTHS[0])
    return _estimate(
        ground,
        BASE,
        work_of(_job(ground, known.network, settings), ground.dataset),
        Measured(pace=learning.above(whole), tokens=tokens),
        sizes=(parameters, max(round(count), 0)),
        reason=f"{tokens:,} tokens through 1 and 3 of its 12 blocks, and the line through these two",
    )


def _settings(ground: _Ground, request: Request, *, num_parameters: int) -> Settings:
    """What the recipe would say of a base model, and what was asked for."""
    advice = recipe(
        num_parameters=num_parameters,
        num_rows=len(ground.dataset.train),
        max_length=ground.prepared.model.max_length,
    )
    settings = values(ground.prepared.settings)
    given = request.said()
    return replace(settings, **{name: value for name, (value, _) in advice.items() if name not in given})


def _job(ground: _Ground, network: Network, settings: Settings) -> FinetuneJob:
    return FinetuneJob(network, ground.dataset.task, settings, train=ground.split, validation=ground.split)


def work_of(job: FinetuneJob, dataset: Dataset) -> Work:
    """The work of a run on the whole data set, from the windows of the job's training rows or a sample."""
    settings, windows = job.settings, job.train.windows
    rows = len(job.train.examples)
    per_row = float(windows.lengths.sum()) / rows
    count = len(job.draws.lengths) * len(dataset.train) / rows
    per_epoch = max(1, math.ceil(count / settings.batch_size / settings.gradient_accumulation_steps))
    steps = max(1, round(per_epoch * settings.epochs))
    every = max(1, math.ceil(per_epoch / settings.evaluations_per_epoch))
    return Work(
        steps=steps,
        tokens=round(per_row * len(dataset.train) * steps / per_epoch),
        evaluations=max(1, math.ceil(steps / every)),
        validation_tokens=round(per_row * len(dataset.validation)),
        judged_tokens=round(per_row * len(dataset.evaluation)),
        largest_batch=max(int(job.draws.lengths[batch].sum()) for batch in job.order.epoch(0)),
    )


def _estimate(
    ground: _Ground, name: str, work: Work, measured: Measured, *, sizes: tuple[int, int], reason: str
) -> Estimate:
    """`sizes`: how many parameters there are, and how many of them learn."""
    pace: Pace = measured.pace
    seconds, loop = run_seconds(work, pace, others=ground.others)
    optimizer = values(ground.prepared.settings).optimizer
    needed = run_bytes(
        work,
        pace,
        process=ground.process + bytes_of_code(),
        parameters=sizes[0],
        learning=sizes[1],
        numbers=NUMBERS[optimizer],
    )
    return Estimate(
        model=name,
        num_parameters=sizes[0],
        num_learning=sizes[1],
        seconds=seconds,
        training_seconds=loop,
        steps=work.steps,
        tokens=work.tokens,
        memory_mb=needed / 2**20,
        reason=reason,
    )


def _without(network: Network) -> float:
    """Bytes of this process now, without the weights of a network that it holds."""
    weights = sum(4 * parameter.numel() for parameter in network.parameters())
    return max(current_rss_mb() * 2**20 - weights, 0.0)
