"""Answers cut out of their contexts by character, with what they were chosen from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from glassbert.tasks.span_decoding import Pieces
from glassbert.tasks.task import Answers, Predictions

MOST_WRITTEN = 5
"""Of the best pieces of a context, in a table of predictions."""


@dataclass(frozen=True)
class Found:
    """An answer, characters `start` to `end` of its context as it was given; "" stands for none.

    `score` is the product of the shares of its two ends; `others` are the best pieces, this one among them.
    """

    text: str
    start: int
    end: int
    score: float = field(compare=False)
    others: tuple[Found, ...] = field(default=(), compare=False, repr=False)


def choose(
    pieces: Pieces, contexts: Sequence[str], *, null_threshold: float | None
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"], Answers]:
    """(best score and null score, their shares, the answer) of every question.

    There is none where the null score exceeds the best by more than the threshold, or where the context has
    no token; the latter's best score is its null score, and its share 0.
    """
    count = len(contexts)
    cut = list(zip(*(each.tolist() for each in (pieces.start, pieces.end, pieces.share)), strict=True))
    ends = np.searchsorted(pieces.owner, np.arange(count + 1))
    has = ends[1:] > ends[:-1]
    raw = np.stack([pieces.null, pieces.null], axis=1)
    shares = np.stack([np.zeros(count), pieces.null_share], axis=1)
    raw[has, 0], shares[has, 0] = pieces.score[ends[:-1][has]], pieces.share[ends[:-1][has]]
    none = ~has
    if null_threshold is not None:
        none |= raw[:, 1] - raw[:, 0] > null_threshold
    chosen = np.empty(count, dtype=object)
    for row, context in enumerate(contexts):
        best = tuple(Found(context[a:b], a, b, share) for a, b, share in cut[ends[row] : ends[row + 1]])
        first = Found("", 0, 0, float(shares[row, 1])) if none[row] else best[0]
        chosen[row] = replace(first, others=best)
    return raw, shares, chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class SpanPredictions(Predictions):
    """The same for answers; `right` are the right ones of the data and `loss` the cross-entropy in nats,
    where it says them.
    """

    right: Answers | None = None
    loss: float | None = None


def span_cells(predictions: Predictions) -> tuple[list[str], list[list[str]]]:
    """(columns, a row per question): the answer, its place and share, the share of having none, the null
    score less the best one, the best pieces as [[start, end, share], ...], the right answers as
    [[start, end], ...].
    """
    assert isinstance(predictions, SpanPredictions)
    header = ["prediction", "score", "start", "end", "null_score", "null_odds", "n_best"]
    nulls, odds = predictions.scores[:, 1].tolist(), (predictions.logits[:, 1] - predictions.logits[:, 0])
    rows = [
        [
            each.text,
            f"{each.score:.6f}",
            str(each.start),
            str(each.end),
            f"{null:.6f}",
            f"{odd:.6f}",
            _best(each),
        ]
        for each, null, odd in zip(predictions.answers, nulls, odds.tolist(), strict=True)
    ]
    if predictions.right is None:
        return header, rows
    places = [sorted({(span.start, span.end) for span in spans}) for spans in predictions.right]
    more = [json.dumps(each) for each in places]
    return [*header, "right_spans"], [[*row, cell] for row, cell in zip(rows, more, strict=True)]


def _best(answer: Found) -> str:
    return json.dumps([[each.start, each.end, round(each.score, 6)] for each in answer.others[:MOST_WRITTEN]])
