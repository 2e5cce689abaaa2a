"""Tags of a text as one chain: what the loss reads of a batch, and the answers to whole texts.

A step that the scheme forbids scores `IMPOSSIBLE`, in learning as in answering. A text is answered as one
chain, however many windows it took. In a batch, which may hold some of its windows only, a chain is a run
of words that follow each other in one window; what lies beyond its ends may be any tag. Where the data
itself takes a forbidden step, a run ends: no likelihood could be given to it.
Letters: N texts, M words of a text, R rows of a batch, B chains, C tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.errors import GlassbertError, Problem, UsageError
from glassbert.model.chain import IMPOSSIBLE, Chains, Steps, best_paths, log_likelihood, marginals
from glassbert.model.config import MAX_LSTM
from glassbert.model.network import Network
from glassbert.model.tag_head import Crf, TagHead
from glassbert.tasks.viterbi import Edges
from glassbert.text.schemes import OUTSIDE
from glassbert.text.windows import Windows

LEAST = 1e-15
"""The least probability whose logarithm is taken: what cannot be must stay a number."""
ROWS_AT_ONCE = 20_000


def chain_of(network: Network) -> Crf | None:
    """The weights between tags of a network, live."""
    return network.head.crf if isinstance(network.head, TagHead) else None


def refuse_head(crf: bool, lstm_size: int, *, label_smoothing: float) -> None:
    """Raise UsageError for a head of tags that cannot be, or cannot be learnt so."""
    if not isinstance(crf, bool):
        what, fix = f"crf is {crf!r}", "give True or False"
    elif type(lstm_size) is not int or not 0 <= lstm_size <= MAX_LSTM:
        what, fix = f"--lstm-size is {lstm_size!r}", f"give a whole number from 0 to {MAX_LSTM}"
    elif crf and label_smoothing:
        what = "--label-smoothing is given, and the likelihood of a chain (--crf) has none"
        fix = "leave one of them out"
    else:
        return
    raise UsageError(Problem(code="bad-setting", what=what, fix=fix))


def word_chains(
    picked: Windows,
    rows: Int[np.ndarray, "R"],
    tags: Int[np.ndarray, "R"],
    edges: Edges,
    *,
    counts: Int[np.ndarray, "N"],
) -> Chains:
    """The chains of a batch's rows; `counts` are the words of every text."""
    assert picked.word is not None
    window = np.repeat(np.arange(len(picked)), picked.lengths)[rows]
    word = picked.word[rows].astype(np.int64)
    follows = (np.diff(window) == 0) & (np.diff(word) == 1)
    follows &= np.isfinite(edges.steps[tags[:-1], tags[1:]])
    begins = np.flatnonzero(np.concatenate([[True], ~follows]))
    lengths = np.diff(np.append(begins, len(rows)))
    ends = begins + lengths - 1
    final = counts[picked.example[window[ends]]] - 1
    return Chains(
        lengths=lengths,
        opens=(word[begins] == 0) & np.isfinite(edges.first[tags[begins]]),
        closes=(word[ends] == final) & np.isfinite(edges.last[tags[ends]]),
    )


def chain_loss(
    logits: Float[Tensor, "R C"], tags: Int[Tensor, "R"], chains: Chains, steps: Steps
) -> Float[Tensor, "B"]:
    """-ln p(tags) of every chain, in nats."""
    if len(logits) != len(tags):
        what = f"{len(logits)} rows of logits for {len(tags)} words"
        raise GlassbertError(Problem(code="bad-logits", what=what, fix="give one row per word"))
    return -log_likelihood(logits, tags, chains, steps.like(logits))


def forbidding(crf: Crf | None, edges: Edges) -> Steps:
    """The weights between tags, with `IMPOSSIBLE` where the scheme has no such step."""
    if crf is None:
        what = "tags that are a chain were asked for without the weights between them"
        raise GlassbertError(Problem(code="unbound-chain", what=what, fix="bind the task to its network"))
    pairs = zip(crf.scores(), (edges.steps, edges.first, edges.last), strict=True)
    return Steps(
        *(
            weights.masked_fill(torch.from_numpy(np.isinf(allowed)).to(weights.device), IMPOSSIBLE)
            for weights, allowed in pairs
        )
    )


def read_chains(
    emissions: Sequence[Float[np.ndarray, "M C"]], steps: Steps, labels: Sequence[str]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(logarithms of every word's marginals [M, C], the best path [M]) of every text, in float64.

    A word without a token has rows of NaN: it is O, where that is a tag, and else may be any.
    """
    wide = Steps(*(each.detach().double().cpu() for each in steps))
    bare = np.zeros(len(labels))
    if OUTSIDE in labels:
        bare = np.where(np.array(labels) == OUTSIDE, 0.0, IMPOSSIBLE)
    shares: list[np.ndarray] = []
    paths: list[np.ndarray] = []
    for some in _parts([len(each) for each in emissions]):
        counts = np.array([len(each) for each in emissions[some]], dtype=np.int64)
        joined = np.concatenate(emissions[some])
        scores = torch.from_numpy(np.where(np.isnan(joined), bare, joined))
        chains, cuts = Chains.whole(counts[counts > 0]), np.cumsum(counts)[:-1]
        found = np.log(marginals(scores, chains, wide).numpy().clip(LEAST, 1.0)) if len(scores) else joined
        best = best_paths(scores, chains, wide).numpy() if len(scores) else np.empty(0, dtype=np.int64)
        shares += np.split(found, cuts)
        paths += np.split(best, cuts)
    return shares, paths


def _parts(counts: Sequence[int]) -> Iterator[slice]:
    """Runs of texts of at most so many words, of at least one text each."""
    begin = held = 0
    for number, count in enumerate(counts):
        if held + count > ROWS_AT_ONCE and number > begin:
            yield slice(begin, number)
            begin, held = number, 0
        held += count
    if begin < len(counts):
        yield slice(begin, len(counts))
