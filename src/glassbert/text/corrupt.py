"""Masked language modelling: which tokens are hidden, and what stands in their place.

A pure function of (seed, step, sample): the same whatever else is in the batch, on whatever process. Letters:
T tokens of the batch, B sequences, M masked tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64, UInt32

from glassbert.errors import Problem, UsageError
from glassbert.text.philox import below, draw
from glassbert.text.windows import bounds

UNIT = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Masking:
    """What is hidden (the paper's values are the defaults).

    rate         share of the tokens that are predicted, above 0 and at most 1
    whole_words  a word is hidden with all its tokens or not at all
    fixed        a sample has one mask for all steps ("static" of the RoBERTa paper), not a new one every time
    masked       share of the predicted tokens that become the mask; `random` become a token drawn at random
                 from all that are not special; the others stay what they are
    """

    rate: float = 0.15
    whole_words: bool = False
    fixed: bool = False
    masked: float = 0.8
    random: float = 0.1

    def __post_init__(self) -> None:
        shares = self.masked >= 0 and self.random >= 0 and self.masked + self.random <= 1 + 1e-9
        if not (0 < self.rate <= 1 and shares):
            what = f"rate {self.rate}, masked {self.masked}, random {self.random}"
            fix = "give a rate above 0 and at most 1, and two shares that add up to at most 1"
            raise UsageError(Problem(code="bad-masking", what=what, fix=fix))


@dataclass(frozen=True, kw_only=True)
class Corrupted:
    """`input_ids` [T] as the model sees them, the `rows` [M] that it predicts, ascending, `labels` [M]."""

    input_ids: Int32[np.ndarray, "T"]
    rows: Int64[np.ndarray, "M"]
    labels: Int32[np.ndarray, "M"]


def corrupt(
    ids: Int32[np.ndarray, "T"],
    *,
    special: Bool[np.ndarray, "T"],
    word_starts: Bool[np.ndarray, "T"],
    starts: Int64[np.ndarray, "B1"],
    samples: Int64[np.ndarray, "B"],
    masking: Masking,
    mask_id: int,
    replacements: Int32[np.ndarray, "R"],
    seed: int,
    step: int,
) -> Corrupted:
    """Hide tokens of packed sequences.

    Of a sequence with L tokens that are not special, n = max(1, rate L) are predicted: its words (or
    tokens) are taken in random order as long as they fit into n, and the first that does not with the
    probability (what is left of n) / (its tokens), so that exactly n are taken on average, and
    where words are single tokens n rounded up or down. Of each predicted token one number decides between
    mask, random and itself.
    """
    lengths = np.diff(starts)
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(ids)) - starts[sequence]
    words = draw(place, samples[sequence], seed=seed, step=0 if masking.fixed else step, purpose="mask")
    eligible = np.flatnonzero(~special)
    rows = eligible[_chosen(eligible, sequence[eligible], word_starts, words, masking)]
    action = words[1, rows]
    masked = action < int(masking.masked * UNIT)
    random = ~masked & (action < int((masking.masked + masking.random) * UNIT))
    seen = ids.copy()
    seen[rows[masked]] = mask_id
    drawn = rows[random]
    seen[drawn] = replacements[below(words[2, drawn], len(replacements))]
    return Corrupted(input_ids=seen, rows=rows, labels=ids[rows])


def _chosen(
    eligible: Int64[np.ndarray, "E"],
    sequence: Int64[np.ndarray, "E"],
    word_starts: Bool[np.ndarray, "T"],
    words: np.ndarray,
    masking: Masking,
) -> Bool[np.ndarray, "E"]:
    """Which of the tokens at `eligible` are predicted."""
    begins = np.ones(len(eligible), dtype=bool)
    if masking.whole_words:  # a word ends where a special token stands between, or another sequence begins
        begins[1:] = word_starts[eligible[1:]] | (np.diff(eligible) > 1) | (np.diff(sequence) > 0)
    first = np.flatnonzero(begins)
    sizes = np.diff(np.append(first, len(eligible)))
    owner, numbers = sequence[first], words[:, eligible[first]]
    order = _order(owner, numbers[0])
    ends = np.cumsum(sizes[order])
    of_sequence = np.bincount(sequence, minlength=int(sequence[-1]) + 1 if len(sequence) else 0)
    ends -= bounds(of_sequence)[owner[order]]
    before = ends - sizes[order]
    wanted = np.maximum(1.0, masking.rate * of_sequence)[owner[order]]
    chance = (wanted - before) / sizes[order]
    taken = np.zeros(len(first), dtype=bool)
    taken[order] = (ends <= wanted) | (numbers[3][order] < chance * UNIT)
    return np.repeat(taken, sizes)


def _order(owner: Int64[np.ndarray, "W"], numbers: UInt32[np.ndarray, "W"]) -> Int64[np.ndarray, "W"]:
    """The words of each sequence by their numbers, equal numbers in the order of the text.

    One key of 64 bits sorts faster than two keys; that no two are equal makes the order the same on every
    processor, whatever sort it has.
    """
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    if len(owner) == 0 or max(int(owner[-1]), int(place.max())) >= 1 << 16:
        return np.lexsort((numbers, owner))
    sixteen = np.uint64(16)
    key = ((owner.astype(np.uint64) << np.uint64(32)) | numbers) << sixteen | place.astype(np.uint64)
    return np.argsort(key)
