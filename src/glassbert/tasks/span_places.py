"""Where an answer lies among the tokens of each window: characters to tokens, without a loop over either.

Letters: W windows, T their tokens, K the chosen windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from glassbert.text.spans import Span
from glassbert.text.windows import Windows

FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Places:
    """Of each window the first and last token of the answer, counted from the window's own first token; both
    are 0, the place of [CLS], where the window does not hold the whole answer (`whole` False).
    """

    first: Int[np.ndarray, "K"]
    last: Int[np.ndarray, "K"]
    whole: Bool[np.ndarray, "K"]


def places(windows: Windows, chosen: Int[np.ndarray, "K"], answers: Sequence[Span | None]) -> Places:
    """The places of the answers (one or None for each example) in the chosen windows.

    A token belongs to an answer when they share a character. A window holds the whole answer when its tokens
    reach as far, on both sides, as those of all windows of the example together: what no token stands for,
    such as white space, cannot be cut off.
    """
    examples = np.unique(windows.example[chosen])
    related = np.flatnonzero(np.isin(windows.example, examples))
    some = windows.select(related)
    assert some.offsets is not None, "answers are found by their characters"
    window = np.repeat(np.arange(len(some)), some.lengths)
    low, high = _limits(answers, windows.num_examples)
    begin, end = some.offsets[:, 0].astype(np.int64), some.offsets[:, 1].astype(np.int64)
    owner = some.example[window]
    inside = (some.sequence == 1) & (begin < high[owner]) & (end > low[owner]) & (end > begin)
    at = np.flatnonzero(inside)
    first, last, left, right = _ends(at, window[at], begin[at], end[at], len(some))
    furthest = np.full(windows.num_examples, FAR), np.full(windows.num_examples, -1)
    np.minimum.at(furthest[0], some.example, left)
    np.maximum.at(furthest[1], some.example, right)
    whole = (first >= 0) & (left == furthest[0][some.example]) & (right == furthest[1][some.example])
    start = some.starts[:-1]
    place = np.searchsorted(related, chosen)
    return Places(
        first=np.where(whole, first - start, 0)[place],
        last=np.where(whole, last - start, 0)[place],
        whole=whole[place],
    )


def _limits(answers: Sequence[Span | None], count: int) -> tuple[np.ndarray, np.ndarray]:
    """First character of each answer and the one after its last; nothing lies between them where there is
    none.
    """
    low, high = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for row, answer in enumerate(answers):
        if answer is not None:
            low[row], high[row] = answer.start, answer.end
    return low, high


def _ends(
    at: np.ndarray, window: np.ndarray, begin: np.ndarray, end: np.ndarray, count: int
) -> tuple[np.ndarray, ...]:
    """Of each window the first and last of its tokens `at`, and from where to where their characters go."""
    first, last = np.full(count, -1), np.full(count, -1)
    left, right = np.full(count, FAR), np.full(count, -1)
    if len(at):
        present, starts, sizes = np.unique(window, return_index=True, return_counts=True)
        first[present], last[present] = at[starts], at[starts + sizes - 1]
        left[present] = np.minimum.reduceat(begin, starts)
        right[present] = np.maximum.reduceat(end, starts)
    return first, last, left, right
