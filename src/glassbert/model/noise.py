"""Dropout as a pure function of (seed, step, sample): the same for any batch order, worker or process.

torch's own dropout draws one Bernoulli number per element on one core, which costs 7 % of a fine-tuning
step here. One random *byte* per element and one comparison do the same for a fifth of that; the rate is
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
# Numbers thrown away after seeding, until every bit of the seed has reached every bit of the state: the
# author's own figure (PractRand, sfc64::seed).
WARM_UP = 18


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

    def expect(self, counts: Int64[np.ndarray, "B"], width: int, *, uses: int) -> None:
        """Announce that `keep` will be asked for the same `counts` and `width` so many times."""
        ...

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate) for `counts` rows per sequence, each `width` wide."""
        ...


class SampleNoise:
    """Noise for the CPU: every draw of a sequence is a stream of its own, seeded by (seed, step, sample).

    `samples` [B] are the numbers of the sequences in the data set, in the order of the batch. Draws are
    counted in the order of the forward pass, which is fixed. The generator is SFC64 (C. Doty-Humphrey,
    PractRand 0.92; three words of chaotic state and a counter), because it gives 8 bytes a nanosecond or two
    and takes its seed by assignment.
    """

    def __init__(self, rates: Rates, samples: Int64[np.ndarray, "B"], *, seed: int, step: int) -> None:
        self.rates = rates
        self.samples = [int(sample) for sample in samples]
        self._key = (seed, step)
        self._draws = 0
        self._generator = np.random.SFC64(0)
        self._ahead: _Ahead | None = None

    def expect(self, counts: Int64[np.ndarray, "B"], width: int, *, uses: int) -> None:
        """Draw for so many uses at once: one call per sequence in place of one per sequence and use."""
        self._ahead = _Ahead(counts, width, list(self._draw(counts * width, uses))[::-1])

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate); rate is rounded to a multiple of 1/256."""
        dropped = min(round(rate * LEVELS), LEVELS - 1)
        ahead = self._ahead
        if ahead is not None and ahead.counts is counts and ahead.width == width and ahead.levels:
            drawn = ahead.levels.pop()
        else:
            drawn = self._draw(counts * width, 1)[0]
        levels = torch.from_numpy(drawn).view(-1, width)
        # comparing straight into floats takes a tenth of the time that a mask of booleans and its copy take
        kept = torch.ge(levels, dropped, out=torch.empty(levels.shape, dtype=torch.float32))
        return kept.mul_(LEVELS / (LEVELS - dropped))

    def _draw(self, sizes: Int64[np.ndarray, "B"], uses: int) -> np.ndarray:
        """Random bytes [uses, sum of sizes]: those of each sequence by a stream of its own."""
        ends = np.cumsum(sizes)
        drawn = np.empty((uses, int(ends[-1])), dtype=np.uint8)
        for sample, size, end in zip(self.samples, sizes.tolist(), ends.tolist(), strict=True):
            if size:
                words = self._stream(sample, uses * -(-size // 8)).view(np.uint8)
                drawn[:, end - size : end] = words.reshape(uses, -1)[:, :size]
        self._draws += 1
        return drawn

    def _stream(self, sample: int, count: int) -> np.ndarray:
        counter = 1 + (self._draws << 32)
        self._generator.state = {
            "bit_generator": "SFC64",
            "state": {"state": np.array([*self._key, sample, counter], dtype=np.uint64)},
            "has_uint32": 0,
            "uinteger": 0,
        }
        return self._generator.random_raw(WARM_UP + count)[WARM_UP:]


@dataclass(frozen=True)
class _Ahead:
    """Bytes drawn ahead, the next ones last."""

    counts: np.ndarray
    width: int
    levels: list[np.ndarray]


class DeviceNoise:
    """Noise for an accelerator: one generator on the device, seeded by (seed, step, part of the batch)."""

    def __init__(self, rates: Rates, device: torch.device, *, seed: int, step: int, part: int = 0) -> None:
        self.rates = rates
        entropy = np.random.SeedSequence([seed, step, part]).generate_state(1, np.uint64)[0]
        self.generator = torch.Generator(device).manual_seed(int(entropy >> np.uint64(1)))

    def expect(self, counts: Int64[np.ndarray, "B"], width: int, *, uses: int) -> None:
        """Nothing is gained by drawing ahead."""

    def keep(self, counts: Int64[np.ndarray, "B"], width: int, rate: float) -> Float[Tensor, "R W"]:
        """A mask of 0 or 1/(1 - rate), drawn where it is used."""
        shape = (int(counts.sum()), width)
        mask = torch.empty(shape, device=self.generator.device)
        return mask.bernoulli_(1 - rate, generator=self.generator).div_(1 - rate)


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
