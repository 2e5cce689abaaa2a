"""Next-sentence prediction: pairs of texts of which the second follows the first, or is a random one.

The rules are those of the BERT paper (section 3.1 and appendix A.2) and of its program: sentences of a
document as many as fit, cut in two at random; half of the second parts are replaced by text of another
document; one sample in ten is shorter; what is too long is cut at a random end. Two things differ.
A sample is a pure function of (seed, step, sample): where a second part is replaced, its own sentences are
not put back for the next sample. They have their turn at another step: cuts are drawn anew every time. And
a sentence that fills a sample by itself is cut inside, where the program never lets a text follow it: with
long sentences in short samples nearly all its second parts are random, and there is nothing to learn.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Int8, Int64

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.corpus import Tokens
from glassbert.text.philox import draw
from glassbert.text.sequences import Piece
from glassbert.text.windows import bounds

SHORT_SHARE, RANDOM_SHARE = 0.1, 0.5
UNIT = 1 << 32
Span = tuple[int, int]


class SentencePairs:
    """Samples of at most `max_length` tokens: [CLS] A [SEP] B [SEP].

    A sample is a run of segments of one document, as many as fit (`chunks`, int64 [N, 2], in `segments`:
    those of the corpus, one that is longer than a sample in equal parts, so that all of it is read); what
    becomes A and B is drawn anew at every step. Errors: UsageError when `max_length` leaves no room,
    DataError when there is no second document to draw from.
    """

    def __init__(self, corpus: Tokens, *, max_length: int) -> None:
        if max_length < 5:
            what = f"max_length is {max_length}: [CLS], [SEP], [SEP] and two tokens are 5"
            raise UsageError(Problem(code="bad-max-length", what=what, fix="give a larger one"))
        if corpus.num_documents < 2:
            what = "next-sentence pairs need at least two documents, and there is one"
            fix = "separate documents by blank lines, or leave next-sentence prediction out"
            raise DataError(Problem(code="one-document", what=what, fix=fix, file=str(corpus.directory)))
        self.corpus, self.capacity = corpus, max_length - 3
        self.segments, self.documents = _cut_to(corpus, self.capacity)
        self.chunks: Int64[np.ndarray, "N 2"] = self._cut()

    def __len__(self) -> int:
        return len(self.chunks)

    @cached_property
    def lengths(self) -> Int64[np.ndarray, "N"]:
        """The most tokens that each sample can have, special ones included, where its own text follows."""
        held = np.diff(self.segments[self.chunks], axis=1)[:, 0]
        return np.minimum(held, self.capacity) + 3

    def pieces(
        self, samples: Int64[np.ndarray, "B"], *, seed: int, step: int
    ) -> tuple[list[list[Piece]], Int8[np.ndarray, "B"]]:
        """A and B of each sample, and 1 where B is a random text, 0 where it follows A."""
        words = _words(self.capacity // 32 + 3, samples, seed, step)
        made = [self._pair(each, drawn) for each, drawn in zip(samples.tolist(), words, strict=True)]
        return [[Piece(*a, 0), Piece(*b, 1)] for a, b, _ in made], np.array(
            [random for _, _, random in made], dtype=np.int8
        )

    def _pair(self, sample: int, words: list[int]) -> tuple[Span, Span, bool]:
        segments = self.segments
        first, end = self.chunks[sample].tolist()
        target = self.capacity
        if words[0] < SHORT_SHARE * UNIT:
            target = 2 + _below(words[1], self.capacity - 1)
            fits = int(np.searchsorted(segments, segments[first] + target, side="right")) - 1
            end = min(end, max(fits, first + 1))
        begin, middle, last = self._halves(first, end, words[2])
        random = middle == last or words[3] < RANDOM_SHARE * UNIT
        a, b = (begin, middle), (middle, last)
        if random:
            b = self._random(sample, target - (middle - begin), words[4:6])
        a, b = _truncated(a, b, self.capacity, words[8:])
        return a, b, random

    def _halves(self, first: int, end: int, word: int) -> tuple[int, int, int]:
        """Where a run of segments begins, is cut in two, and ends, in tokens; a token alone is not cut."""
        begin, last = int(self.segments[first]), int(self.segments[end])
        if end - first > 1:
            middle = int(self.segments[first + 1 + _below(word, end - first - 1)])
        else:
            middle = begin + 1 + (_below(word, last - begin - 1) if last - begin > 1 else 0)
        return begin, middle, last

    def _random(self, sample: int, wanted: int, words: list[int]) -> Span:
        """Segments of another document, from a random one on, until there are `wanted` tokens or no more."""
        documents, segments = self.documents, self.segments
        own = int(np.searchsorted(documents, self.chunks[sample, 0], side="right")) - 1
        other = _below(words[0], self.corpus.num_documents - 1)
        other += other >= own
        begin, end = int(documents[other]), int(documents[other + 1])
        begin += _below(words[1], end - begin)
        enough = int(np.searchsorted(segments, segments[begin] + max(1, wanted)))
        return int(segments[begin]), int(segments[min(end, max(enough, begin + 1))])

    def _cut(self) -> Int64[np.ndarray, "N 2"]:
        segments, chunks = self.segments, []
        for document in range(self.corpus.num_documents):
            place, last = int(self.documents[document]), int(self.documents[document + 1])
            while place < last:
                fits = int(np.searchsorted(segments, segments[place] + self.capacity, side="right")) - 1
                end = min(last, max(fits, place + 1))
                chunks.append((place, end))
                place = end
        return np.array(chunks, dtype=np.int64)


def _cut_to(corpus: Tokens, capacity: int) -> tuple[Int64[np.ndarray, "S1"], Int64[np.ndarray, "D1"]]:
    """Segments and documents of the corpus with every segment cut into the fewest equal parts that fit."""
    sizes = np.diff(corpus.segments)
    if not len(sizes) or sizes.max() <= capacity:
        return corpus.segments, corpus.documents
    parts = -(-sizes // capacity)
    before = bounds(parts)
    place = np.arange(before[-1]) - np.repeat(before[:-1], parts)
    starts = np.repeat(corpus.segments[:-1], parts) + place * np.repeat(sizes, parts) // np.repeat(
        parts, parts
    )
    return np.append(starts, corpus.segments[-1]), before[corpus.documents]


def _words(count: int, samples: Int64[np.ndarray, "B"], seed: int, step: int) -> list[list[int]]:
    """4 `count` random words for each sample at a step."""
    places = np.tile(np.arange(count), len(samples))
    drawn = draw(places, np.repeat(samples, count), seed=seed, step=step, purpose="pair")
    found: list[list[int]] = drawn.T.reshape(len(samples), 4 * count).tolist()
    return found


def _below(word: int, limit: int) -> int:
    """A number of 0 ... limit - 1."""
    return word * limit >> 32


def _truncated(a: Span, b: Span, capacity: int, words: list[int]) -> tuple[Span, Span]:
    """Both cut to `capacity` tokens: tokens go from the longer of the two (of equal ones, the second), each
    from its front or its end with equal chances.
    """
    sizes = [a[1] - a[0], b[1] - b[0]]
    excess = sum(sizes) - capacity
    if excess <= 0:
        return a, b
    longer = 0 if sizes[0] > sizes[1] else 1
    level = min(excess, abs(sizes[0] - sizes[1]))
    gone = [0, 0]
    gone[longer] += level
    gone[1] += (excess - level + 1) // 2
    gone[0] += (excess - level) // 2
    return _shortened(a, gone[0], words[0::2]), _shortened(b, gone[1], words[1::2])


def _shortened(span: Span, gone: int, words: list[int]) -> Span:
    """Without `gone` tokens; how many of them from the front is a binomial number of random bits."""
    bits = "".join(f"{word:032b}" for word in words)
    while len(bits) < gone:  # a sentence of a length that no sample has: the numbers are used again
        bits += bits
    front = bits[:gone].count("1")
    return span[0] + front, span[1] - (gone - front)
