"""A block of the encoder as one operation with its derivative written out, for training on a CPU.

The numbers are those of `Block.forward`; what is saved is the cost of asking for them. Autograd records some
thirty operations and twice as many views per block, and adds, splits and joins gradients in passes of their
own. Here a block is one node: residual gradients are summed inside matrix products, and the gradients of
queries, keys and values are written where the next product reads them. A step on 430 tokens is 5 % shorter,
one of a small model more. There is no second derivative: only training passes come here.

Rows are counted as matrix products like them (`products`): below the tokens' rows there may be some that
belong to none, zeros at first, on which nothing depends and whose gradients are zero.

What does not learn costs nothing here: no gradient of a frozen weight is formed, and no state is kept that
only such a gradient would read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from glassbert.model.corrections import PER_ADAPTER, Correction, correct, correct_backward
from glassbert.model.dense_attention import MAX_LENGTH, Piece, attend, attend_backward
from glassbert.products import linear, padded, product, product_of_columns, product_onto

States = Float[Tensor, "T H"]
ByHead = Float[Tensor, "B N S D"]

# for each activation that has a derivative here, torch's name of the approximation
APPROXIMATION = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
NUM_STATES = 12
NUM_WEIGHTS = 12
LAYERS = (0, 2, 6, 8)  # which of the weights are those of linear layers
_aten = torch.ops.aten


@dataclass(frozen=True, kw_only=True)
class BlockPlan:
    """What a block needs besides its input and its weights; `masks` are the two keep-masks, or none.

    `adapters`: what low-rank adapters add to each of the four linear layers, in the order of the weights.
    """

    pieces: Sequence[Piece]
    num_heads: int
    eps: float
    approximate: str
    masks: tuple[States, ...]
    adapters: tuple[tuple[Correction, ...], ...] = ((), (), (), ())


def handmade_block(hidden: States, weights: Sequence[Tensor], plan: BlockPlan) -> States:
    """LN(h + m2 FF(h)) with h = LN(x + m1 Attention(x)), [T, H] -> [T, H].

    `weights`: weight and bias of the fused query-key-value projection, of attention's output, its norm, the
    feed-forward's two layers and its norm; then A and B of every adapter of the four layers.
    """
    return cast(Tensor, _Block.apply(hidden, plan, *weights))


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: States, plan: BlockPlan, *weights: Tensor) -> States:
        qkv_w, qkv_b, out_w, out_b, norm1_w, norm1_b, up_w, up_b, down_w, down_b, norm2_w, norm2_b = weights[
            :NUM_WEIGHTS
        ]
        at_qkv, at_out, at_up, at_down = _by_layer(weights[NUM_WEIGHTS:], plan)
        width, (mask1, mask2) = [x.shape[1]], plan.masks or (None, None)
        rows, x = len(x), padded(x)
        qkv = linear(x, qkv_w, qkv_b)
        lows = correct(qkv, x, plan.adapters[0], at_qkv)
        context, pieces = _attention(qkv, plan)
        projected = linear(context, out_w, out_b)
        lows += correct(projected, context, plan.adapters[1], at_out)
        sum1 = _added(x, projected, mask1)
        hidden, mean1, rstd1 = torch.native_layer_norm(sum1, width, norm1_w, norm1_b, plan.eps)
        inner = linear(hidden, up_w, up_b)
        lows += correct(inner, hidden, plan.adapters[2], at_up)
        active = torch.nn.functional.gelu(inner, approximate=plan.approximate)
        changed = linear(active, down_w, down_b)
        lows += correct(changed, active, plan.adapters[3], at_down)
        sum2 = _added(hidden, changed, mask2)
        y, mean2, rstd2 = torch.native_layer_norm(sum2, width, norm2_w, norm2_b, plan.eps)
        if any(ctx.needs_input_grad):
            # the inputs of layers are read by the gradients of their weights alone
            given = _if_learning((x, context, hidden, active), ctx.needs_input_grad, plan)
            states = (*given, qkv, sum1, mean1, rstd1, inner, sum2, mean2, rstd2)
            ctx.save_for_backward(*states, *weights, *plan.masks, *lows, *pieces)
            ctx.plan, ctx.num_lows = plan, len(lows)
        return y[:rows]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: States) -> tuple[Tensor | None, ...]:
        plan, needs, saved = ctx.plan, ctx.needs_input_grad, _Reader(ctx.saved_tensors)
        x, context, hidden, active, qkv, sum1, mean1, rstd1, inner, sum2, mean2, rstd2 = saved.take(
            NUM_STATES
        )
        qkv_w, _, out_w, _, norm1_w, norm1_b, up_w, _, down_w, _, norm2_w, norm2_b = saved.take(NUM_WEIGHTS)
        at_qkv, at_out, at_up, at_down = _by_layer(saved.take(PER_ADAPTER * ctx.num_lows), plan)
        mask1, mask2 = saved.take(len(plan.masks)) or (None, None)
        low_qkv, low_out, low_up, low_down = _by_layer(saved.take(ctx.num_lows), plan, each=1)
        width, learns = [x.shape[1]] if x is not None else [qkv.shape[1] // 3], needs[2:]
        on_qkv, on_out, on_up, on_down = plan.adapters

        rows, grad = len(grad), padded(grad.contiguous())
        grad, *of_norm2 = _aten.native_layer_norm_backward(
            grad, sum2, width, mean2, rstd2, norm2_w, norm2_b, [True, *learns[10:12]]
        )
        kept = _kept(grad, mask2)
        of_inner, of_down = product(kept, down_w), _of_layer(kept, active, learns[8:10])
        a_down = correct_backward(kept, active, low_down, on_down, at_down, into=of_inner)
        _aten.gelu_backward.grad_input(of_inner, inner, approximate=plan.approximate, grad_input=of_inner)
        of_up = _of_layer(of_inner, hidden, learns[6:8])
        product_onto(grad, of_inner, up_w)
        a_up = correct_backward(of_inner, hidden, low_up, on_up, at_up, into=grad)
        grad, *of_norm1 = _aten.native_layer_norm_backward(
            grad, sum1, width, mean1, rstd1, norm1_w, norm1_b, [True, *learns[4:6]]
        )
        kept = _kept(grad, mask1)
        of_context, of_out = product(kept, out_w), _of_layer(kept, context, learns[2:4])
        a_out = correct_backward(kept, context, low_out, on_out, at_out, into=of_context)
        of_products = _attention_backward(of_context, qkv, saved.rest(), plan)
        of_qkv = _of_layer(of_products, x, learns[0:2])
        of_x = product_onto(grad, of_products, qkv_w) if needs[0] else None
        a_qkv = correct_backward(of_products, x, low_qkv, on_qkv, at_qkv, into=of_x)
        of_weights = (*of_qkv, *of_out, *of_norm1, *of_up, *of_down, *of_norm2)
        return None if of_x is None else of_x[:rows], None, *of_weights, *a_qkv, *a_out, *a_up, *a_down


class _Reader:
    """Takes tensors from a list, so many at a time."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = list(tensors)

    def take(self, count: int) -> list[Tensor]:
        taken, self._tensors = self._tensors[:count], self._tensors[count:]
        return taken

    def rest(self) -> list[Tensor]:
        return self._tensors


