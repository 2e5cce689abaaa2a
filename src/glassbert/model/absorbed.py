"""Attention for one query per sequence, without computing a key or a value.

A head that reads one row per sequence ([CLS]) leaves the last block a single query q there. With keys
k_j = W_k h_j + b_k and values v_j = W_v h_j + b_v,

    q . k_j = (W_k^T q) . h_j + q . b_k,        sum_j a_j v_j = W_v (sum_j a_j h_j) + b_v,

because the weights a_j sum to 1; q . b_k is the same for every j and drops out of the softmax. So the two
matrices meet B rows in place of T, and the hidden states serve as keys and values of N queries of width H:
for T = 426, B = 32, H = 384, N = 12 that is a tenth of the arithmetic. DeepSeek-V2 (arXiv 2405.04434,
section 2.1) absorbs its projections in the same way.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.layout import Layout

Matrix = Float[Tensor, "H H"]


def absorbed_attention(
    hidden: Float[Tensor, "T H"],
    query: Float[Tensor, "B N D"],
    layout: Layout,
    *,
    key_weight: Matrix,
    value_weight: Matrix,
    value_bias: Float[Tensor, "H"] | None,
) -> Float[Tensor, "B N D"]:
    """The context of one query per sequence: softmax(q . k / sqrt(D)) v, [B, N, D]."""
    _, num_heads, head_size = query.shape
    by_head = (num_heads, head_size, hidden.shape[1])
    probes = torch.bmm(query.transpose(0, 1), key_weight.view(by_head)).transpose(0, 1)
    counts = [group.count for group in layout.groups]
    sizes = [group.num_tokens for group in layout.groups]
    mixtures = [
        _mixture(probe, states.unflatten(0, (len(probe), -1)), 1 / math.sqrt(head_size))
        for probe, states in zip(probes.split(counts), hidden.split(sizes), strict=True)
    ]
    mixed = mixtures[0] if len(mixtures) == 1 else torch.cat(mixtures)
    context = torch.bmm(mixed.transpose(0, 1), value_weight.view(by_head).transpose(1, 2))
    context = context.transpose(0, 1)
    return context if value_bias is None else context + value_bias.view(num_heads, head_size)


def _mixture(
    probes: Float[Tensor, "B N H"], states: Float[Tensor, "B S H"], scale: float
) -> Float[Tensor, "B N H"]:
    """Hidden states weighted by softmax(scale * probe . state)."""
    keys = states[:, None]
    return F.scaled_dot_product_attention(probes[:, None], keys, keys, scale=scale).squeeze(1)
