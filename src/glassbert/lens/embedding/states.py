"""Hidden states of many texts, streamed: a few thousand tokens at a time, pooled at once, several layers in
one pass.

Letters: n points, H hidden size, t tokens of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.lens.embedding.options import Pooling
from glassbert.lens.embedding.points import Points
from glassbert.lens.seen import pack
from glassbert.model.encoder import Encoder
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.text.order import sorted_batches
from glassbert.text.windows import Windows, bounds, ranges

TOKENS_PER_BATCH = 2048
Vectors = Float32[np.ndarray, "n H"]
Passed = Callable[[int], None]


def read_vectors(
    network: Network, points: Points, layers: Sequence[int], *, pooling: Pooling, passed: Passed | None = None
) -> list[Vectors]:
    """The points' vectors after each of the layers (ascending; 0: the embeddings), float32 whatever the
    device.

    Nothing is kept of a batch but its pooled vectors; `passed` hears how many tokens each batch had. Raises
    DataError when a vector is not finite.
    """
    if points.windows is None:
        table = network.encoder.embeddings.word.weight.detach()
        found = [table[torch.from_numpy(points.ids.astype(np.int64)).to(table.device)].float().cpu().numpy()]
    elif points.place is not None:
        found = _token_vectors(network, points.windows, points.place, layers, passed)
    else:
        found = _text_vectors(network, points.windows, layers, pooling, passed)
    for layer, vectors in zip(layers or [0], found, strict=False):
        refuse_infinite(vectors, layer)
    return found


def refuse_infinite(vectors: Vectors, layer: int) -> None:
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        what = f"the hidden states of {np.count_nonzero(~finite):,} points after layer {layer} are not finite"
        fix = "the model's weights are damaged or diverged: look at an earlier checkpoint"
        raise DataError(Problem(code="not-finite", what=what, fix=fix))


def _text_vectors(
    network: Network, windows: Windows, layers: Sequence[int], pooling: Pooling, passed: Passed | None
) -> list[Vectors]:
    start = -np.inf if pooling == "max" else 0.0
    shape = (windows.num_examples, network.config.hidden_size)
    found = [np.full(shape, start, np.float32) for _ in layers]
    for chosen, tokens, states in batches(network, windows, layers, passed):
        lengths, kept = windows.lengths[chosen], windows.once[tokens]
        if pooling == "cls":
            kept = np.zeros(len(tokens), dtype=bool)
            kept[bounds(lengths)[:-1]] = True
        counts = np.add.reduceat(kept, bounds(lengths)[:-1], dtype=np.int64)
        holds = counts > 0  # a window in the midst of a text may share all its tokens with its neighbours
        first = bounds(counts[holds])[:-1]
        combine = np.maximum if pooling == "max" else np.add
        for sums, hidden in zip(found, states, strict=True):
            combine.at(sums, windows.example[chosen[holds]], combine.reduceat(hidden[kept], first, axis=0))
    if pooling != "max":
        counts = windows.per_text if pooling == "cls" else _tokens_per_text(windows)
        for sums in found:
            sums /= counts[:, None].astype(np.float32)
    return found


def _token_vectors(
    network: Network,
    windows: Windows,
    place: Int64[np.ndarray, " T"],
    layers: Sequence[int],
    passed: Passed | None,
) -> list[Vectors]:
    shape = (int(place.max(initial=-1)) + 1, network.config.hidden_size)
    found = [np.empty(shape, np.float32) for _ in layers]
    # windows without a point need not be read
    wanted = np.flatnonzero(np.logical_or.reduceat(place >= 0, windows.starts[:-1]))
    for _, tokens, states in batches(network, windows, layers, passed, wanted=wanted):
        kept = place[tokens] >= 0
        for vectors, hidden in zip(found, states, strict=True):
            vectors[place[tokens[kept]]] = hidden[kept]
    return found


def batches(
    network: Network,
    windows: Windows,
    layers: Sequence[int],
    passed: Passed | None = None,
    *,
    wanted: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, list[np.ndarray]]]:
    """(windows of the batch, their tokens' places in all windows, [t, H] after each layer), longest first."""
    places = np.arange(len(windows)) if wanted is None else wanted
    for some in sorted_batches(windows.lengths[places], max_tokens=TOKENS_PER_BATCH):
        chosen = places[some]
        tokens = ranges(windows.starts[:-1][chosen], windows.lengths[chosen])
        with torch.inference_mode():
            hidden = _layers(network.encoder, pack(windows.select(chosen), network), layers)
            states = [each.float().cpu().numpy() for each in hidden]
        yield chosen, tokens, states
        if passed is not None:
            passed(len(tokens))


def _layers(encoder: Encoder, packed: Packed, layers: Sequence[int]) -> list[Tensor]:
    """The hidden states after each of the layers; no block beyond the last of them runs."""
    hidden: Tensor = encoder.embeddings(packed)
    found = [hidden] if 0 in layers else []
    for number, block in enumerate(list(encoder.blocks)[: max(layers)], start=1):
        hidden = block(hidden, packed.layout)
        if number in layers:
            found.append(hidden)
    return found


def _tokens_per_text(windows: Windows) -> np.ndarray:
    owner = np.repeat(windows.example, windows.lengths)
    return np.bincount(owner[windows.once], minlength=windows.num_examples)
