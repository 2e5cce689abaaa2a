"""Which tokens make up a word as people read it."""

from __future__ import annotations

import unicodedata

import numpy as np
from jaxtyping import Int32

from glassbert.text.windows import Windows


def words_of(windows: Windows, text: str, pair: str | None) -> Int32[np.ndarray, "S"]:
    """The word each token belongs to, counted from 0 over both texts; -1 for special tokens.

    A token continues a word when nothing but letters, digits and the marks on them lies between the token
    before it and its own first character, or when both are parts of one character (the bytes of an emoji);
    Chinese characters are words of their own.
    """
    assert windows.offsets is not None
    words, word, last = [], -1, (-1, -1)
    for sequence, (start, end) in zip(windows.sequence.tolist(), windows.offsets.tolist(), strict=True):
        if sequence < 0:
            words.append(-1)
            last = (-1, -1)
            continue
        source = text if sequence == 0 else (pair or "")
        if last[0] != sequence or not (start < last[1] or _joins(source, last[1], start)):
            word += 1
        words.append(word)
        last = (sequence, end)
    return np.array(words, dtype=np.int32)


def _joins(text: str, end: int, start: int) -> bool:
    """Whether the characters from the last before `end` to that at `start` are all of one word."""
    between = text[max(end - 1, 0) : start + 1]
    return end > 0 and len(between) == start - end + 2 and all(map(_is_word_part, between))


def _is_word_part(character: str) -> bool:
    marks = unicodedata.category(character)[0] == "M"
    return marks or (character.isalnum() and not _is_ideograph(character))


def _is_ideograph(character: str) -> bool:
    ranges = (("\u2e80", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))
    return any(first <= character <= last for first, last in ranges)
