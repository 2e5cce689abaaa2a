"""Some documents of a corpus as a corpus of their own, and which are held out: a matter of their content."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from jaxtyping import Bool, Int32, Int64

from glassbert.errors import DataError, Problem
from glassbert.text.corpus import Corpus
from glassbert.text.windows import bounds

FEWEST, MOST = 2, 1000


class CorpusPart:
    """The chosen documents of a corpus, renumbered: tokens, segments and documents all count from 0.

    What it needs in memory are 8 bytes for each segment; the tokens stay where they are.
    """

    def __init__(self, corpus: Corpus, chosen: Int64[np.ndarray, "D"]) -> None:
        self.corpus, self.chosen, self.directory = corpus, chosen, corpus.directory
        first, last = corpus.documents[chosen], corpus.documents[chosen + 1]
        begin, end = corpus.segments[first], corpus.segments[last]
        self.documents: Int64[np.ndarray, "D1"] = bounds(last - first)
        self._starts = bounds(end - begin)  # of the documents, in tokens of this part
        self._moved = begin - self._starts[:-1]
        runs = [np.asarray(corpus.segments[a:b]) for a, b in zip(first, last, strict=True)]
        shift = np.repeat(self._moved, last - first)
        self.segments: Int64[np.ndarray, "S1"] = np.append(np.concatenate(runs) - shift, self._starts[-1])
        self.num_tokens = int(self._starts[-1])

    @property
    def num_segments(self) -> int:
        return len(self.segments) - 1

    @property
    def num_documents(self) -> int:
        return len(self.chosen)

    def read(self, begin: int, end: int) -> tuple[Int32[np.ndarray, "t"], Bool[np.ndarray, "t"]]:
        """As `Corpus.read`: ids of the tokens begin:end, and where a word begins among them."""
        ids, words = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=bool)]
        while begin < end:
            document = int(np.searchsorted(self._starts, begin, side="right")) - 1
            last = min(end, int(self._starts[document + 1]))
            moved = int(self._moved[document])
            some, starts = self.corpus.read(begin + moved, last + moved)
            ids.append(some)
            words.append(starts)
            begin = last
        return np.concatenate(ids), np.concatenate(words)


def split_by_content(corpus: Corpus, *, share: float) -> tuple[CorpusPart, CorpusPart]:
    """(what to learn from, what is held out): of the documents those `share` whose hashes are lowest.

    A hash is that of the document's tokens, so that equal documents are on one side, and a document that is
    added elsewhere moves hardly any other. At least 2 documents are held out, at most 1000 and their copies.
    Raises DataError where there are too few documents to hold any out.
    """
    count = corpus.num_documents
    hashes = np.fromiter((_hash(corpus, each) for each in range(count)), np.uint64, count)
    wanted = min(max(FEWEST, math.ceil(share * count)), MOST)
    held = hashes <= np.partition(hashes, wanted - 1)[wanted - 1] if count > wanted else np.ones(count, bool)
    if count - int(held.sum()) < FEWEST:
        what = f"of {count} documents none can be held out for evaluation: {FEWEST} must stay and {FEWEST} go"
        fix = "name held-out text with --eval-text, or separate documents by blank lines"
        raise DataError(Problem(code="too-few-documents", what=what, fix=fix))
    return CorpusPart(corpus, np.flatnonzero(~held)), CorpusPart(corpus, np.flatnonzero(held))


def _hash(corpus: Corpus, document: int) -> int:
    first, last = corpus.segments[corpus.documents[document : document + 2]].tolist()
    ids, _ = corpus.read(first, last)
    return int.from_bytes(hashlib.blake2b(ids.astype("<i4").tobytes(), digest_size=8).digest(), "little")
