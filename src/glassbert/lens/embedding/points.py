"""Which points a map has: texts, tokens in their texts, or words of the table; all of them, or a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int32, Int64

from glassbert.errors import DataError, Problem, UsageError
from glassbert.lens.embedding.options import EmbeddingOptions
from glassbert.lens.seen import Inspectable, Text
from glassbert.text.windows import Windows

# of the windows of two models, where these have to be equal for tokens to be the same points
SHARED = ("input_ids", "starts", "scored")


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """n points of M texts. `text_of` and `token_of` are -1 where a point has no text or is a whole text.

    `token_of` indexes `tokens`, which are distinct; `position` is the place of a token in its text, counted
    over all of the text's tokens. `windows` are those to read, and `place` [T] says which point each of their
    tokens is, -1 for none; both are None where nothing has to be read.
    """

    texts: tuple[str, ...]
    rows: Int32[np.ndarray, " M"]
    text_of: Int32[np.ndarray, " n"]
    token_of: Int32[np.ndarray, " n"]
    position: Int32[np.ndarray, " n"]
    tokens: tuple[str, ...]
    ids: Int32[np.ndarray, " n"]  # of tokens in the vocabulary; -1 for whole texts
    total: int
    kept: Int64[np.ndarray, " M"]  # which of the texts given these are
    windows: Windows | None = None
    place: Int64[np.ndarray, " T"] | None = None

    def __len__(self) -> int:
        return len(self.text_of)


def choose_points(
    model: Inspectable, texts: Sequence[Text], rows: np.ndarray, *, options: EmbeddingOptions
) -> Points:
    """The points of these texts, or of a sample of them. Raises UsageError where there is none."""
    if options.pooling == "static":
        return _words(model, texts, options)
    if not texts:
        raise UsageError(Problem(code="no-texts", what="there are 0 texts", fix="give at least one"))
    if options.pooling == "token":
        return _tokens(model, texts, rows, options)
    chosen = drawn(len(texts), options)
    kept = [texts[i] for i in chosen.tolist()]
    none = np.full(len(kept), -1, np.int32)
    return Points(
        texts=tuple(map(shown, kept)),
        rows=rows[chosen].astype(np.int32),
        text_of=np.arange(len(kept), dtype=np.int32),
        token_of=none,
        position=none,
        tokens=(),
        ids=none,
        total=len(texts),
        kept=chosen,
        windows=model.windows(kept),
    )


def reread(points: Points, model: Inspectable, texts: Sequence[Text], *, first: Inspectable) -> Points:
    """The same points for another model: its own windows of the same texts.

    Raises DataError for points that are tokens when the models cut texts into different ones.
    """
    if points.windows is None:
        distinct = tuple(model.tokenizer.tokens(points.ids.tolist()))
        same = points.ids.max() < model.tokenizer.vocab_size and distinct == points.tokens
    elif points.place is None:
        return replace(points, windows=model.windows(list(texts)))
    else:
        windows = model.windows(list(texts))
        same = all(np.array_equal(getattr(windows, name), getattr(points.windows, name)) for name in SHARED)
    if not same:
        what = f"'{first.name}' and '{model.name}' have different tokens"
        raise DataError(Problem(code="other-tokens", what=what, fix="compare texts: --pooling mean"))
    return points


def drawn(total: int, options: EmbeddingOptions) -> Int64[np.ndarray, " n"]:
    """All of `total`, or the sample that was asked for, in order."""
    if options.sample is None or options.sample >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(options.seed).choice(total, options.sample, replace=False))


def shown(text: Text) -> str:
    return text if isinstance(text, str) else f"{text[0]} ‖ {text[1]}"


def _tokens(model: Inspectable, texts: Sequence[Text], rows: np.ndarray, options: EmbeddingOptions) -> Points:
    """Every content token once, seen in the window where it has most context."""
    windows = model.windows(list(texts))
    content = np.flatnonzero(windows.scored)
    if not len(content):
        raise _no_tokens()
    owner = np.repeat(windows.example, windows.lengths)[content]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    position = np.arange(len(owner)) - np.repeat(first, np.diff(first, append=len(owner)))
    chosen = drawn(len(content), options)
    place = np.full(len(windows.input_ids), -1, np.int64)
    place[content[chosen]] = np.arange(len(chosen))
    ids = windows.input_ids[content[chosen]]
    distinct, token_of = np.unique(ids, return_inverse=True)
    return Points(
        texts=tuple(map(shown, texts)),
        rows=rows.astype(np.int32),
        text_of=owner[chosen].astype(np.int32),
        token_of=token_of.astype(np.int32),
        position=position[chosen].astype(np.int32),
        tokens=tuple(model.tokenizer.tokens(distinct.tolist())),
        ids=ids.astype(np.int32),
        total=len(content),
        kept=np.arange(len(texts)),
        windows=windows,
        place=place,
    )


def _words(model: Inspectable, texts: Sequence[Text], options: EmbeddingOptions) -> Points:
    size = model.network.config.vocab_size
    ids = np.arange(min(size, model.tokenizer.vocab_size))
    if texts:
        windows = model.windows(list(texts))
        ids = np.unique(windows.input_ids[windows.scored])
    chosen = ids[drawn(len(ids), options)].astype(np.int32)
    if not len(chosen):
        raise _no_tokens()
    none = np.full(len(chosen), -1, np.int32)
    return Points(
        texts=(),
        rows=np.empty(0, np.int32),
        text_of=none,
        token_of=np.arange(len(chosen), dtype=np.int32),
        position=none,
        tokens=tuple(model.tokenizer.tokens(chosen.tolist())),
        ids=chosen,
        total=len(ids),
        kept=np.empty(0, np.int64),
    )


def _no_tokens() -> UsageError:
    return UsageError(Problem(code="no-tokens", what="the texts hold no token", fix="give a text of words"))
