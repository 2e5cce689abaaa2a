"""Who looks at whom: the queries and keys of one text, with the proof that the maps drawn from them are
right.

The model runs its ordinary fast kernel, which never forms the weights. Queries and keys are captured, a map
softmax(Q K^T / sqrt(d)) is computed when it is drawn, and its certificate compares A V with the context
vectors that the fast kernel really produced.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.seen import Inspectable, see
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture

WATCHED = ("query", "key", "value", "context")


def attention(model: Inspectable, text: str, *, pair: str | None = None, window: int = 0) -> AttentionRecord:
    """The attention of every layer and head on a text (or a pair), as a record.

    A long text is seen in the windows that its predictions come from; `window` says which one is shown
    (from 0). Raises UsageError for a window that does not exist and for additive attention, whose maps
    are no dot products.
    """
    config = model.network.config
    if config.attention_type != "scaled_dot_product":
        what = f"the maps of {config.attention_type} attention are not softmax(QK^T/sqrt(d))"
        raise UsageError(Problem(code="no-dot-product", what=what, fix="watch the taps attention.weights"))
    seen = see(model, text, pair=pair, window=window)
    layers = _captured(model.network, seen.packed(model.network))
    directions = _directions(layers[0]["value"].shape[1:])
    return AttentionRecord(
        model=model.name,
        text=text,
        pair=pair,
        window=window,
        num_windows=seen.num_windows,
        tokens=seen.tokens,
        token_type_ids=seen.windows.token_type_ids,
        word=seen.word,
        query=_stack(layers, "query"),
        key=_stack(layers, "key"),
        value_witness=_witness(layers, "value", directions),
        context_witness=_witness(layers, "context", directions),
        certificates=_certify(layers),
    )


def _captured(network: Network, packed: Packed) -> list[dict[str, Tensor]]:
    """Per layer: query, key, value and context [S, N, d] of one sequence, from the ordinary forward pass."""
    stems = [f"encoder.blocks.{i}.attention" for i in range(network.config.num_hidden_layers)]
    names = [f"{stem}.{tap}" for stem in stems for tap in WATCHED]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed)
    return [{tap: seen[f"{stem}.{tap}"].float().cpu() for tap in WATCHED} for stem in stems]


def _stack(layers: list[dict[str, Tensor]], tap: str) -> Float32[np.ndarray, "L N S d"]:
    return np.stack([layer[tap].transpose(0, 1).numpy() for layer in layers])


def _directions(shape: torch.Size) -> Float32[np.ndarray, "N d"]:
    """One direction of length 1 for each head, the same on every machine."""
    drawn = np.random.default_rng(0).standard_normal(shape)
    directions: np.ndarray = drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
    return directions.astype(np.float32)


def _witness(
    layers: list[dict[str, Tensor]], tap: str, directions: Float32[np.ndarray, "N d"]
) -> Float32[np.ndarray, "L N S"]:
    return np.stack([np.einsum("snd,nd->ns", layer[tap].numpy(), directions) for layer in layers])


def _certify(layers: list[dict[str, Tensor]]) -> Float32[np.ndarray, "L N"]:
    """max over rows and columns of |softmax(Q K^T / sqrt(d)) V - context|, per layer and head."""
    rows = []
    for layer in layers:
        query, key, value, context = (layer[tap].transpose(0, 1) for tap in WATCHED)
        weights = torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1)
        rows.append((weights @ value - context).abs().amax((-1, -2)).numpy())
    return np.stack(rows)
