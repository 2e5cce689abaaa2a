"""The pace of a network on this machine: a few batches of the data's own windows, there and back."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from glassbert.runs.check.costs import Pace
from glassbert.runs.groups import hidden_matrices, parameter_groups
from glassbert.runs.inference import head_logits
from glassbert.runs.job import FinetuneJob
from glassbert.runs.learnt import count_learning
from glassbert.tasks.task import Batch
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.clip import global_norm
from glassbert.train.group import Optimizer, named_parameters
from glassbert.train.optimizer import make_optimizer

TOKENS = 1536
"""Of one measured batch: enough that the matrix products run at full speed, few enough to stay quick."""
FEWEST_BATCHES = 3
SAVED_NUMBERS = 8_000_000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A pace, and how many tokens it was measured on."""

    pace: Pace
    tokens: int


def measure(job: FinetuneJob, *, seconds: float, tokens: int = TOKENS) -> Measured:
    """Train on batches for about so many seconds; the network is left changed, in training mode.

    Batches lie at equal distances in the tokens of an epoch, sorted by their length, so that each speaks for
    as many tokens as another. The first is done twice: what is allocated once is not measured.
    """
    network, settings = job.network, job.settings
    groups = parameter_groups(network, layer_decay=settings.layer_decay, weight_decay=settings.weight_decay)
    optimizer = make_optimizer(settings.optimizer, groups, matrices=hidden_matrices(network), announced=True)
    network.encoder.embeddings.word.sparse = True
    network.train()
    chosen, sizes = _batches(job, tokens)
    _step(job, optimizer, chosen[len(chosen) // 2], number=0)
    kept = _kept_bytes(job, optimizer, chosen[-1])
    begun, rates, updates, used = time.monotonic(), [], [], 0
    for number, windows in enumerate(_spread(chosen, sizes), start=1):
        if number > FEWEST_BATCHES and time.monotonic() - begun > seconds:
            break
        gradient, update, size = _step(job, optimizer, windows, number=number)
        rates.append(gradient / size)
        updates.append(update)
        used += size
    network.encoder.embeddings.word.sparse = False
    network.eval()
    pace = Pace(
        per_token=float(np.mean(rates)),
        per_token_read=_reading(job, chosen[len(chosen) // 2]),
        per_step=float(np.median(updates)),
        per_save=_saving(count_learning(network)),
        bytes_per_token=kept,
    )
    return Measured(pace=pace, tokens=used)


def _batches(job: FinetuneJob, tokens: int) -> tuple[list[Int[np.ndarray, "W"]], Int[np.ndarray, "B"]]:
    """Batches of the first epoch by their mean length, each with no more of what it drew than makes up
    `tokens`, as windows; and how many tokens each has uncut.
    """
    lengths = job.draws.lengths
    batches = sorted(job.order.epoch(0), key=lambda each: float(lengths[each].mean()))
    mean = [float(lengths[each].mean()) for each in batches]
    cut = [each[: max(1, int(tokens / size))] for each, size in zip(batches, mean, strict=True)]
    return [job.draws.windows(each) for each in cut], np.array([lengths[each].sum() for each in batches])


def _spread(
    batches: list[Int[np.ndarray, "W"]], sizes: Int[np.ndarray, "B"]
) -> Iterator[Int[np.ndarray, "W"]]:
    """The batches at 1/2, 1/4, 3/4, 1/8, ... of all tokens: stopped anywhere, evenly spread."""
    ends = np.cumsum(sizes)
    for number in range(1, 10_001):
        share = float(int(f"{number:b}"[::-1], 2)) / 2 ** number.bit_length()
        yield batches[int(np.searchsorted(ends, share * ends[-1], side="right"))]


def _step(
    job: FinetuneJob, optimizer: Optimizer, windows: Int[np.ndarray, "W"], *, number: int
) -> tuple[float, float, int]:
    """(seconds of loss and gradient, seconds of clipping and update, tokens) of one batch."""
    started = time.monotonic()
    batch = job.batch_of(windows)
    _announce(job, optimizer, batch)
    (job.loss(batch, number, 0) / batch.weight).backward()
    between = time.monotonic()
    global_norm(parameter for _, parameter in named_parameters(optimizer.groups))
    optimizer.step(1e-6)
    job.network.zero_grad(set_to_none=True)
    return between - started, time.monotonic() - between, job.tokens(batch)


def _announce(job: FinetuneJob, optimizer: Optimizer, batch: Batch) -> None:
    for name, rows in job.reads(batch).items():
        optimizer.will_read(name, rows)


def _kept_bytes(job: FinetuneJob, optimizer: Optimizer, windows: Int[np.ndarray, "W"]) -> float:
    """Bytes that the forward pass keeps for the backward pass, per token; weights do not count."""
    own = {parameter.untyped_storage().data_ptr() for parameter in job.network.parameters()}
    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    batch = job.batch_of(windows)
    _announce(job, optimizer, batch)
    hooks: Any = torch.autograd.graph.saved_tensors_hooks
    with hooks(keep, lambda tensor: tensor):
        loss = job.loss(batch, 0, 0)
        total = sum(sizes.values())
    loss.backward()
    job.network.zero_grad(set_to_none=True)
    return total / job.tokens(batch)


def _reading(job: FinetuneJob, windows: Int[np.ndarray, "W"]) -> float:
    """Seconds per token without gradients."""
    some = job.train.windows.select(windows)
    with torch.no_grad():
        head_logits(job.network, some)
        started = time.monotonic()
        head_logits(job.network, some)
    return (time.monotonic() - started) / float(some.lengths.sum())


def _saving(parameters: int) -> float:
    """Seconds of a checkpoint with its optimiser (three numbers per parameter), by writing a smaller one."""
    numbers = min(3 * parameters, SAVED_NUMBERS)
    with tempfile.TemporaryDirectory() as place:
        tensors = {"saved": torch.zeros(numbers)}
        started = time.monotonic()
        Checkpoints(Path(place) / "checkpoints", run_id="check").save(
            0, module=tensors, optimizer={}, state={}
        )
        return (time.monotonic() - started) * 3 * parameters / numbers
