"""Texts to token ids through the tokenizers library, each distinct word once.

The library spends about 4 microseconds a token, most of it normalising and splitting. A BERT or byte-level
tokenizer never looks across the space between two words, so a text's tokens are its words' tokens in a row,
and a word's tokens can be kept: SST-2 has 630,000 words, 15,000 of them distinct.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import tokenizers

from glassbert.errors import DataError, Problem
from glassbert.text import words
from glassbert.text.content import Content, encode_batch
from glassbert.text.words import NO_WORDS, WordRule

# below this, looking words up costs more than it saves
MIN_CHARACTERS = 2_000
# when more of the words are new (Chinese without spaces, a short text), the texts are encoded as they are
MAX_NEW_SHARE = 0.5


class Encoder:
    """Turns texts into token ids without special tokens, the same as the library's on every text."""

    def __init__(self, library: tokenizers.Tokenizer, rule: WordRule | None = None) -> None:
        self.library = library
        self._rule = rule
        self._words = NO_WORDS

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> Content:
        """Token ids of each text; DataError naming text and character when one holds a lone surrogate."""
        _check_surrogates(texts)
        rule = self._rule
        if rule is None or (offsets and not rule.spaced) or sum(map(len, texts)) < MIN_CHARACTERS:
            return encode_batch(self.library, texts, offsets=offsets)
        split = [rule.split(text) for text in texts]
        # threads may share an encoder: each goes on with the words it found, and the last leaves its own
        known = self._words
        new = known.unknown(chain.from_iterable(split))
        if len(new) > MAX_NEW_SHARE * sum(map(len, split)):
            return encode_batch(self.library, texts, offsets=offsets)
        if new:
            known = known.learn(new, self.library, spaced=rule.spaced)
            self._words = known if known.characters <= words.MAX_KEPT_CHARACTERS else NO_WORDS
        return known.look_up(split, gap=1 if offsets else None)


def _check_surrogates(texts: Sequence[str]) -> None:
    """A lone surrogate is half a character, which the library cannot take."""
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(*filter(None, map(_surrogate_problem, range(len(texts)), texts))) from None


def _surrogate_problem(number: int, text: str) -> Problem | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        code = f"U+{ord(text[error.start]):04X}"
        what = f"text {number + 1} has the lone surrogate {code} as its character {error.start + 1}"
        fix = "replace it: it is half of a character, left by a cut between two UTF-16 units"
        return Problem(code="lone-surrogate", what=what, fix=fix)
    return None
