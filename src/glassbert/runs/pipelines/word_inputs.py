"""Texts that come as lists of words: what is read, and where in the joined words its characters are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from glassbert.errors import Problem, UsageError
from glassbert.text.windows import bounds


@dataclass(frozen=True, kw_only=True)
class Given:
    """A text as it is read, and as its places are told: words are read with a space between them, and told
    with `gap` characters between them. `sizes` are the lengths of the words; None for a text as it is.
    """

    read: Any
    shown: Any
    sizes: Int[np.ndarray, "M"] | None = None
    gap: int = 1

    def places(self, spans: Int[np.ndarray, "T 2"]) -> Int[np.ndarray, "T 2"]:
        """The characters of `shown` that these characters of `read` are."""
        if self.sizes is None or self.gap == 1:
            return spans
        begins = bounds(self.sizes + 1)[:-1]
        word = np.searchsorted(begins, spans[:, 0], side="right") - 1
        moved: np.ndarray = spans + (word * (self.gap - 1))[:, None]
        return moved


def as_given(text: Any, *, words: bool, delimiter: str) -> Given:
    """A text, or a list of words; raises UsageError where words are promised and something else is given."""
    if not words:
        return Given(read=text, shown=text)
    if not _is_sentence(text):
        what = "is_split_into_words is said, and an input is no list of words"
        fix = "give a list of words, or a list of such lists"
        raise UsageError(Problem(code="not-words", what=what, fix=fix))
    sizes = np.array([len(word) for word in text], dtype=np.int64)
    return Given(read=" ".join(text), shown=delimiter.join(text), sizes=sizes, gap=len(delimiter))


def sentences(inputs: Any) -> list[Any]:
    """The lists of words: one list of words is one sentence."""
    if _is_sentence(inputs) or isinstance(inputs, str) or not hasattr(inputs, "__iter__"):
        return [inputs]
    return list(inputs)


def _is_sentence(given: Any) -> bool:
    return isinstance(given, list | tuple) and bool(given) and all(isinstance(word, str) for word in given)
