"""Attention of sequences of at most 64 tokens with its derivative written out, for training on a CPU.

The fused kernel handles one head of one sequence at a time; on 13 tokens the calls cost several times the
arithmetic. Here several short sequences stand side by side in a block of some 30 rows, whose products with
one another are masked away, and all heads of all blocks go through one batched product:

    A = softmax(Q K^T / sqrt(d) + M),   C = A V,   M_ij = 0 within a sequence, -inf between two
    dV = A^T dC,   dP = dC V^T,   dS = A (dP - sum_j A dP) / sqrt(d),   dQ = dS K,   dK = dS^T Q

Forward and backward together take 0.5 to 0.8 of the fused kernel's time from 3 to 64 tokens (32 sequences,
12 heads of 32). The weights are kept for the derivative: N S numbers per token.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.model.layout import Group

MAX_LENGTH = 64
# a block of twice as many rows multiplies twice as many masked pairs; half as many makes twice the calls
BLOCK_ROWS = 30

States = Float[Tensor, "T H"]
Projected = Float[Tensor, "T H3"]
ByHead = Float[Tensor, "Z P D"]

_softmax_backward = torch.ops.aten._softmax_backward_data


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Neighbouring rows that make `count` blocks of `size` sequences, each `length` tokens long."""

    start: int
    count: int
    size: int
    length: int

    @property
    def rows(self) -> int:
        return self.size * self.length

    @property
    def stop(self) -> int:
        return self.start + self.count * self.rows


def pieces_of(groups: Iterable[Group]) -> list[Piece]:
    """Each group as blocks of one size; those that are left over are one smaller block."""
    pieces, start = [], 0
    for group in groups:
        size = max(1, min(BLOCK_ROWS // group.length, group.count))
        for count, each in ((group.count // size, size), (1, group.count % size)):
            if each:
                pieces.append(Piece(start=start, count=count, size=each, length=group.length))
                start = pieces[-1].stop
    return pieces


def attend(qkv: Projected, piece: Piece, num_heads: int, context: States) -> Sequence[Tensor]:
    """Write the piece's rows of `context`; returns what `attend_backward` asks for."""
    heads = _heads(qkv[piece.start : piece.stop], piece, num_heads).contiguous()
    query, key, value = heads.view(3, piece.count * num_heads, piece.rows, -1).unbind(0)
    scale = 1 / math.sqrt(query.shape[-1])
    if piece.size == 1:
        scores = torch.bmm(query, key.transpose(1, 2)).mul_(scale)
    else:
        between = _between(piece.size, piece.length, qkv.dtype)
        scores = torch.baddbmm(between, query, key.transpose(1, 2), alpha=scale)
    weights = torch.softmax(scores, dim=-1)
    of_piece = _by_token(context, piece, num_heads)
    of_piece.copy_(torch.bmm(weights, value).view(piece.count, num_heads, piece.rows, -1).transpose(1, 2))
    return heads, weights


def attend_backward(
    grad: States, saved: Sequence[Tensor], piece: Piece, num_heads: int, of_qkv: Projected
) -> None:
    """Write the piece's rows of the projection's gradient, from that of the context."""
    heads, weights = saved
    by_head = (piece.count * num_heads, piece.rows, -1)
    query, key, value = heads.view(3, *by_head).unbind(0)
    mine = _by_token(grad, piece, num_heads).transpose(1, 2).reshape(by_head)
    grads = torch.empty_like(heads)
    of_query, of_key, of_value = grads.view(3, *by_head).unbind(0)
    torch.bmm(weights.transpose(1, 2), mine, out=of_value)
    of_weights = torch.bmm(mine, value.transpose(1, 2))
    of_scores = _softmax_backward(of_weights, weights, -1, weights.dtype).mul_(1 / math.sqrt(query.shape[-1]))
    torch.bmm(of_scores, key, out=of_query)
    torch.bmm(of_scores.transpose(1, 2), query, out=of_key)
    _heads(of_qkv[piece.start : piece.stop], piece, num_heads).copy_(grads)


def _heads(qkv: Projected, piece: Piece, num_heads: int) -> Float[Tensor, "3 C N P D"]:
    """A view of queries, keys and values, head by head."""
    return qkv.view(piece.count, piece.rows, 3, num_heads, -1).permute(2, 0, 3, 1, 4)


def _by_token(states: States, piece: Piece, num_heads: int) -> Float[Tensor, "C P N D"]:
    return states[piece.start : piece.stop].view(piece.count, piece.rows, num_heads, -1)


@lru_cache(maxsize=64)
def _between(size: int, length: int, dtype: torch.dtype) -> Float[Tensor, "P P"]:
    """0 within each of `size` sequences, minus infinity between them."""
    same = torch.block_diag(*[torch.ones(length, length)] * size).bool()
    return torch.zeros(same.shape, dtype=dtype).masked_fill_(~same, -math.inf)
