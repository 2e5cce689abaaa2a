"""Attention maps of many texts, a layer of a few windows at a time, never all at once.

Letters: B windows of one length S, L layers, N heads, d head size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.errors import DataError, Problem, UsageError
from glassbert.lens.seen import Inspectable, Text
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture
from glassbert.text.windows import Windows

# queries and keys of BERT base on so many tokens are 75 MB, the maps of one of its layers at most 13 MB
TOKENS_PER_BATCH = 1024
WEIGHTS_PER_LAYER = 4 << 20


@dataclass(frozen=True, eq=False)
class Maps:
    """Windows of one length with their queries and keys, from which maps are computed layer by layer."""

    windows: Windows
    query: list[Float[Tensor, "B N S d"]]
    key: list[Float[Tensor, "B N S d"]]

    @property
    def length(self) -> int:
        return int(self.windows.lengths[0])

    def weights(self, layer: int, rows: slice = slice(None)) -> Float[Tensor, "B N Q S"]:
        """softmax(Q K^T / sqrt(d)) of a layer, of the chosen query rows."""
        query, key = self.query[layer][:, :, rows], self.key[layer]
        return torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1)


def windows_of(model: Inspectable, texts: Sequence[Text]) -> Windows:
    """All windows of the texts that hold a token of a text; raises UsageError where none does."""
    if isinstance(texts, str):
        problem = Problem(code="not-a-list", what="texts is one string", fix="give a list of texts: [text]")
        raise UsageError(problem)
    if not len(texts):
        raise UsageError(Problem(code="no-texts", what="there is no text to look at", fix="give one or more"))
    windows = model.windows(list(texts), offsets=True)
    filled = np.add.reduceat(windows.sequence >= 0, windows.starts[:-1]) > 0
    if not filled.any():
        what = "every text is empty, and the numbers here are means over tokens that are not special"
        fix = "give a text with words; the attention lens draws [CLS] and [SEP] of an empty one"
        raise UsageError(Problem(code="no-texts", what=what, fix=fix))
    return windows.select(filled)


def refuse_additive(network: Network) -> None:
    """Raises UsageError for attention whose maps are no dot products."""
    kind = network.config.attention_type
    if kind != "scaled_dot_product":
        what = f"the maps of {kind} attention are not softmax(QK^T/sqrt(d))"
        fix = "choose a model with scaled dot-product attention"
        raise UsageError(Problem(code="no-dot-product", what=what, fix=fix))


def maps_of(network: Network, windows: Windows) -> Iterator[Maps]:
    """The maps of all windows, equally long ones together, longest first.

    Raises DataError when queries or keys are not finite.
    """
    refuse_additive(network)
    for chosen in equal_batches(windows.lengths, network.config.num_attention_heads):
        yield captured(network, windows.select(chosen))


def equal_batches(lengths: np.ndarray, num_heads: int) -> Iterator[np.ndarray]:
    """Numbers of windows of one length, few enough for memory."""
    for length in np.unique(lengths)[::-1].tolist():
        alike = np.flatnonzero(lengths == length)
        size = max(min(TOKENS_PER_BATCH // length, WEIGHTS_PER_LAYER // (num_heads * length**2)), 1)
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def captured(network: Network, windows: Windows) -> Maps:
    """Queries and keys of windows of one length, from the ordinary forward pass."""
    packed = packed_windows(network, windows)
    stems = [f"encoder.blocks.{i}.attention" for i in range(network.config.num_hidden_layers)]
    names = [f"{stem}.{tap}" for stem in stems for tap in ("query", "key")]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed)
    count = len(windows)
    parts = {
        name: value.float().cpu().unflatten(0, (count, -1)).transpose(1, 2) for name, value in seen.items()
    }
    for name, value in parts.items():
        if not torch.isfinite(value).all():
            what = f"{name} is not a finite number on these texts"
            fix = "the weights are damaged, or training diverged: take another checkpoint"
            raise DataError(Problem(code="not-finite", what=what, fix=fix))
    return Maps(windows, [parts[f"{stem}.query"] for stem in stems], [parts[f"{stem}.key"] for stem in stems])


def packed_windows(network: Network, windows: Windows) -> Packed:
    """Windows as a batch, where the network is."""
    return Packed.of(
        windows.input_ids,
        windows.token_type_ids,
        windows.lengths,
        position_offset=network.config.position_offset,
        device=next(network.parameters()).device,
    )