def _by_layer(tensors: Sequence[Tensor], plan: BlockPlan, *, each: int = PER_ADAPTER) -> list[list[Tensor]]:
    """The adapters' tensors, so many of each, of every one of the four layers."""
    reader = _Reader(tensors)
    return [reader.take(each * len(corrections)) for corrections in plan.adapters]


def _if_learning(given: Sequence[Tensor], needs: Sequence[bool], plan: BlockPlan) -> list[Tensor | None]:
    """The inputs of the four layers, each where its weight or an adapter of it learns."""
    own = [needs[2 + place] for place in LAYERS]
    return [
        tensor if learns or corrections else None
        for tensor, learns, corrections in zip(given, own, plan.adapters, strict=True)
    ]


def _of_layer(
    grad: Float[Tensor, "T out"], given: Float[Tensor, "T in"], learns: Sequence[bool]
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of a layer's weight and bias, each where it learns."""
    return product_of_columns(grad, given) if learns[0] else None, grad.sum(0) if learns[1] else None


def _added(residual: States, value: States, mask: States | None) -> States:
    """The sum, in the memory of `value`."""
    if mask is None:
        return value.add_(residual)
    rows = len(mask)
    torch.addcmul(residual[:rows], value[:rows], mask, out=value[:rows])
    return value


def _kept(grad: States, mask: States | None) -> States:
    """What dropout let through; rows of no token have a gradient of zero."""
    if mask is None:
        return grad
    rows, kept = len(mask), torch.empty_like(grad)
    torch.mul(grad[:rows], mask, out=kept[:rows])
    kept[rows:].zero_()
    return kept


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
    context[_tokens(plan) :].zero_()
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
    of_qkv[_tokens(plan) :].zero_()
    return of_qkv


def _tokens(plan: BlockPlan) -> int:
    return plan.pieces[-1].stop if plan.pieces else 0


def _by_head(packed: Float[Tensor, "_ H3"], length: int, num_heads: int) -> tuple[ByHead, ByHead, ByHead]:
    """Views of queries, keys and values, [B, N, S, D] each."""
    size = packed.shape[1] // (3 * num_heads)
    query, key, value = packed.view(-1, length, 3, num_heads, size).permute(2, 0, 3, 1, 4).unbind(0)
    return query, key, value
