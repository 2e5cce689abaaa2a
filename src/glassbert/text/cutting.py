"""Tokenised texts cut into windows of a maximal length, without losing a token.

Letters: n texts or pairs, S sides (1 for a text, 2 for a pair), W windows, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassbert.errors import Problem, UsageError
from glassbert.text.content import Content
from glassbert.text.windows import Windows, bounds, ranges
from glassbert.text.wrapping import Wrapping


def cut(
    sides: Sequence[Content], wrapping: Wrapping, *, max_length: int, stride: int | None = None
) -> Windows:
    """Windows of at most `max_length` tokens over n texts (one side) or n pairs (two sides).

    A text that fits is one window, equal to what the tokenizer's post-processor makes of it. A longer one is
    cut into windows that share `stride` content tokens with their neighbour (default: a quarter of what a
    window holds of the text), each wrapped in the same special tokens. Of a pair, the longer side is cut and
    the shorter one stands whole in every window, if it fits into half of the room. When neither side fits
    into half of the room, both are cut, each to its half, and their windows are paired in order, the side
    with fewer windows repeating some: every token is seen and the cost stays linear, but not every part of
    one side meets every part of the other.

    Errors: UsageError when `max_length` leaves no room for content, or `stride` none for progress.
    """
    room = max_length - wrapping.size
    _check_room(room, len(sides), max_length, stride)
    sizes = np.stack([np.diff(side.starts) for side in sides], axis=1)
    return _pack(sides, wrapping, _plan(sizes, rooms(sizes, room), stride))


def _check_room(room: int, num_sides: int, max_length: int, stride: int | None) -> None:
    if room < num_sides:
        what = f"max_length {max_length} leaves no room: {max_length - room} special tokens come first"
        fix = f"use at least {max_length - room + num_sides}"
        raise UsageError(Problem(code="max-length-too-small", what=what, fix=fix))
    # the smallest room that a side which is cut can be left with
    least = room if num_sides == 1 else room // 2
    if stride is not None and not 0 <= stride < least:
        what = f"stride {stride}: a window may hold as few as {least} tokens of a text, and must share fewer"
        fix = f"use a stride from 0 to {least - 1}, or a larger max_length"
        raise UsageError(Problem(code="bad-stride", what=what, fix=fix))


def rooms(sizes: np.ndarray, room: int) -> np.ndarray:
    """How many content tokens a window may hold of each side: int64 [n, S]."""
    if sizes.shape[1] == 1:
        return np.full_like(sizes, room)
    shorter = np.minimum(sizes.min(axis=1), room // 2)
    first = np.where(sizes[:, 0] > sizes[:, 1], room - shorter, shorter)
    return np.stack([first, room - first], axis=1)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What windows take of each side, int64 [W, S]: `length` tokens from `begin`, `low` to `high` scored."""

    example: np.ndarray
    begin: np.ndarray
    length: np.ndarray
    low: np.ndarray
    high: np.ndarray
    num_examples: int


def _plan(sizes: np.ndarray, rooms: np.ndarray, stride: int | None) -> _Plan:
    overlaps = rooms // 4 if stride is None else np.full_like(rooms, stride)
    steps = np.maximum(rooms - overlaps, 1)
    counts = np.where(sizes <= rooms, 1, -(-(sizes - overlaps) // steps))
    totals = counts.max(axis=1)
    example = np.repeat(np.arange(len(sizes), dtype=np.int32), totals)
    turn = ranges(np.zeros_like(totals), totals)[:, None]
    count, total, overlap, step = counts[example], totals[example, None], overlaps[example], steps[example]
    # a side with fewer windows than the other shows each of them several times, and scores it the first time
    index = turn * count // total
    again = (turn > 0) & ((turn - 1) * count // total == index)
    length = np.minimum(rooms[example], sizes[example] - index * step)
    # from the middle of an overlap on, the later of the two windows offers more context
    low = np.where(index > 0, overlap // 2, 0)
    high = np.where(index < count - 1, step + overlap // 2, length)
    return _Plan(
        example=example,
        begin=index * step,
        length=length,
        low=low,
        high=np.where(again, low, high),
        num_examples=len(sizes),
    )


def _pack(sides: Sequence[Content], wrapping: Wrapping, plan: _Plan) -> Windows:
    """Gather the tokens segment by segment: special, first text, special(, second text, special)."""
    special = np.array([token for group in wrapping.ids for token in group], dtype=np.int32)
    sources = [special, *(side.ids for side in sides)]
    begin, length, low, high = _segments(sides, wrapping, plan)
    tokens = ranges(begin.ravel(), length.ravel())
    within = ranges(np.zeros(length.size, dtype=np.int64), length.ravel())
    sequence = np.array([-1, 0, -1, 1, -1][: length.shape[1]], dtype=np.int8)
    return Windows(
        input_ids=np.concatenate(sources)[tokens],
        token_type_ids=_types(sides, wrapping)[tokens],
        starts=bounds(length.sum(axis=1)),
        example=plan.example,
        scored=(within >= _spread(low, length)) & (within < _spread(high, length)),
        offsets=_offsets(sides, len(special), tokens),
        sequence=_spread(np.broadcast_to(sequence, length.shape), length),
        num_examples=plan.num_examples,
    )


def _segments(sides: Sequence[Content], wrapping: Wrapping, plan: _Plan) -> tuple[np.ndarray, ...]:
    """begin (in the sources), length, low and high of the segments of each window, int64 [W, 2 S + 1]."""
    groups = bounds(np.array([len(group) for group in wrapping.ids], dtype=np.int64))
    begin, length, low, high = np.zeros((4, len(plan.example), 2 * len(sides) + 1), dtype=np.int64)
    begin[:, 0::2] = groups[:-1]
    length[:, 0::2] = np.diff(groups)
    origin = wrapping.size
    for k, side in enumerate(sides):
        begin[:, 2 * k + 1] = origin + side.starts[plan.example] + plan.begin[:, k]
        origin += len(side.ids)
    length[:, 1::2], low[:, 1::2], high[:, 1::2] = plan.length, plan.low, plan.high
    return begin, length, low, high


def _spread(values: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Each segment's value at each of its tokens."""
    return np.repeat(values.ravel(), length.ravel())


def _types(sides: Sequence[Content], wrapping: Wrapping) -> np.ndarray:
    special = np.array([kind for group in wrapping.types for kind in group], dtype=np.uint8)
    kinds = zip(sides, wrapping.content_types, strict=True)
    return np.concatenate([special, *(np.full(len(side.ids), kind, dtype=np.uint8) for side, kind in kinds)])


def _offsets(sides: Sequence[Content], num_special: int, tokens: np.ndarray) -> np.ndarray | None:
    special = np.zeros((num_special, 2), dtype=np.int32)
    parts = [side.offsets for side in sides if side.offsets is not None]
    return np.concatenate([special, *parts])[tokens] if len(parts) == len(sides) else None
