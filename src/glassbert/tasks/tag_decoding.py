"""From the logits of words to scores and tags: each word by itself, or all of a text as one chain.

Letters: M words of a text, C tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from glassbert.model.chain import Steps
from glassbert.tasks.calibration import softmax
from glassbert.tasks.tag_chains import read_chains
from glassbert.tasks.viterbi import Edges, best_sequence
from glassbert.text.schemes import OUTSIDE


class Tagged(NamedTuple):
    """Of every text: what scores are softmax(logits / temperature) of, the scores, and the tags."""

    logits: list[np.ndarray]
    scores: list[np.ndarray]
    tags: list[np.ndarray]


def tag_words(
    found: Sequence[Float[np.ndarray, "M C"]],
    labels: Sequence[str],
    edges: Edges,
    *,
    temperature: float,
    chain: Steps | None = None,
) -> Tagged:
    """The best sequence that the scheme allows; a word without a token has logits of NaN and is O.

    With a chain the "logits" of a word are the logarithms of its marginals, and the tags the chain's best
    path, whatever the temperature.
    """
    empty = [np.isnan(each[:, 0]) for each in found]
    if chain is None:
        logits, paths = [np.nan_to_num(each) for each in found], None
    else:
        logits, paths = read_chains(found, chain, labels)
    scores = [
        _scores(each, bare, labels, temperature=temperature) for each, bare in zip(logits, empty, strict=True)
    ]
    return Tagged(logits, scores, [_best(each, edges) for each in scores] if paths is None else paths)


def _scores(
    logits: Float[np.ndarray, "M C"], bare: np.ndarray, labels: Sequence[str], *, temperature: float
) -> Float[np.ndarray, "M C"]:
    scores = softmax(logits, temperature=temperature)
    if bare.any() and OUTSIDE in labels:
        scores[bare] = np.eye(len(labels))[list(labels).index(OUTSIDE)]
    return scores


def _best(scores: Float[np.ndarray, "M C"], edges: Edges) -> Int[np.ndarray, "M"]:
    tags = scores.argmax(1)
    if edges.allow(tags):
        return tags
    with np.errstate(divide="ignore"):
        return best_sequence(np.log(scores), edges)
