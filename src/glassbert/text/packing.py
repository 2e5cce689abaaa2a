"""Full sentences: a corpus cut into samples of as many whole segments as fit, as RoBERTa was trained.

No padding anywhere: samples are packed end to end, and nearly all are full. A sample may go on into the next
document, with a separator between the two.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Int64

from glassbert.errors import Problem, UsageError
from glassbert.text.corpus import Tokens
from glassbert.text.sequences import Piece


class FullSentences:
    """Samples of at most `max_length` tokens with [CLS] and [SEP]; every token of the corpus is in one.

    A segment longer than a sample is cut. Raises UsageError when `max_length` leaves no room.
    """

    def __init__(self, corpus: Tokens, *, max_length: int) -> None:
        if max_length < 3:
            what = f"max_length is {max_length}: [CLS], a token and [SEP] are 3"
            raise UsageError(Problem(code="bad-max-length", what=what, fix="give a larger one"))
        self.corpus, self.capacity = corpus, max_length - 2
        self.document_starts = corpus.segments[corpus.documents]
        self.starts: Int64[np.ndarray, "N1"] = self._cut()

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> Int64[np.ndarray, "N"]:
        """Tokens of each sample, special ones included."""
        inside = np.searchsorted(self.document_starts, self.starts[1:])
        borders = inside - np.searchsorted(self.document_starts, self.starts[:-1] + 1)
        return np.diff(self.starts) + 2 + borders

    def pieces(
        self, samples: Int64[np.ndarray, "B"], *, seed: int, step: int
    ) -> tuple[list[list[Piece]], None]:
        """The pieces of each sample, one for each document in it; they are the same at every step."""
        return [self._pieces(int(self.starts[each]), int(self.starts[each + 1])) for each in samples], None

    def _pieces(self, begin: int, end: int) -> list[Piece]:
        first, last = np.searchsorted(self.document_starts, [begin + 1, end])
        cuts = [begin, *self.document_starts[first:last].tolist(), end]
        return [Piece(cuts[k], cuts[k + 1], 0) for k in range(len(cuts) - 1)]

    def _cut(self) -> Int64[np.ndarray, "N1"]:
        """Greedily: as many segments as fit, counting a separator for every document that begins inside."""
        segments, documents = self.corpus.segments, self.document_starts
        starts, place, total = [0], 0, self.corpus.num_tokens
        while place < total:
            limit = place + self.capacity
            first, last = np.searchsorted(documents, [place + 1, limit])
            limit -= int(last - first)
            end = int(segments[np.searchsorted(segments, limit, side="right") - 1])
            place = end if end > place else min(max(limit, place + 1), total)
            starts.append(place)
        return np.array(starts, dtype=np.int64)
