"""Words in Chinese text, by a list of words: what whole-word masking joins.

Chinese is written without spaces, and BERT's tokenizers make every character a token. A list of words and the
longest match from the left, as in the first segmenters, find nine words in ten of common text; a model that
segments would be a dependency of its own. Without a list every character is a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32

from glassbert.errors import DataError, Problem
from glassbert.text.text_stream import stream_lines
from glassbert.text.word_splitting import IS_HAN

# idioms have four characters, few words more; longer entries of a list are names of organisations
MAX_LENGTH = 8


@dataclass(frozen=True)
class WordList:
    """Words of 2 to `MAX_LENGTH` Chinese characters."""

    words: frozenset[str]

    @classmethod
    def of(cls, words: Iterable[str]) -> WordList:
        """What of `words` is Chinese throughout and of a length that counts."""
        fitting = (word for word in words if 2 <= len(word) <= MAX_LENGTH and all(map(IS_HAN.match, word)))
        return cls(frozenset(fitting))

    def inner(self, text: str) -> Int32[np.ndarray, "C"]:
        """The places of the characters that go on with a word: all of every found word but its first."""
        found: list[int] = []
        place, last = 0, len(text) - 1
        while place < last:
            if not IS_HAN.match(text, place):
                place += 1
                continue
            for length in range(MAX_LENGTH, 1, -1):
                if text[place : place + length] in self.words:
                    found.extend(range(place + 1, min(place + length, len(text))))
                    place += length
                    break
            else:
                place += 1
        return np.array(found, dtype=np.int32)


def read_words(path: Path, *, encoding: str = "utf-8", digest: object = None) -> WordList:
    """A word list from a text file, a word a line; what follows the word (a frequency, a tag) is not read.

    Errors: those of `stream_lines`; DataError when no line begins with a Chinese word.
    """
    runs = stream_lines(path, encoding=encoding, digest=digest)
    found = WordList.of(line.split()[0] for run in runs for line in run if line.strip())
    if not found.words:
        what = "no line begins with a word of two or more Chinese characters"
        fix = "name a file with one word a line"
        raise DataError(Problem(code="no-words", what=what, fix=fix, file=str(path)))
    return found
