"""Texts to token ids through the tokenizers library, each distinct word once.

The library spends about 4 microseconds a token, most of it normalising and splitting. A BERT or byte-level
tokenizer never looks across the space between two words, so a text's tokens are its words' tokens in a row,
and a word's tokens can be kept: SST-2 has 630,000 words, 15,000 of them distinct, and takes a fifth of the
time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import tokenizers

from glassbert.errors import DataError, Problem
from glassbert.text.cutting import Content
from glassbert.text.windows import bounds, ranges

# below this, looking words up costs more than it saves
MIN_CHARACTERS = 2_000
# words are forgotten when they hold more characters than this (about 30 MB with their tokens)
MAX_KEPT_CHARACTERS = 1_000_000
# a byte-level word carries the space before it; only a single space between two words is a safe place to cut
_BYTE_LEVEL_CUT = re.compile(r"(?<=\S)(?= \S)")
_EMPTY = Content(
    ids=np.zeros(0, dtype=np.int32),
    starts=np.zeros(1, dtype=np.int64),
    offsets=np.zeros((0, 2), dtype=np.int32),
)


@dataclass(frozen=True, kw_only=True)
class WordRule:
    """How a text falls into words that are tokenised independently of each other.

    `gap` counts the characters dropped between two words. `keeps_offsets`: a word's offsets do not depend on
    where in its text it stands.
    """

    split: Callable[[str], list[str]]
    gap: int
    keeps_offsets: bool


SPACES = WordRule(split=lambda text: text.split(" "), gap=1, keeps_offsets=True)
# the library trims the space from the offsets of all words but a text's first, so they do depend on the place
BYTE_LEVEL = WordRule(split=_BYTE_LEVEL_CUT.split, gap=0, keeps_offsets=False)


def word_rule(document: dict[str, Any]) -> WordRule | None:
    """The rule that holds for a tokenizer.json, if one does. No added token may match in the text."""
    kinds = tuple((document.get(part) or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model"))
    if any(not token["special"] for token in document["added_tokens"]):
        return None
    if kinds == ("BertNormalizer", "BertPreTokenizer", "WordPiece"):
        return SPACES
    if kinds == (None, "ByteLevel", "BPE") and document["pre_tokenizer"].get("use_regex", True):
        return BYTE_LEVEL
    return None


@dataclass(frozen=True, kw_only=True)
class _Words:
    """Words seen so far and their tokens. Never changed, only replaced: threads may share an encoder."""

    index: dict[str, int]
    content: Content
    characters: int


_NO_WORDS = _Words(index={}, content=_EMPTY, characters=0)


class Encoder:
    """Turns texts into token ids without special tokens, the same as the library's on every text."""

    def __init__(self, library: tokenizers.Tokenizer, rule: WordRule | None = None) -> None:
        self.library = library
        self._rule = rule
        self._words = _NO_WORDS

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> Content:
        """Token ids of each text; DataError naming text and character when one holds a lone surrogate."""
        _check_surrogates(texts)
        rule = self._rule
        if rule is None or (offsets and not rule.keeps_offsets) or sum(map(len, texts)) < MIN_CHARACTERS:
            return self._directly(texts, offsets=offsets)
        return self._by_words(texts, rule, offsets=offsets)

    def _directly(self, texts: Sequence[str], *, offsets: bool) -> Content:
        encode = self.library.encode_batch if offsets else self.library.encode_batch_fast
        encodings = encode(list(texts), add_special_tokens=False)
        lengths = np.fromiter(map(len, encodings), dtype=np.int64, count=len(texts))
        starts = bounds(lengths)
        pairs = chain.from_iterable(chain.from_iterable(encoding.offsets for encoding in encodings))
        return Content(
            ids=_flat((encoding.ids for encoding in encodings), int(starts[-1])),
            starts=starts,
            offsets=np.fromiter(pairs, np.int32, 2 * int(starts[-1])).reshape(-1, 2) if offsets else None,
        )

    def _by_words(self, texts: Sequence[str], rule: WordRule, *, offsets: bool) -> Content:
        words = [rule.split(text) for text in texts]
        counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        known = self._learn(dict.fromkeys(chain.from_iterable(words)), offsets=rule.keeps_offsets)
        which = np.fromiter(
            map(known.index.__getitem__, chain.from_iterable(words)), np.int64, int(counts.sum())
        )
        lengths = np.diff(known.content.starts)[which]
        tokens = ranges(known.content.starts[which], lengths)
        content = Content(ids=known.content.ids[tokens], starts=bounds(lengths)[bounds(counts)], offsets=None)
        if not offsets or known.content.offsets is None:
            return content
        sizes = np.fromiter(map(len, chain.from_iterable(words)), np.int64, len(which)) + rule.gap
        places = bounds(sizes)[:-1] - np.repeat(bounds(sizes)[bounds(counts)[:-1]], counts)
        moved = known.content.offsets[tokens] + np.repeat(places, lengths)[:, None].astype(np.int32)
        return Content(ids=content.ids, starts=content.starts, offsets=moved)

    def _learn(self, words: dict[str, None], *, offsets: bool) -> _Words:
        """The words known, the given ones among them; kept for the next call while they are few enough."""
        known = self._words
        new = [word for word in words if word not in known.index]
        if not new:
            return known
        characters = known.characters + sum(map(len, new))
        added = self._directly(new, offsets=offsets)
        index = known.index | {word: len(known.index) + k for k, word in enumerate(new)}
        known = _Words(index=index, content=_append(known.content, added), characters=characters)
        self._words = known if characters <= MAX_KEPT_CHARACTERS else _NO_WORDS
        return known


def _append(first: Content, second: Content) -> Content:
    """The texts of both; without offsets when the second has none."""
    offsets = None
    if first.offsets is not None and second.offsets is not None:
        offsets = np.concatenate([first.offsets, second.offsets])
    return Content(
        ids=np.concatenate([first.ids, second.ids]),
        starts=np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]),
        offsets=offsets,
    )


def _flat(lists: Any, count: int) -> np.ndarray:
    return np.fromiter(chain.from_iterable(lists), dtype=np.int32, count=count)


def _check_surrogates(texts: Sequence[str]) -> None:
    """A lone surrogate is no character, and the library cannot take it."""
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError:
        for number, text in enumerate(texts, 1):
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                what = (
                    f"text {number} has the lone surrogate U+{ord(text[error.start]):04X} "
                    f"as its character {error.start + 1}"
                )
                fix = "replace it: it is half of a character, left by a cut between two UTF-16 units"
                raise DataError(Problem(code="lone-surrogate", what=what, fix=fix)) from None
        raise
