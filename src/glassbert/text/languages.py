"""How much of each language a vocabulary is learnt from: temperature sampling over groups of files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def sampling_rates(sizes: Sequence[int], *, temperature: float, limit: int) -> list[float]:
    """How often each line of a language is read, from the characters n_i that the languages have.

    p_i = n_i^(1/T) / sum_j n_j^(1/T) of M = min(sum_j n_j, limit) characters are language i's, so that each
    of its lines is read r_i = M p_i / n_i times on average. T = 1 keeps the languages' shares, a large T
    makes them equal: small languages are read several times, large ones in part. A language without text
    has the rate 0. Source: the exponential smoothing of multilingual BERT (S = 1/T = 0.7) and XLM-R (0.3).
    """
    counts = np.asarray(sizes, dtype=np.float64)
    shares = np.where(counts > 0, np.maximum(counts, 1) ** (1 / temperature), 0.0)
    wanted = min(float(counts.sum()), float(limit)) * shares / shares.sum()
    return [float(each) for each in np.divide(wanted, counts, out=np.zeros_like(counts), where=counts > 0)]


class LineSampler:
    """Repeats or drops lines so that each is there `rate` times on average.

    Line k is there floor(rate) times, and once more where u_k < rate - floor(rate); the u_k are the numbers
    of a generator of (seed, language) in the order of the lines, however these are handed over.
    """

    def __init__(self, rate: float, *, seed: int, language: int) -> None:
        self.whole, self.share = int(rate), rate - int(rate)
        self._rng = np.random.default_rng([seed, language])

    def take(self, lines: list[str]) -> list[str]:
        """The lines to read, in their order."""
        if not self.share:
            return lines * self.whole
        more = self._rng.random(len(lines)) < self.share
        if not self.whole:
            return [line for line, taken in zip(lines, more.tolist(), strict=True) if taken]
        times = (more + self.whole).tolist()
        return [line for line, count in zip(lines, times, strict=True) for _ in range(count)]
