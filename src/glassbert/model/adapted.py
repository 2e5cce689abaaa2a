"""A linear layer with low-rank adapters (Hu et al. 2021, arXiv 2106.09685).

    W x + b  becomes  W x + b + s B A x,      A [r, in], B [out, r]

Our query, key and value are one fused layer: an adapter adds to a range of its rows, so that each of the
three has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from glassbert.model.noise import Noise
from glassbert.products import linear

Masks = list[Tensor | None]


class LowRank(nn.Module):
    """s B A x, added to the rows `start` to `stop` of a layer's output; zero until B has learnt."""

    def __init__(self, rank: int, width: int, *, start: int, stop: int, scale: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(rank, width))
        self.b = nn.Parameter(torch.zeros(stop - start, rank))
        self.start, self.stop, self.scale = start, stop, scale

    def change(self) -> Float[Tensor, "out in"]:
        """s B A: what the adapter adds to these rows of the weight."""
        return self.scale * (self.b @ self.a)


class Adapted(nn.Linear):
    """A linear layer and the adapters that add to it."""

    def __init__(self, linear: nn.Linear, adapters: Mapping[str, LowRank], *, dropout: float) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        self.adapters = nn.ModuleDict(dict(adapters))
        self.dropout = dropout

    def parts(self) -> list[LowRank]:
        """The adapters, by the rows that they add to."""
        return sorted((cast(LowRank, each) for each in self.adapters.values()), key=lambda part: part.start)

    def merged_weight(self) -> Float[Tensor, "out in"]:
        """W + s B A."""
        rows, place = list[Tensor](), 0
        for part in self.parts():
            rows += [self.weight[place : part.start], self.weight[part.start : part.stop] + part.change()]
            place = part.stop
        return torch.cat([*rows, self.weight[place:]])

    def masks(self, noise: Noise | None, counts: Int64[np.ndarray, "B"]) -> Masks:
        """A keep-mask for the input of each adapter, None where nothing is dropped."""
        if noise is None or self.dropout == 0:
            return [None] * len(self.adapters)
        return [noise.keep(counts, self.in_features, self.dropout) for _ in self.adapters]

    def forward(self, hidden: Float[Tensor, "T in"]) -> Float[Tensor, "T out"]:
        return self.thinned(hidden, [None] * len(self.adapters))

    def thinned(
        self, hidden: Float[Tensor, "T in"], masks: Iterable[Tensor | None]
    ) -> Float[Tensor, "T out"]:
        """The output where each adapter sees the input times its mask."""
        out = linear(hidden, self.weight, self.bias)
        for part, mask in zip(self.parts(), masks, strict=True):
            kept = hidden if mask is None else hidden * mask.to(hidden.dtype)
            added = linear(linear(kept, part.a), part.b) * part.scale
            out = out + F.pad(added, (part.start, self.out_features - part.stop))
        return out


def applied(
    layer: nn.Linear,
    hidden: Float[Tensor, "T in"],
    noise: Noise | None,
    counts: Int64[np.ndarray, "B"] | None,
) -> Float[Tensor, "T out"]:
    """The layer's output, in training with what `noise` drops of the adapters' inputs."""
    if isinstance(layer, Adapted) and counts is not None:
        return layer.thinned(hidden, layer.masks(noise, counts))
    return cast(Tensor, layer(hidden))


def masks_of(layer: nn.Linear, noise: Noise, counts: Int64[np.ndarray, "B"]) -> Masks:
    """The keep-masks of a layer's adapters; none for a plain layer."""
    return layer.masks(noise, counts) if isinstance(layer, Adapted) else []


def parts_of(layer: nn.Linear) -> list[LowRank]:
    """The adapters of a layer; none of a plain one."""
    return layer.parts() if isinstance(layer, Adapted) else []


def is_thinned(layer: nn.Linear, noise: Noise | None) -> bool:
    """Whether adapters see less than the layer does."""
    return isinstance(layer, Adapted) and noise is not None and layer.dropout > 0


def weight_of(layer: nn.Linear) -> Float[Tensor, "out in"]:
    """The weight with all that adapters add to it."""
    return layer.merged_weight() if isinstance(layer, Adapted) else layer.weight
