"""How far each weight matrix moved, and in how many directions."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.lens.diff_record import KINDS, MatrixChange
from glassbert.model.encoder import Block
from glassbert.model.network import Network


def change(before: Float[Tensor, "O I"], after: Float[Tensor, "O I"]) -> tuple[float, float]:
    """|B - A| / |A| in the Frobenius norm, and the effective rank of B - A (Roy and Vetterli 2007):
    exp(-sum p log p) with p the singular values divided by their sum; 0 where nothing changed.

    The singular values are roots of the eigenvalues of the smaller Gram matrix, in float64. A change from
    zero is infinite.
    """
    start = before.detach().double().cpu()
    moved = after.detach().double().cpu() - start
    size = float(moved.norm())
    if size == 0:
        return 0.0, 0.0
    gram = moved @ moved.T if moved.shape[0] <= moved.shape[1] else moved.T @ moved
    values = torch.linalg.eigvalsh(gram).clamp(min=0).sqrt()
    shares = values / values.sum()
    rank = float(torch.special.entr(shares).sum().exp())
    norm = float(start.norm())
    return size / norm if norm else float("inf"), rank


def of_blocks(one: Network, other: Network) -> tuple[Float[np.ndarray, "L P"], Float[np.ndarray, "L P"]]:
    """Update and effective rank of every matrix of every block, kinds in the order of KINDS."""
    found = [
        [
            change(a, b)
            for a, b in zip(_matrices(cast(Block, left)), _matrices(cast(Block, right)), strict=True)
        ]
        for left, right in zip(one.encoder.blocks, other.encoder.blocks, strict=True)
    ]
    numbers = np.array(found).reshape(len(found), len(KINDS), 2)
    return numbers[..., 0], numbers[..., 1]


def of_others(one: Network, other: Network) -> tuple[MatrixChange, ...]:
    """The same of every other matrix that both have in one shape: embeddings, and heads of one kind."""
    theirs = dict(other.named_parameters())
    found = []
    for name, matrix in one.named_parameters():
        alike = name in theirs and theirs[name].shape == matrix.shape
        if matrix.ndim == 2 and alike and ".blocks." not in name:
            update, rank = change(matrix, theirs[name])
            found.append(MatrixChange(name=name.removesuffix(".weight"), update=update, rank=rank))
    return tuple(found)


def _matrices(block: Block) -> list[Tensor]:
    forward = block.feed_forward
    rest = [block.attention.output.weight, forward.up.weight, forward.down.weight]
    return [*block.attention.qkv.weight.chunk(3), *rest]
