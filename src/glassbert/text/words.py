"""Texts as words that are tokenised once each, where a tokenizer never looks from one word into the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import tokenizers

from glassbert.text.content import NOTHING, Content, append, encode_batch
from glassbert.text.windows import bounds, ranges

# words are forgotten when they hold more characters than this (about 50 MB with their tokens)
MAX_KEPT_CHARACTERS = 2_000_000
# new words go to the library as lines of so many: a call for each would cost four times as much
WORDS_PER_LINE = 256
# a byte-level word carries the space before it; only a single space between two words is a safe place to cut
_BYTE_LEVEL_CUT = re.compile(r"(?<=\S)(?= \S)")


@dataclass(frozen=True, kw_only=True)
class WordRule:
    """How a text falls into words that are tokenised independently of each other.

    `spaced`: words are separated by one character, and a word's tokens and offsets do not depend on whether
    another precedes it.
    """

    split: Callable[[str], list[str]]
    spaced: bool


def _by_spaces(text: str) -> list[str]:
    """A function with a name, because an estimator that holds it is sent to other processes."""
    return text.split(" ")


SPACES = WordRule(split=_by_spaces, spaced=True)
# the library adds a space before, and trims it from the offsets of, the first word of a text only
BYTE_LEVEL = WordRule(split=_BYTE_LEVEL_CUT.split, spaced=False)


def word_rule(document: Mapping[str, Any]) -> WordRule | None:
    """The rule that holds for a tokenizer.json, if one does. No added token may match in the text."""
    parts = [document.get(part) or {} for part in ("normalizer", "pre_tokenizer", "model")]
    kinds = tuple(part.get("type") for part in parts)
    if any(not token["special"] for token in document["added_tokens"]):
        return None
    if kinds == ("BertNormalizer", "BertPreTokenizer", "WordPiece"):
        return SPACES
    if kinds == (None, "ByteLevel", "BPE") and parts[1].get("use_regex", True):
        return BYTE_LEVEL
    return None


@dataclass(frozen=True, kw_only=True)
class Words:
    """Words and their tokens: word w is text `index[w]` of `content`. Never changed, only replaced."""

    index: dict[str, int]
    content: Content
    characters: int

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Those of the words that are not known, each once."""
        return [word for word in dict.fromkeys(words) if word not in self.index]

    def learn(self, new: Sequence[str], library: tokenizers.Tokenizer, *, spaced: bool) -> Words:
        """These words and the given ones, which are distinct and unknown."""
        encode = _encode_spaced if spaced else _encode_apart
        numbers = range(len(self.index), len(self.index) + len(new))
        return Words(
            index=self.index | dict(zip(new, numbers, strict=True)),
            content=append(self.content, encode(library, new)),
            characters=self.characters + sum(map(len, new)),
        )

    def look_up(self, words: Sequence[Sequence[str]], *, gap: int | None) -> Content:
        """The tokens of texts given as words, all of them known; with offsets if `gap` says how far apart."""
        counts = np.fromiter(map(len, words), np.int64, len(words))
        which = np.fromiter(
            map(self.index.__getitem__, chain.from_iterable(words)), np.int64, int(counts.sum())
        )
        lengths = np.diff(self.content.starts)[which]
        tokens = ranges(self.content.starts[which], lengths)
        offsets = None
        if gap is not None and self.content.offsets is not None:
            ends = bounds(np.fromiter(map(len, chain.from_iterable(words)), np.int64, len(which)) + gap)
            places = ends[:-1] - np.repeat(ends[bounds(counts)[:-1]], counts)
            offsets = self.content.offsets[tokens] + np.repeat(places, lengths)[:, None].astype(np.int32)
        return Content(ids=self.content.ids[tokens], starts=bounds(lengths)[bounds(counts)], offsets=offsets)


NO_WORDS = Words(index={}, content=NOTHING, characters=0)


def _encode_apart(library: tokenizers.Tokenizer, words: Sequence[str]) -> Content:
    return encode_batch(library, words, offsets=False)


def _encode_spaced(library: tokenizers.Tokenizer, words: Sequence[str]) -> Content:
    """Each word's tokens, with offsets, out of lines of many words: a token's place tells its word."""
    lines = [" ".join(words[k : k + WORDS_PER_LINE]) for k in range(0, len(words), WORDS_PER_LINE)]
    whole = encode_batch(library, lines, offsets=True)
    assert whole.offsets is not None
    begins = bounds(np.fromiter(map(len, words), np.int64, len(words)) + 1)[:-1]
    places = whole.offsets + np.repeat(begins[::WORDS_PER_LINE], np.diff(whole.starts))[:, None]
    word = np.searchsorted(begins, places[:, 0], side="right") - 1
    return Content(
        ids=whole.ids,
        starts=bounds(np.bincount(word, minlength=len(words))),
        offsets=(places - begins[word][:, None]).astype(np.int32),
    )
