"""The order of training: which windows make up the batch of a step, as a pure function of (seed, step).

Nothing about a loader is ever stored: a resumed run asks for its step. Batches hold windows of nearly
equal length (cheap for attention) without giving up chance: every epoch is shuffled, cut into pools of
many batches, sorted by length inside a pool only, cut into batches, and the batches are shuffled again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

BATCHES_PER_POOL = 256


@dataclass(frozen=True, eq=False)
class BatchOrder:
    """Every window once per epoch, `batch_size` a step (the last batch of an epoch may be smaller).

    `lengths` [W] are the windows' token counts; `bucketed` False keeps the shuffled order as it is.
    """

    lengths: np.ndarray
    batch_size: int
    seed: int
    bucketed: bool = True
    # two epochs, because the batches of one update may lie in both; kept and dropped with the order itself
    epoch: Callable[[int], list[np.ndarray]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "epoch", lru_cache(maxsize=2)(self._epoch))

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def batch(self, step: int) -> np.ndarray:
        """Numbers of the windows of global step `step` (0-based), shortest first."""
        epoch, place = divmod(step, self.steps_per_epoch)
        return self.epoch(epoch)[place]

    def _epoch(self, epoch: int) -> list[np.ndarray]:
        """All batches of an epoch, in the order of training."""
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.lengths))
        if not self.bucketed:
            return self._cut(order)
        pool = self.batch_size * BATCHES_PER_POOL
        pools = [order[start : start + pool] for start in range(0, len(order), pool)]
        batches = [batch for chosen in pools for batch in self._cut(self._by_length(chosen))]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _by_length(self, windows: np.ndarray) -> np.ndarray:
        return windows[np.argsort(self.lengths[windows], kind="stable")]

    def _cut(self, windows: np.ndarray) -> list[np.ndarray]:
        size = self.batch_size
        return [self._by_length(windows[start : start + size]) for start in range(0, len(windows), size)]


def sorted_batches(lengths: np.ndarray, *, max_tokens: int) -> list[np.ndarray]:
    """Batches for reading only: sorted by length, longest first, at most `max_tokens` each (or a single
    window).
    """
    order = np.argsort(-lengths, kind="stable")
    totals = np.cumsum(lengths[order])
    batches, start, base = [], 0, 0
    while start < len(order):
        end = max(int(np.searchsorted(totals, base + max_tokens, side="right")), start + 1)
        batches.append(order[start:end])
        start, base = end, int(totals[end - 1])
    return batches
