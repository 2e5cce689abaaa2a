"""Dropout as a pure function of (seed, step, sample): the same for any batch order, worker or process.

torch's own dropout draws one Bernoulli number per element on one core, which costs 7 % of a fine-tuning
step here. One random *byte* per element and one comparison do the same for a tenth of that; the rate is
therefore rounded to a multiple of 1/256 (0.1 becomes 26/256), and the scale is exact for the rounded rate,
so that the expectation is unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

LEVELS = 256
_NOTHING = np.empty(0, dtype=np.uint8)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Dropout rates of one training run: on hidden states, on attention weights, before the classifier."""

    hidden: float = 0.1
    attention: float = 0.0
    classifier: float = 0.1


@runtime_checkable
class Noise(Protocol):
    """What a forward pass needs to drop: the rates, and keep-masks for one use after another."""

    rates: Rates

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate) for `counts` rows per sequence, each `width` wide."""
        ...


class SampleNoise:
    """Noise for the CPU: one counter-based Philox stream per sequence, keyed by (seed, step, sample).

    `samples` [B] are the numbers of the sequences in the data set, in the order of the batch. Draws follow
    the order of the forward pass, which is fixed. Source of the generator: Salmon et al., "Parallel random
    numbers", SC 2011.
    """

    def __init__(self, rates: Rates, samples: Int64[np.ndarray, "B"], *, seed: int, step: int) -> None:
        self.rates = rates
        key = np.array([seed, step], dtype=np.uint64)
        self.streams = [
            np.random.Philox(key=key, counter=np.array([0, 0, 0, sample], dtype=np.uint64))
            for sample in samples
        ]

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate); rate is rounded to a multiple of 1/256."""
        dropped = min(round(rate * LEVELS), LEVELS - 1)
        sizes = counts * width
        draws = [_bytes(stream, int(size)) for stream, size in zip(self.streams, sizes, strict=True) if size]
        levels = torch.from_numpy(np.concatenate([*draws, _NOTHING])).view(-1, width)
        # comparing straight into floats takes a tenth of the time that a mask of booleans and its copy take
        kept = torch.ge(levels, dropped, out=torch.empty(levels.shape, dtype=torch.float32))
        return kept.mul_(LEVELS / (LEVELS - dropped))


class DeviceNoise:
    """Noise for an accelerator: one generator on the device, seeded by (seed, step, part of the batch)."""

    def __init__(self, rates: Rates, device: torch.device, *, seed: int, step: int, part: int = 0) -> None:
        self.rates = rates
        entropy = np.random.SeedSequence([seed, step, part]).generate_state(1, np.uint64)[0]
        self.generator = torch.Generator(device).manual_seed(int(entropy >> np.uint64(1)))

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate), drawn where it is used."""
        shape = (int(counts.sum()), width)
        mask = torch.empty(shape, device=self.generator.device)
        return mask.bernoulli_(1 - rate, generator=self.generator).div_(1 - rate)


def _bytes(stream: np.random.Philox, size: int) -> np.ndarray:
    return stream.random_raw(-(-size // 8)).view(np.uint8)[:size]


def dropped(
    value: Float[Tensor, "R H"], noise: Noise | None, counts: Int64[np.ndarray, "B"], rate: float
) -> Float[Tensor, "R H"]:
    """value * mask, or value itself when nothing is to be dropped."""
    if noise is None or rate == 0:
        return value
    return value * noise.keep(counts, value.shape[-1], rate).to(value.dtype)


def added(
    residual: Float[Tensor, "R H"],
    value: Float[Tensor, "R H"],
    noise: Noise | None,
    counts: Int64[np.ndarray, "B"],
) -> Float[Tensor, "R H"]:
    """residual + dropout(value) in one pass over memory."""
    if noise is None or noise.rates.hidden == 0:
        return residual + value
    return torch.addcmul(
        residual, value, noise.keep(counts, value.shape[-1], noise.rates.hidden).to(value.dtype)
    )
