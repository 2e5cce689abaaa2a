"""A block of the encoder as one operation with its derivative written out, for training on a CPU.

The numbers are those of `Block.forward`; what is saved is the cost of asking for them. Autograd records some
thirty operations and twice as many views per block, and adds, splits and joins gradients in passes of their
own. Here a block is one node: residual gradients are summed inside matrix products, and the gradients of
queries, keys and values are written where the next product reads them. A step on 430 tokens is 5 % shorter,
one of a small model more. There is no second derivative: only training passes come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from glassbert.model.dense_attention import MAX_LENGTH, Piece, attend, attend_backward

States = Float[Tensor, "T H"]
ByHead = Float[Tensor, "B N S D"]

# for each activation that has a derivative here, torch's name of the approximation
APPROXIMATION = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
NUM_STATES = 12
NUM_WEIGHTS = 12
_ALL = [True, True, True]
_aten = torch.ops.aten


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """What a block needs besides its input and its weights; `masks` are the two keep-masks, or none."""

    pieces: Sequence[Piece]
    num_heads: int
    eps: float
    approximate: str
    masks: tuple[States, ...]


def handmade_block(hidden: States, weights: Sequence[Tensor], plan: BlockPlan) -> States:
    """LN(h + m2 FF(h)) with h = LN(x + m1 Attention(x)), [T, H] -> [T, H].

    `weights`: weight and bias of the fused query-key-value projection, of attention's output, its norm, the
    feed-forward's two layers and its norm.
    """
    return cast(Tensor, _Block.apply(hidden, plan, *weights))


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: States, plan: BlockPlan, *weights: Tensor) -> States:
        qkv_w, qkv_b, out_w, out_b, norm1_w, norm1_b, up_w, up_b, down_w, down_b, norm2_w, norm2_b = weights
        width, (mask1, mask2) = [x.shape[1]], plan.masks or (None, None)
        qkv = torch.addmm(qkv_b, x, qkv_w.t())
        context, pieces = _attention(qkv, plan)
        sum1 = _added(x, torch.addmm(out_b, context, out_w.t()), mask1)
        hidden, mean1, rstd1 = torch.native_layer_norm(sum1, width, norm1_w, norm1_b, plan.eps)
        inner = torch.addmm(up_b, hidden, up_w.t())
        active = torch.nn.functional.gelu(inner, approximate=plan.approximate)
        sum2 = _added(hidden, torch.addmm(down_b, active, down_w.t()), mask2)
        y, mean2, rstd2 = torch.native_layer_norm(sum2, width, norm2_w, norm2_b, plan.eps)
        states = (x, qkv, context, sum1, mean1, rstd1, hidden, inner, active, sum2, mean2, rstd2)
        ctx.save_for_backward(*states, *weights, *plan.masks, *pieces)
        ctx.plan = plan
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: States) -> tuple[Tensor | None, ...]:
        plan, saved = ctx.plan, list(ctx.saved_tensors)
        x, qkv, context, sum1, mean1, rstd1, hidden, inner, active, sum2, mean2, rstd2 = saved[:NUM_STATES]
        weights, rest = saved[NUM_STATES : NUM_STATES + NUM_WEIGHTS], saved[NUM_STATES + NUM_WEIGHTS :]
        qkv_w, _, out_w, _, norm1_w, norm1_b, up_w, _, down_w, _, norm2_w, norm2_b = weights
        masks, pieces = rest[: len(plan.masks)], rest[len(plan.masks) :]
        width, (mask1, mask2) = [x.shape[1]], masks or (None, None)

        grad, *of_norm2 = _aten.native_layer_norm_backward(
            grad.contiguous(), sum2, width, mean2, rstd2, norm2_w, norm2_b, _ALL
        )
        kept = grad if mask2 is None else grad * mask2
        of_inner, of_down = kept.mm(down_w), (kept.t().mm(active), kept.sum(0))
        _aten.gelu_backward.grad_input(of_inner, inner, approximate=plan.approximate, grad_input=of_inner)
        of_up = (of_inner.t().mm(hidden), of_inner.sum(0))
        grad, *of_norm1 = _aten.native_layer_norm_backward(
            grad.addmm_(of_inner, up_w), sum1, width, mean1, rstd1, norm1_w, norm1_b, _ALL
        )
        kept = grad if mask1 is None else grad * mask1
        of_context, of_out = kept.mm(out_w), (kept.t().mm(context), kept.sum(0))
        of_products = _attention_backward(of_context, qkv, pieces, plan)
        of_qkv = (of_products.t().mm(x), of_products.sum(0))
        grad.addmm_(of_products, qkv_w)
        return grad, None, *of_qkv, *of_out, *of_norm1, *of_up, *of_down, *of_norm2


def _added(residual: States, value: States, mask: States | None) -> States:
    return value.add_(residual) if mask is None else torch.addcmul(residual, value, mask)


def _attention(qkv: Float[Tensor, "T H3"], plan: BlockPlan) -> tuple[States, list[Tensor]]:
    """Context [T, H], and what the derivative asks for: two tensors per piece."""
    context = qkv.new_empty(qkv.shape[0], qkv.shape[1] // 3)
    saved: list[Tensor] = []
    for piece in plan.pieces:
        if piece.length <= MAX_LENGTH:
            saved += attend(qkv, piece, plan.num_heads, context)
            continue
        heads = _by_head(qkv[piece.start : piece.stop], piece.length, plan.num_heads)
        fused, logsumexp = _aten._scaled_dot_product_flash_attention_for_cpu(*heads)
        context[piece.start : piece.stop].view(fused.transpose(1, 2).shape).copy_(fused.transpose(1, 2))
        saved += [fused, logsumexp]
    return context, saved


def _attention_backward(
    grad: States, qkv: Float[Tensor, "T H3"], saved: Sequence[Tensor], plan: BlockPlan
) -> Float[Tensor, "T H3"]:
    """Gradient of the fused projection, from that of the context."""
    of_qkv = torch.empty_like(qkv)
    for piece, first, second in zip(plan.pieces, saved[::2], saved[1::2], strict=True):
        if piece.length <= MAX_LENGTH:
            attend_backward(grad, (first, second), piece, plan.num_heads, of_qkv)
            continue
        mine = grad[piece.start : piece.stop].view(piece.count, piece.length, plan.num_heads, -1)
        heads = _by_head(qkv[piece.start : piece.stop], piece.length, plan.num_heads)
        grads = _aten._scaled_dot_product_flash_attention_for_cpu_backward(
            mine.transpose(1, 2), *heads, first, second, 0.0, False
        )
        targets = _by_head(of_qkv[piece.start : piece.stop], piece.length, plan.num_heads)
        for target, value in zip(targets, grads, strict=True):
            target.copy_(value)
    return of_qkv


def _by_head(packed: Float[Tensor, "_ H3"], length: int, num_heads: int) -> tuple[ByHead, ByHead, ByHead]:
    """Views of queries, keys and values, [B, N, S, D] each."""
    size = packed.shape[1] // (3 * num_heads)
    query, key, value = packed.view(-1, length, 3, num_heads, size).permute(2, 0, 3, 1, 4).unbind(0)
    return query, key, value
