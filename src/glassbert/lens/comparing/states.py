"""Hidden states of two models on the same tokens: divergence of their heads, and linear CKA of their layers.

Letters: L layers, N heads, B windows of one length S, H hidden size, n tokens, d head size.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.lens.atlas.maps import packed_windows
from glassbert.model.encoder import Block
from glassbert.model.layout import Layout
from glassbert.model.network import Network
from glassbert.model.taps import capture
from glassbert.text.windows import Windows

# states of so many tokens are compared: those of two BERT base are 164 MB
CKA_TOKENS = 2048


class Divergences:
    """Sums over content tokens of the divergence between the maps of two models."""

    def __init__(self, layers: int, heads: int) -> None:
        self.divergence = np.zeros((layers, heads))
        self.own = np.zeros((layers, heads))
        self.tokens = 0

    def add(
        self, one: Network, other: Network, states: tuple[list[Tensor], list[Tensor]], windows: Windows
    ) -> None:
        """`states` [T, H] are the inputs of every block (and the last output) of both, on windows of one
        length.
        """
        content = torch.from_numpy(windows.sequence >= 0).view(len(windows), -1)
        self.tokens += int(content.sum())
        for layer in range(len(self.divergence)):
            before = maps(one, layer, states[0][layer], len(windows))
            own = maps(other, layer, states[0][layer], len(windows))
            after = maps(other, layer, states[1][layer], len(windows))
            self.divergence[layer] += divergence(before, after, content)
            self.own[layer] += divergence(before, own, content)


def maps(network: Network, layer: int, hidden: Float[Tensor, "T H"], count: int) -> Float[Tensor, "B N S S"]:
    """The maps that a layer's heads make of these states."""
    with torch.inference_mode():
        block = cast(Block, network.encoder.blocks[layer])
        layout = Layout(np.full(count, len(hidden) // count), device=hidden.device)
        query, key = block.looked_at(hidden, layout)
        query, key = (part.float().unflatten(0, (count, -1)).transpose(1, 2) for part in (query, key))
        return torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1).cpu()


def divergence(one: Tensor, other: Tensor, content: Tensor) -> Float[np.ndarray, "N"]:
    """The sum over content tokens of JSD(one, other), per head; exactly 0 for equal maps."""
    mixed = torch.special.entr((one + other) / 2).sum(-1)
    apart = mixed - (torch.special.entr(one).sum(-1) + torch.special.entr(other).sum(-1)) / 2
    found: np.ndarray = (apart.clamp(min=0) * content[:, None]).double().sum((0, 2)).numpy()
    return found


def states_of(network: Network, windows: Windows) -> list[Float[Tensor, "T H"]]:
    """The embeddings and the output of every block; raises DataError where they are not finite."""
    blocks = range(network.config.num_hidden_layers)
    names = ["encoder.embeddings.embedded", *(f"encoder.blocks.{i}.output" for i in blocks)]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed_windows(network, windows))
    for name in names:
        if not torch.isfinite(seen[name]).all():
            fix = "the weights are damaged, or training diverged: take another checkpoint"
            what = f"{name} is not a finite number on these texts"
            raise DataError(Problem(code="not-finite", what=what, fix=fix))
    return [seen[name].float() for name in names]


class Samples:
    """The states of every `stride`-th token, for the comparison of layers."""

    def __init__(self, num_tokens: int) -> None:
        self.stride = max(-(-num_tokens // CKA_TOKENS), 1)
        self.parts: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._passed = 0

    def add(self, states: tuple[list[Tensor], list[Tensor]]) -> None:
        count = len(states[0][0])
        chosen = torch.arange(-self._passed % self.stride, count, self.stride)
        self._passed += count
        for kept, mine in zip(self.parts, states, strict=True):
            kept.append(torch.stack([layer[chosen].cpu() for layer in mine]))

    def cka(self) -> tuple[Float[np.ndarray, "L1 L1"], int]:
        """CKA of every layer of A with every layer of B, and over how many tokens."""
        one, other = (centred(torch.cat(part, dim=1)) for part in self.parts)
        norms = [[float((layer.T @ layer).norm()) for layer in part] for part in (one, other)]
        found = np.array([[linear_cka(a, b) for b in other] for a in one])
        scale = np.sqrt(np.outer(np.square(norms[0]), np.square(norms[1])))
        return np.divide(found, scale, out=np.full_like(found, np.nan), where=scale > 0), one.shape[1]


def linear_cka(one: Float[Tensor, "n H"], other: Float[Tensor, "n H"]) -> float:
    """|Y^T X|^2 of centred states, the numerator of linear CKA (Kornblith et al. 2019)."""
    return float((other.T @ one).norm()) ** 2


def centred(states: Float[Tensor, "L n H"]) -> Float[Tensor, "L n H"]:
    return states.double() - states.double().mean(1, keepdim=True)
