"""Random numbers that are a function of what they are for: no state, any order, any number of processes.

Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011): ten
rounds of a keyed bijection on a counter of four 32-bit words give four random words. Here over arrays.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from jaxtyping import Int64, UInt32, UInt64

from glassbert.errors import Problem, UsageError

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
BLOCK = 1 << 12
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
# what numbers are for: equal seed, step and sample give other numbers for another purpose
Purpose = Literal["mask", "pair"]
PURPOSES = get_args(Purpose)
MAX_SAMPLE = 1 << 48


def philox(counter: UInt32[np.ndarray, "4 n"], key: tuple[int, int]) -> UInt32[np.ndarray, "4 n"]:
    """Four random words for each column of `counter`; `key` is two words."""
    result = np.empty(counter.shape, dtype=np.uint32)
    for begin in range(0, counter.shape[1], BLOCK):
        part = slice(begin, begin + BLOCK)
        result[:, part] = _block(counter[:, part].astype(np.uint64), key)
    return result


def _block(counter: UInt64[np.ndarray, "4 n"], key: tuple[int, int]) -> UInt64[np.ndarray, "4 n"]:
    """A run of counters that stays in the processor's cache through all rounds."""
    a, b, c, d = counter
    first, second = key
    for _ in range(ROUNDS):
        ac, cc = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        b ^= cc >> HALF
        b ^= np.uint64(first)
        d ^= ac >> HALF
        d ^= np.uint64(second)
        cc &= LOW
        ac &= LOW
        a, b, c, d = b, cc, d, ac
        first, second = (first + WEYL[0]) & 0xFFFFFFFF, (second + WEYL[1]) & 0xFFFFFFFF
    return np.stack([a, b, c, d])


def draw(
    places: Int64[np.ndarray, "n"],
    samples: Int64[np.ndarray, "n"],
    *,
    seed: int,
    step: int,
    purpose: Purpose,
) -> UInt32[np.ndarray, "4 n"]:
    """Four words for each place of a sample, a pure function of (seed, step, sample, place, purpose).

    Raises UsageError for numbers that do not fit: a seed of more than 64 bits, a step of more than 32, a
    sample of more than 48.
    """
    if not (0 <= seed < 1 << 64 and 0 <= step < 1 << 32 and (samples < MAX_SAMPLE).all()):
        what = f"seed {seed}, step {step} or a sample's number is too large, or below 0"
        raise UsageError(Problem(code="bad-seed", what=what, fix="give a seed below 2^64"))
    high = (samples >> 32) | (PURPOSES.index(purpose) << 16)
    words = [places, samples & 0xFFFFFFFF, high, np.full_like(samples, step)]
    return philox(np.stack(words).astype(np.uint32), (seed & 0xFFFFFFFF, seed >> 32))


def below(words: UInt32[np.ndarray, "n"], limit: np.ndarray | int) -> Int64[np.ndarray, "n"]:
    """Numbers 0 ... limit - 1, equally likely but for one part in 2^32 / limit."""
    return ((words.astype(np.uint64) * np.asarray(limit, dtype=np.uint64)) >> HALF).astype(np.int64)
