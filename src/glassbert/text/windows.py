"""Windows of token ids, packed end to end. Letters: T tokens of all windows, W windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Windows of token ids in one array over all their tokens: no object per token or per window.

    input_ids       int32 [T]     all windows end to end
    token_type_ids  uint8 [T]
    starts          int64 [W + 1] window w is `starts[w]:starts[w + 1]`
    example         int32 [W]     index of the text that the window belongs to
    scored          bool [T]      over the windows of one text every content token is scored exactly once,
                                  in the window where it has most context; special tokens never
    offsets         int32 [T, 2]  the characters of the text (of its side of a pair) behind each token;
                                  (0, 0) for special tokens; None unless asked for
    sequence        int8 [T]      -1 special token, 0 first text, 1 second text
    num_examples                  how many texts there were (`select` keeps it)
    word            int32 [T]     the number, in its text, of the word whose first token is scored here, else
                                  -1: every word that has a token is there once; None where nobody asked
    sides                         how many texts in a row are one example, each a sequence of its own: 1, or 2
                                  for pairs whose texts are read apart
    """

    input_ids: np.ndarray
    token_type_ids: np.ndarray
    starts: np.ndarray
    example: np.ndarray
    scored: np.ndarray
    offsets: np.ndarray | None
    sequence: np.ndarray
    num_examples: int
    word: np.ndarray | None = None
    sides: int = 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each window, special ones included: int64 [W]."""
        return np.diff(self.starts)

    @cached_property
    def per_text(self) -> np.ndarray:
        """How many windows each text has: int64 [num_examples]."""
        return np.bincount(self.example, minlength=self.num_examples)

    @cached_property
    def once(self) -> np.ndarray:
        """Every token of every text once: the scored ones, and the special ones of a text's outer windows;
        bool [T].
        """
        if len(self.example) == self.num_examples:
            return np.ones(len(self.input_ids), dtype=bool)
        window = np.repeat(np.arange(len(self.example)), self.lengths)
        first = np.diff(self.example, prepend=-1) != 0
        last = np.diff(self.example, append=self.num_examples) != 0
        leading = np.arange(len(window)) == self.starts[window]
        edge = (self.sequence < 0) & np.where(leading, first[window], last[window])
        found: np.ndarray = self.scored | edge
        return found

    @cached_property
    def draws(self) -> Draws:
        """What an order of training draws: a window, or, of examples of several sides, all that they have."""
        if self.sides == 1:
            return Draws(starts=np.arange(len(self) + 1), lengths=self.lengths, example=self.example)
        example = np.arange(self.num_examples // self.sides, dtype=np.int32)
        starts = np.searchsorted(self.example, np.arange(len(example) + 1) * self.sides)
        return Draws(starts=starts, lengths=np.diff(self.starts[starts]), example=example)

    def __len__(self) -> int:
        return len(self.example)

    def select(self, windows: np.ndarray) -> Windows:
        """The windows with these indices (or under this boolean mask), in this order."""
        chosen = np.flatnonzero(windows) if windows.dtype == bool else windows
        lengths = self.lengths[chosen]
        tokens = ranges(self.starts[:-1][chosen], lengths)
        return Windows(
            input_ids=self.input_ids[tokens],
            token_type_ids=self.token_type_ids[tokens],
            starts=bounds(lengths),
            example=self.example[chosen],
            scored=self.scored[tokens],
            offsets=None if self.offsets is None else self.offsets[tokens],
            sequence=self.sequence[tokens],
            num_examples=self.num_examples,
            word=None if self.word is None else self.word[tokens],
            sides=self.sides,
        )


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Runs of windows that are drawn together, each whole: D of them.

    starts    int64 [D + 1]  draw d has the windows `starts[d]:starts[d + 1]`
    lengths   int64 [D]      its tokens
    example   int32 [D]      the example that it belongs to
    """

    starts: np.ndarray
    lengths: np.ndarray
    example: np.ndarray

    def windows(self, chosen: np.ndarray) -> np.ndarray:
        """The windows of these draws, in their order."""
        return ranges(self.starts[chosen], self.starts[chosen + 1] - self.starts[chosen])


def join(parts: Sequence[Windows]) -> Windows:
    """The windows of consecutive runs of texts as those of all of them; at least one part."""
    shifts = bounds(np.array([part.num_examples for part in parts], dtype=np.int64)).astype(np.int32)
    offsets = [part.offsets for part in parts if part.offsets is not None]
    return Windows(
        input_ids=np.concatenate([part.input_ids for part in parts]),
        token_type_ids=np.concatenate([part.token_type_ids for part in parts]),
        starts=bounds(np.concatenate([part.lengths for part in parts])),
        example=np.concatenate(
            [part.example + shift for part, shift in zip(parts, shifts[:-1], strict=True)]
        ),
        scored=np.concatenate([part.scored for part in parts]),
        offsets=np.concatenate(offsets) if len(offsets) == len(parts) else None,
        sequence=np.concatenate([part.sequence for part in parts]),
        num_examples=int(shifts[-1]),
    )


def bounds(lengths: np.ndarray) -> np.ndarray:
    """Where pieces of these lengths begin, lying end to end, and where the last ends: int64 [len + 1]."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def ranges(begins: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """begins[0], begins[0] + 1, ... (lengths[0] of them), begins[1], ...: int64 [sum of lengths]."""
    ends = bounds(lengths)
    return np.repeat(begins - ends[:-1], lengths) + np.arange(ends[-1])
