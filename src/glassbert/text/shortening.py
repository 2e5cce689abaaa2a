"""Tokenised texts, or pairs, cut to what one window holds: `truncation` of the tokenizers of transformers.

Letters: n texts or pairs, S sides (1 for a text, 2 for a pair).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Int

from glassbert.text.content import Content
from glassbert.text.cutting import rooms
from glassbert.text.windows import bounds, ranges

Truncation = Literal["longest_first", "only_first", "only_second"]
SIDES: dict[Truncation, int] = {"only_first": 0, "only_second": 1}


def shorten(sides: Sequence[Content], room: int, rule: Truncation) -> list[Content]:
    """The beginnings of n texts or pairs, of at most `room` content tokens together.

    Of a single text any rule but "only_second" keeps the first `room` tokens. Of a pair "longest_first" cuts
    the longer side, and both to their halves where neither fits into one; "only_first" and "only_second" cut
    one side, which keeps a token at least: what is then still too long is left so.
    """
    sizes = np.stack([np.diff(side.starts) for side in sides], axis=1)
    kept = _kept(sizes, room, rule)
    return [_beginnings(side, kept[:, number]) for number, side in enumerate(sides)]


def _kept(sizes: Int[np.ndarray, "n S"], room: int, rule: Truncation) -> Int[np.ndarray, "n S"]:
    if rule == "longest_first" or (rule == "only_first" and sizes.shape[1] == 1):
        return np.minimum(sizes, rooms(sizes, room))
    kept, side = sizes.copy(), SIDES[rule]
    if side < sizes.shape[1]:
        others = sizes.sum(axis=1) - sizes[:, side]
        kept[:, side] = np.minimum(sizes[:, side], np.maximum(room - others, 1))
    return kept


def _beginnings(side: Content, kept: Int[np.ndarray, "n"]) -> Content:
    if (kept == np.diff(side.starts)).all():
        return side
    tokens = ranges(side.starts[:-1], kept)
    return Content(
        ids=side.ids[tokens],
        starts=bounds(kept),
        offsets=None if side.offsets is None else side.offsets[tokens],
    )
