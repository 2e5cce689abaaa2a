"""Modules with a landscape known in closed form, and tiny networks of ours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from glassbert.lens.landscaping.samples import Sample
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from tests.contract.workbench import tiny_config

SHAPE = (5, 3)


class Quadratic(nn.Module):
    """L(w) = 1/2 w^T A w + b^T w + c over all weights end to end, in float64."""

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.matrix = nn.Parameter(torch.randn(SHAPE, generator=draw, dtype=torch.float64))
        self.vector = nn.Parameter(torch.randn(4, generator=draw, dtype=torch.float64))
        size = 19
        root = torch.randn(size, size, generator=draw, dtype=torch.float64)
        self.register_buffer("a", root + root.T)
        self.register_buffer("b", torch.randn(size, generator=draw, dtype=torch.float64))
        self.dropout = nn.Dropout(0.5)

    def flat(self) -> Tensor:
        return torch.cat([self.matrix.flatten(), self.vector])

    def loss(self) -> Tensor:
        flat = self.dropout(self.flat())  # evaluation mode leaves it alone
        return 0.5 * flat @ self.a @ flat + self.b @ flat + 7.0

    def weights(self, *, seed: int) -> dict[str, Tensor]:
        draw = torch.Generator().manual_seed(seed)
        return {
            name: torch.randn(each.shape, generator=draw, dtype=each.dtype)
            for name, each in self.named_parameters()
        }

    def closed_form(self, weights: dict[str, Tensor]) -> float:
        flat = torch.cat([weights["matrix"].flatten(), weights["vector"]])
        return float(0.5 * flat @ self.a @ flat + self.b @ flat + 7.0)


def samples_of(*losses: Callable[[], Tensor]) -> list[Sample]:
    """One sample for each, of one part and one row."""
    names = ("training", "held-out")
    return [
        Sample(name=name, rows=1, total_rows=1, weight=1.0, parts=(loss,))
        for name, loss in zip(names, losses, strict=False)
    ]


class Small:
    """A tiny network with a classifier, and three texts of unequal length to lose on."""

    def __init__(self, model_type: str = "bert", *, dtype: torch.dtype = torch.float32) -> None:
        config = tiny_config(60, model_type)
        head = HeadConfig(kind="sequence-classification", labels=("a", "b", "c"))
        self.network = Network(config, head, seed=3).to(dtype)
        draw = np.random.default_rng(5)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.add_(torch.from_numpy(draw.normal(0, 0.2, parameter.shape)).to(dtype))
        lengths = np.array([4, 7, 7])
        ids = draw.integers(5, 60, lengths.sum()).astype(np.int32)
        self.packed = Packed.of(
            ids, np.zeros(len(ids), np.uint8), lengths, position_offset=config.position_offset
        )
        self.targets = torch.tensor([0, 2, 1])

    def loss(self) -> Tensor:
        logits = self.network(self.packed)
        return nn.functional.cross_entropy(logits.double(), self.targets, reduction="sum")

    def weights(self, *, seed: int) -> dict[str, Tensor]:
        draw = torch.Generator().manual_seed(seed)
        return {
            name: each.detach() + 0.1 * torch.randn(each.shape, generator=draw, dtype=each.dtype)
            for name, each in self.network.named_parameters()
        }

    @property
    def sample(self) -> Sample:
        return Sample(name="training", rows=3, total_rows=3, weight=3.0, parts=(self.loss,))
