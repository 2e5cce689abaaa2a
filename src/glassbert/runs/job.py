"""What the loop asks for while an encoder learns a task: batches of a step, their loss, and the validation
scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glassbert.model.network import Network
from glassbert.model.noise import DeviceNoise, Noise, Rates, SampleNoise
from glassbert.runs.inference import half_precision, head_logits
from glassbert.runs.settings import Settings
from glassbert.tasks.binding import bound
from glassbert.tasks.task import Batch, Examples, Task
from glassbert.text.order import BatchOrder
from glassbert.text.windows import Windows
from glassbert.train.world import World


@dataclass(frozen=True, eq=False)
class Split:
    """Examples and their windows."""

    examples: Examples
    windows: Windows


class FinetuneJob:
    """Fine-tuning of a network on a task; every batch, mask and order is a pure function of (seed, step).

    Of R processes, process r takes every R-th window of a batch, from the r-th on.
    """

    def __init__(
        self,
        network: Network,
        task: Task,
        settings: Settings,
        *,
        train: Split,
        validation: Split,
        world: World = World(),  # noqa: B008 - frozen
    ) -> None:
        self.network, self.task, self.settings = network, bound(task, network), settings
        self.train, self.validation, self.world = train, validation, world
        self.draws = train.windows.draws
        self.order = BatchOrder(self.draws.lengths, settings.batch_size, settings.seed)
        self.rates = Rates(
            hidden=settings.hidden_dropout,
            attention=settings.attention_dropout,
            classifier=settings.hidden_dropout,
        )
        self.on_scores: Callable[[Mapping[str, float]], None] | None = None
        self.device = next(network.parameters()).device
        words = network.encoder.embeddings.word.weight
        (self._words,) = (name for name, parameter in network.named_parameters() if parameter is words)

    @property
    def steps_per_epoch(self) -> int:
        """Updates per pass over the training windows."""
        return -(-self.order.steps_per_epoch // self.settings.gradient_accumulation_steps)

    def batches(self, step: int) -> Sequence[Batch]:
        rank, size = self.world.rank, self.world.size
        shares = (drawn[rank::size] for drawn in self._drawn(step))
        return [self.batch_of(self.draws.windows(share)) for share in shares if len(share)]

    def weight(self, batch: Batch) -> float:
        return batch.weight

    def reads(self, batch: Batch) -> Mapping[str, Tensor]:
        return {self._words: batch.packed.input_ids}

    def loss(self, batch: Batch, step: int, micro: int) -> Tensor:
        with half_precision(self.device):
            logits = self.network(batch.packed, rows=batch.rows, noise=self._noise(batch, step, micro))
        return self.task.loss(logits, batch)

    def tokens(self, batch: Batch) -> int:
        return batch.packed.layout.num_tokens

    def telemetry(self, step: int, seconds: float) -> Mapping[str, float]:
        return {}

    def evaluate(self) -> dict[str, float]:
        examples, windows = self.validation.examples, self.validation.windows
        found = self.task.decode(head_logits(self.network, windows), windows, examples)
        scores = self.task.score(found, examples)
        if self.on_scores is not None:
            self.on_scores(scores)
        return scores

    def replay(self, step: int) -> dict[str, Any]:
        rows = [self.train.examples.rows[self.draws.example[drawn]] for drawn in self._drawn(step)]
        return {"seed": self.settings.seed, "step": step, "rows": [part.tolist() for part in rows]}

    def _drawn(self, step: int) -> list[np.ndarray]:
        """The draws of each batch of a step."""
        parts = self.settings.gradient_accumulation_steps
        return [self.order.batch(number) for number in range(step * parts, (step + 1) * parts)]

    def batch_of(self, chosen: np.ndarray) -> Batch:
        """These windows of the training rows as one batch."""
        offset = self.network.config.position_offset
        return self.task.batch(
            self.train.windows, chosen, self.train.examples, position_offset=offset, device=self.device
        )

    def _noise(self, batch: Batch, step: int, micro: int) -> Noise:
        if self.device.type == "cpu":
            return SampleNoise(self.rates, batch.index, seed=self.settings.seed, step=step)
        part = micro * self.world.size + self.world.rank  # other samples, other masks
        return DeviceNoise(
            self.rates, torch.device(self.device), seed=self.settings.seed, step=step, part=part
        )
