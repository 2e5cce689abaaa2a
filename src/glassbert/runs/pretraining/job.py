"""What the loop asks for while an encoder is pre-trained: batches of a step, their loss, held-out scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int64
from torch import Tensor

from glassbert.model.network import Network
from glassbert.model.noise import DeviceNoise, Noise, Rates, SampleNoise
from glassbert.runs.inference import half_precision
from glassbert.runs.pretraining.costs import training_flops
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.runs.pretraining.settings import Settings
from glassbert.tasks.distilling import distillation_loss, distillation_sums
from glassbert.tasks.pretraining import MaskedBatch, Sums, pretraining_sums, total_loss
from glassbert.text.corrupt import Masking
from glassbert.text.order import BatchOrder
from glassbert.text.sequences import Batches, Samples
from glassbert.text.tokenizer import Tokenizer
from glassbert.train.ramp import BatchRamp

# tokens that go through the network at a time; the step's gradient is the sum, whatever the number is
MICRO_TOKENS = {"cpu": 4096, "cuda": 65536}
Counts = Int64[np.ndarray, "3"]


@dataclass(frozen=True, eq=False)
class MicroBatch:
    """A batch, and M/B and M/N of the whole step that it is part of: masked words per sequence and token."""

    batch: MaskedBatch
    masked_per_sequence: float
    masked_per_token: float


@dataclass(kw_only=True)
class _Told:
    """What is known of one step besides its loss."""

    data_wait: float
    flops: float
    masked: int
    sequences: int
    tokens: int
    sums: list[Sums] = field(default_factory=list)
    distilled: list[tuple[Tensor, Tensor]] = field(default_factory=list)


class PretrainingJob:
    """Pre-training of a network; batches, masks and dropout are pure functions of (seed, step, sample).

    Process `rank` of `ranks` takes every ranks-th sample of a step; `across` adds up counts over them all.
    `peak` is the machine's FLOPs a second (`costs.machine_peak`). With a `teacher` its masked words and
    states are learnt from as well (`tasks.distilling`). `fresh` are parameters that begin at random above
    trained ones.
    """

    def __init__(
        self,
        network: Network,
        samples: Samples,
        tokenizer: Tokenizer,
        settings: Settings,
        *,
        held_out: HeldOut,
        peak: Mapping[str, Any],
        teacher: Network | None = None,
        fresh: Collection[str] = (),
        rank: int = 0,
        ranks: int = 1,
        across: Callable[[Counts], Counts] = lambda counts: counts,
    ) -> None:
        self.network, self.settings, self.held_out, self.peak = network, settings, held_out, peak
        self.rank, self.ranks, self.across = rank, ranks, across
        self.teacher, self.fresh = teacher, fresh
        masking = Masking(
            rate=settings.masking_rate, whole_words=settings.whole_word_masking, fixed=settings.fixed_masks
        )
        self.made = Batches(samples, tokenizer, masking, seed=settings.seed)
        self.lengths = samples.lengths
        self.order = self._order()
        self.grown = BatchRamp(first=settings.batch_ramp, last=settings.batch_ramp, total_steps=1)
        self.rates = Rates(hidden=settings.hidden_dropout, attention=settings.attention_dropout)
        self.device = next(network.parameters()).device
        self._told: dict[int, _Told] = {}

    def take(self, settings: Settings) -> None:
        """Settings that differ in the size of batches only; before the first step."""
        self.settings = settings
        self.order = self._order()

    def _order(self) -> BatchOrder:
        settings = self.settings
        return BatchOrder(self.lengths, settings.batch_size // settings.batch_ramp, settings.seed)

    def epochs(self, steps: int) -> float:
        """Passes through the text after so many steps: while batches grow, fewer than full ones make."""
        return self.grown.before(steps) / self.order.steps_per_epoch

    def grow_over(self, total_steps: int) -> None:
        """Begin with small batches that grow over the first half of so many steps (before, all are full)."""
        self.grown = BatchRamp(first=1, last=self.settings.batch_ramp, total_steps=total_steps)

    def batches(self, step: int) -> Sequence[MicroBatch]:
        started = time.perf_counter()
        made = [self._batch(numbers, step) for numbers in self._numbers(step)]
        own = [
            sum(each.num_masked for each in made),
            sum(each.num_sequences for each in made),
            sum(each.packed.layout.num_tokens for each in made),
        ]
        masked, sequences, tokens = self.across(np.array(own, dtype=np.int64)).tolist()
        self._told = {each: told for each, told in self._told.items() if each == step - 1}
        self._told[step] = _Told(
            data_wait=time.perf_counter() - started,
            flops=sum(map(self._flops, made)),
            masked=own[0],
            sequences=own[1],
            tokens=own[2],
        )
        return [MicroBatch(each, masked / sequences, masked / tokens) for each in made]

    def weight(self, batch: MicroBatch) -> float:
        return float(batch.batch.num_masked)

    def reads(self, batch: MicroBatch) -> Mapping[str, Tensor]:
        """Nothing: the decoder is tied to the word table, so that every row has a gradient in every step."""
        return {}

    def loss(self, batch: MicroBatch, step: int, micro: int) -> Tensor:
        told, noise = self._told.get(step), self._noise(batch.batch, step, micro)
        if self.teacher is not None:
            with half_precision(self.device):
                found = distillation_sums(self.network, self.teacher, batch.batch, noise=noise)
            if told is not None:
                told.sums.append(_detached(found.sums))
                told.distilled.append((found.soft.detach(), found.cosine.detach()))
            return distillation_loss(found, masked_per_token=batch.masked_per_token)
        with half_precision(self.device):
            sums = pretraining_sums(self.network, batch.batch, noise=noise)
        if told is not None:
            told.sums.append(_detached(sums))
        return total_loss(sums, masked_per_sequence=batch.masked_per_sequence)

    def tokens(self, batch: MicroBatch) -> int:
        return batch.batch.packed.layout.num_tokens

    def telemetry(self, step: int, seconds: float) -> Mapping[str, float]:
        """Losses and how often each was right, what the step waited for, how busy the machine was: of this
        process's share.
        """
        told = self._told.pop(step)
        pairs = self.settings.objective != "mlm"
        found = _means(told.sums, told.masked, told.sequences if pairs else 0)
        return {
            **found,
            **_distilled_means(told),
            "padding": 0.0,  # there is none to count: batches are packed
            "data_wait_seconds": told.data_wait,
            "mfu": told.flops / max(seconds, 1e-9) / self.peak["flops_per_second"],
        }

    def evaluate(self) -> dict[str, float]:
        return self.held_out.scores(self.network)

    def replay(self, step: int) -> dict[str, Any]:
        samples = [numbers.tolist() for numbers in self._numbers(step)]
        return {"seed": self.settings.seed, "step": step, "samples": samples}

    def _numbers(self, step: int) -> list[np.ndarray]:
        """The samples of a step that are this process's own, in parts that the device takes at a time."""
        own = self._drawn(step)[self.rank :: self.ranks]
        parts = -(-int(self.lengths[own].sum()) // MICRO_TOKENS[self.device.type])
        return np.array_split(own, min(parts, len(own))) if len(own) else []

    def _flops(self, batch: MaskedBatch) -> float:
        """A teacher only reads: a third of what training it would take."""
        teacher = 0.0 if self.teacher is None else training_flops(self.teacher.config, batch) / 3
        return training_flops(self.network.config, batch) + teacher

    def _drawn(self, step: int) -> np.ndarray:
        """All samples of a step, shortest first."""
        first = self.grown.before(step)
        parts = [self.order.batch(first + part) for part in range(self.grown.parts(step))]
        drawn = np.concatenate(parts)
        return drawn[np.argsort(self.lengths[drawn], kind="stable")]

    def _batch(self, numbers: np.ndarray, step: int) -> MaskedBatch:
        offset = self.network.config.position_offset
        made = self.made.batch(numbers, step=step)
        return MaskedBatch.of(made, position_offset=offset, device=self.device)

    def _noise(self, batch: MaskedBatch, step: int, micro: int) -> Noise:
        """With rates of 0 nothing is drawn, and the fast block of the CPU is asked for all the same."""
        seed = self.settings.seed
        if self.device.type == "cpu":
            return SampleNoise(self.rates, batch.samples, seed=seed, step=step)
        return DeviceNoise(self.rates, self.device, seed=seed, step=step, part=micro * self.ranks + self.rank)


def _detached(sums: Sums) -> Sums:
    return Sums(
        masked=sums.masked.detach(),
        masked_right=sums.masked_right,
        following=sums.following.detach(),
        following_right=sums.following_right,
    )


def _distilled_means(told: _Told) -> dict[str, float]:
    """The soft loss per masked word and the cosine loss per token, where there is a teacher."""
    if not told.distilled:
        return {}
    soft, cosine = (sum(float(each[part]) for each in told.distilled) for part in (0, 1))
    return {"soft_loss": soft / told.masked, "cosine_loss": cosine / told.tokens}


def _means(sums: Sequence[Sums], masked: int, sequences: int) -> dict[str, float]:
    """Losses and accuracies of all batches together; of pairs where there are sequences with them."""
    names = ("masked", "masked_right", "following", "following_right")
    added = [sum(float(getattr(each, name)) for each in sums) for name in names]
    if not masked:  # a process without a sample in this step
        return {}
    found = {"mlm_loss": added[0] / masked, "mlm_accuracy": added[1] / masked}
    if sequences:
        found |= {"nsp_loss": added[2] / sequences, "nsp_accuracy": added[3] / sequences}
    return found
