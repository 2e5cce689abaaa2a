"""From start and end logits of all windows to the n best pieces of each context.

A piece may begin at any token of a context in the window where that token has most context (`Windows.scored`:
once, so that no piece is counted twice) and ends in the same window, at most D tokens later (Devlin et al.
2019). Its score is the sum of both logits; the null score of a question is the smallest sum at [CLS] over its
windows. T tokens, N questions, D tokens of the longest answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from glassbert.text.windows import Windows

AT_ONCE = 1 << 21
"""Most candidates scored at once: 16 MB as float64."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The best pieces of all contexts, best first: `owner` [P] is the question, `start` and `end` [P] are
    characters of the context, `score` [P] sums of logits, `share` [P] the product of both ends' shares.

    `null` [N] is the score of having no answer, `null_share` [N] its share.
    """

    owner: Int[np.ndarray, "P"]
    start: Int[np.ndarray, "P"]
    end: Int[np.ndarray, "P"]
    score: Float[np.ndarray, "P"]
    share: Float[np.ndarray, "P"]
    null: Float[np.ndarray, "N"]
    null_share: Float[np.ndarray, "N"]


def best_pieces(
    logits: Float[np.ndarray, "T 2"], windows: Windows, *, num_best: int, max_length: int
) -> Pieces:
    """At most `num_best` pieces of each context, of at most `max_length` tokens.

    The shares of an end are softmax over [CLS] and the context's tokens of one window, as the pipeline of
    transformers has them.
    """
    assert windows.offsets is not None, "answers are cut out by their characters"
    wide = np.asarray(logits, dtype=np.float64)
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    context = windows.sequence == 1
    shares = _shares(wide, windows, window, context)
    cls = windows.starts[:-1]
    null, null_share = (np.full(windows.num_examples, np.inf) for _ in range(2))
    np.minimum.at(null, windows.example, wide[cls].sum(1))
    np.minimum.at(null_share, windows.example, shares[cls].prod(1))
    first, last, score = _candidates(wide, windows, window, context, (num_best, max_length))
    owner = windows.example[window[first]]
    return Pieces(
        owner=owner,
        start=windows.offsets[first, 0].astype(np.int64),
        end=windows.offsets[last, 1].astype(np.int64),
        score=score,
        share=shares[first, 0] * shares[last, 1],
        null=null,
        null_share=null_share,
    )


def _shares(wide: np.ndarray, windows: Windows, window: np.ndarray, context: np.ndarray) -> np.ndarray:
    """softmax of starts and of ends over [CLS] and the context of each window; 0 elsewhere; [T, 2]."""
    asked = context.copy()
    asked[windows.starts[:-1]] = True
    masked = np.where(asked[:, None], wide, -np.inf)
    top = np.maximum.reduceat(masked, windows.starts[:-1], axis=0)
    raised = np.exp(masked - top[window])
    shares: np.ndarray = raised / np.add.reduceat(raised, windows.starts[:-1], axis=0)[window]
    return shares


def _candidates(
    wide: np.ndarray, windows: Windows, window: np.ndarray, context: np.ndarray, limits: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first token, last token, score) of the best candidates of each question, in its order, best first."""
    num_best, max_length = limits
    begins = np.flatnonzero(windows.scored & context)
    begins = begins[np.argsort(windows.example[window[begins]], kind="stable")]
    owner = windows.example[window[begins]]
    bounds = np.append(np.flatnonzero(np.diff(owner, prepend=-1)), len(begins))
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start, stop in _blocks(bounds, max(1, AT_ONCE // max_length)):
        scores = _banded(wide, window, context, begins[start:stop], max_length)
        for low, high in zip(*_within(bounds, start, stop), strict=True):
            flat = scores[low - start : high - start].ravel()
            kept = _best(flat, num_best)
            row, step = np.divmod(kept, max_length)
            found.append((begins[low + row], begins[low + row] + step, flat[kept]))
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    return tuple(np.concatenate(each) for each in zip(*found, strict=True))  # type: ignore[return-value]


def _banded(
    wide: np.ndarray, window: np.ndarray, context: np.ndarray, begins: np.ndarray, max_length: int
) -> np.ndarray:
    """start logit + end logit of every token with itself and the next ones, [B, D]; -inf past its window."""
    ends = begins[:, None] + np.arange(max_length)
    inside = ends < len(wide)
    ends = np.minimum(ends, len(wide) - 1)
    inside &= context[ends] & (window[ends] == window[begins][:, None])
    return np.where(inside, wide[begins, 0][:, None] + wide[ends, 1], -np.inf)


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Where the highest scores are, highest first, the earlier of equal ones first."""
    if len(scores) > count:
        limit = np.partition(scores, len(scores) - count)[len(scores) - count]
        kept = np.flatnonzero(scores >= limit)
    else:
        kept = np.arange(len(scores))
    kept = kept[np.isfinite(scores[kept])]
    return kept[np.argsort(-scores[kept], kind="stable")][:count]


def _blocks(bounds: np.ndarray, size: int) -> list[tuple[int, int]]:
    """Runs of whole questions of about `size` tokens, at least one question each."""
    blocks, start = [], 0
    for stop, following in pairwise([*bounds[1:].tolist(), None]):
        if following is None or following - start > size:
            blocks.append((start, stop))
            start = stop
    return blocks


def _within(bounds: np.ndarray, start: int, stop: int) -> tuple[list[int], list[int]]:
    inner = bounds[(bounds >= start) & (bounds <= stop)].tolist()
    return inner[:-1], inner[1:]
