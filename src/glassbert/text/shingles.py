"""Texts as sets of shingles: every run of k characters, as a 64-bit number.

Letters: n texts, S shingles of all texts, k characters of a shingle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt64

from glassbert.text.folding import Text, fold_text
from glassbert.text.profiles import LETTER, UNSPACED
from glassbert.text.windows import bounds

WORDS_SIZE, UNSPACED_SIZE = 5, 2
"""Characters of a shingle: about a word in both kinds of script."""
UNSPACED_SHARE = 0.3
SAMPLE = 2000
MOST_CHARACTERS = 10_000
MOST_IN_ALL = 20_000_000
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_HALF = np.uint64(33)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shingles:
    """`hashes` uint64 [S]: those of text i are `starts[i]:starts[i + 1]`, repeated ones included.

    `size` is k; `characters` is how much of each text was read at most, and `cut` how many were longer.
    """

    hashes: UInt64[np.ndarray, "S"]
    starts: Int[np.ndarray, "n+1"]
    size: int
    characters: int
    cut: int


def shingles(texts: Sequence[Text], *, size: int | None = None) -> Shingles:
    """The shingles of folded texts (case and white space do not count); of a pair, both texts in a row.

    A text of c > 0 characters has c shingles, because its end is padded: short texts have some too. `size`:
    2 for scripts without spaces, else 5, as most letters of the texts ask for. Where all texts together are
    too long, only the beginning of each is read.
    """
    folded = [_joined(fold_text(text)) for text in texts]
    size = shingle_size(folded) if size is None else size
    lengths = np.array([len(text) for text in folded], dtype=np.int64)
    limit = _limit(lengths)
    points = [np.zeros(0, dtype=np.uint64)]
    for text in folded:
        if text:
            codes = np.frombuffer(text[:limit].encode("utf-32-le", "surrogatepass"), dtype="<u4")
            points.append(np.concatenate([codes, np.zeros(size - 1, dtype="<u4")]).astype(np.uint32))
    kept = np.minimum(lengths, limit)
    padded = np.where(kept > 0, kept + size - 1, 0)
    hashed = _hashes(np.concatenate(points).astype(np.uint64), size)
    inside = np.arange(int(padded.sum())) - np.repeat(bounds(padded)[:-1], padded) < np.repeat(kept, padded)
    return Shingles(
        hashes=hashed[inside[: len(hashed)]],
        starts=bounds(kept),
        size=size,
        characters=limit,
        cut=int((lengths > limit).sum()),
    )


def shingle_size(texts: Sequence[str]) -> int:
    """2 where a good part of the letters belongs to scripts that are written without spaces, else 5."""
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    letters = sum(len(LETTER.findall(text[:MOST_CHARACTERS])) for text in sample)
    unspaced = sum(len(UNSPACED.findall(text[:MOST_CHARACTERS])) for text in sample)
    return UNSPACED_SIZE if unspaced > UNSPACED_SHARE * letters else WORDS_SIZE


def _limit(lengths: Int[np.ndarray, "n"]) -> int:
    """The most characters of one text, such that all together stay within the limit."""
    low, high = 1, MOST_CHARACTERS
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.minimum(lengths, middle).sum()) <= MOST_IN_ALL:
            low = middle
        else:
            high = middle - 1
    return low


def _hashes(points: UInt64[np.ndarray, "P"], size: int) -> UInt64[np.ndarray, "S"]:
    """A polynomial of each run of `size` code points modulo 2^64, then mixed (MurmurHash3's finaliser)."""
    if len(points) < size:
        return np.zeros(0, dtype=np.uint64)
    found = np.zeros(len(points) - size + 1, dtype=np.uint64)
    for place in range(size):
        found = found * _BASE + points[place : len(points) - size + 1 + place] + np.uint64(1)
    return mixed(found)


def mixed(values: UInt64[np.ndarray, "S"]) -> UInt64[np.ndarray, "S"]:
    """Numbers whose every bit depends on every bit of the given ones; a bijection."""
    for factor in _MIX:
        values = (values ^ (values >> _HALF)) * factor
    return np.asarray(values ^ (values >> _HALF))


def _joined(text: Text) -> str:
    return text if isinstance(text, str) else "\n".join(text)
