"""Attention, the one place where tokens of a packed batch meet.

    A = softmax(Q K^T / sqrt(d)),   context = A V        (scaled dot product, Vaswani et al. 2017)
    A = softmax(w . tanh(q_i + k_j)),  context = A V     (additive, Bahdanau et al. 2015; one w per head)

With rotary positions queries and keys are turned first (`rotary`): what the taps show is turned already.

Three ways to compute the same: `grouped` runs torch's fused kernel once per run of equally long sequences,
straight on views of the packed tensor, without mask or padding (CPU, and the fallback); `varlen` is the
fused CUDA kernel for packed sequences; `explicit` writes the formula out. The explicit one is the reference
in tests and what runs when somebody watches the weights, when weights are to be dropped out, and for
additive attention.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from glassbert.model.absorbed import absorbed_attention
from glassbert.model.adapted import Adapted, applied, is_thinned, weight_of
from glassbert.model.config import EncoderConfig
from glassbert.model.groups import GroupRows, group_rows
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise
from glassbert.model.rotary import rotated
from glassbert.model.taps import Tap, Tapped
from glassbert.products import Linear, linear

Queries = Float[Tensor, "R N D"]
Heads = Float[Tensor, "T N D"]
GroupQueries = Float[Tensor, "B N Q D"]
GroupHeads = Float[Tensor, "B N S D"]
Kernel = Callable[[GroupQueries, GroupHeads, GroupHeads], GroupQueries]


def dot_product_weights(query: GroupQueries, key: GroupHeads) -> Float[Tensor, "B N Q S"]:
    """softmax(Q K^T / sqrt(d)) over the keys; rows sum to 1."""
    return torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)


def additive_weights(
    query: GroupQueries, key: GroupHeads, score: Float[Tensor, "N D"]
) -> Float[Tensor, "B N Q S"]:
    """softmax_j(w_n . tanh(q_i + k_j)); needs memory for B N Q S D numbers."""
    sums = torch.tanh(query[..., :, None, :] + key[..., None, :, :])
    return torch.softmax(torch.einsum("bnqsd,nd->bnqs", sums, score), dim=-1)


class Attention(Tapped):
    """Multi-head self-attention with its output projection, [T, H] -> [R, H]."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.head_size = config.head_size
        self.qkv = Linear(hidden, 3 * hidden, bias=config.use_bias)
        self.output = Linear(hidden, hidden, bias=config.use_bias)
        self.rope_theta = config.rope_theta if config.position_embedding_type == "rotary" else None
        self.score = None
        if config.attention_type == "additive":
            self.score = nn.Parameter(torch.empty(self.num_heads, self.head_size))
        self.query, self.key, self.value = Tap(), Tap(), Tap()
        self.weights, self.context = Tap(), Tap()

    def forward(
        self,
        hidden: Float[Tensor, "T H"],
        layout: Layout,
        *,
        rows: Rows | None = None,
        noise: Noise | None = None,
    ) -> Float[Tensor, "R H"]:
        counts = layout.lengths if rows is None else rows.counts
        if rows is not None and self._can_absorb(hidden, rows, noise):
            context = self.context(self._absorbed(hidden, layout, rows)).flatten(1)
            return applied(self.output, context, noise, counts)
        if isinstance(self.qkv, Adapted):
            query, key, value = self._adapted(hidden, layout, rows, noise)
        else:
            query, key, value = self.project(hidden, rows)
        query, key = self.turned(query, key, layout, rows)
        query, key, value = self.query(query), self.key(key), self.value(value)
        if self._must_be_explicit(noise):
            context = by_group(query, key, value, layout, rows, kernel=self._explicit(layout, rows, noise))
        elif query.is_cuda and query.dtype in (torch.bfloat16, torch.float16):
            context = varlen(query, key, value, layout, rows)
        else:
            context = by_group(query, key, value, layout, rows, kernel=F.scaled_dot_product_attention)
        return applied(self.output, self.context(context).flatten(1), noise, counts)

    def project(self, hidden: Float[Tensor, "T H"], rows: Rows | None) -> tuple[Queries, Heads, Heads]:
        """Queries of the chosen rows [R, N, D], keys and values of all [T, N, D], by one or two matrix
        products; not yet turned by positions.
        """
        if rows is None:
            qkv = self.qkv(hidden).view(-1, 3, self.num_heads, self.head_size)
            return qkv.unbind(1)
        # one split, not four slices: the gradient of a slice is a whole matrix of zeros with the slice in it
        width = self.num_heads * self.head_size
        weights = weight_of(self.qkv).split((width, 2 * width))
        bias = self.qkv.bias
        biases = (None, None) if bias is None else bias.split((width, 2 * width))
        query = linear(hidden.index_select(0, rows.index), weights[0], biases[0])
        key, value = (
            linear(hidden, weights[1], biases[1]).view(-1, 2, self.num_heads, self.head_size).unbind(1)
        )
        return query.view(-1, self.num_heads, self.head_size), key, value

    def turned(self, query: Queries, key: Heads, layout: Layout, rows: Rows | None) -> tuple[Queries, Heads]:
        """Queries and keys turned by their rotary positions; as they are where positions are others."""
        if self.rope_theta is None:
            return query, key
        angles = layout.rotation(self.head_size, self.rope_theta)
        chosen = angles if rows is None else tuple(each.index_select(0, rows.index) for each in angles)
        return rotated(query, *chosen), rotated(key, *angles)

    def _adapted(
        self, hidden: Float[Tensor, "T H"], layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> tuple[Queries, Heads, Heads]:
        """The same by one product for all rows, with what adapters add."""
        qkv = applied(self.qkv, hidden, noise, layout.lengths).view(-1, 3, self.num_heads, self.head_size)
        query, key, value = qkv.unbind(1)
        return query if rows is None else query.index_select(0, rows.index), key, value

    @property
    def watched(self) -> bool:
        """Whether anybody looks at what happens inside."""
        return any(tap.watched for tap in (self.query, self.key, self.value, self.weights, self.context))

    def _can_absorb(self, hidden: Float[Tensor, "T H"], rows: Rows, noise: Noise | None) -> bool:
        watched = self.query.watched or self.key.watched or self.value.watched
        alone = bool((rows.counts == 1).all()) and self.rope_theta is None
        plain = not self._must_be_explicit(noise) and not is_thinned(self.qkv, noise)
        return alone and plain and not watched and not hidden.is_cuda

    def _absorbed(self, hidden: Float[Tensor, "T H"], layout: Layout, rows: Rows) -> Queries:
        query_weight, key_weight, value_weight = weight_of(self.qkv).chunk(3)
        bias = self.qkv.bias
        query_bias, _, value_bias = (None, None, None) if bias is None else bias.chunk(3)
        query = linear(hidden.index_select(0, rows.index), query_weight, query_bias)
        return absorbed_attention(
            hidden,
            query.view(-1, self.num_heads, self.head_size),
            layout,
            key_weight=key_weight,
            value_weight=value_weight,
            value_bias=value_bias,
        )

    def _must_be_explicit(self, noise: Noise | None) -> bool:
        drops = noise is not None and noise.rates.attention > 0
        return self.weights.watched or self.score is not None or drops

    def _explicit(self, layout: Layout, rows: Rows | None, noise: Noise | None) -> Kernel:
        masks = _weight_masks(layout, rows, self.num_heads, noise)

        def kernel(query: GroupQueries, key: GroupHeads, value: GroupHeads) -> GroupQueries:
            if self.score is None:
                weights = dot_product_weights(query, key)
            else:
                weights = additive_weights(query, key, self.score)
            weights = self.weights(weights)
            mask = next(masks, None)
            return (weights if mask is None else weights * mask.to(weights.dtype)) @ value

        return kernel


def by_group(
    query: Queries, key: Heads, value: Heads, layout: Layout, rows: Rows | None, *, kernel: Kernel
) -> Queries:
    """Apply a dense kernel to every group of equally long sequences that has queries: no mask, no padding."""
    sizes = [group.num_tokens for group in layout.groups]
    plans = group_rows(layout, rows)
    queries = query.split([plan.num_rows for plan in plans])
    contexts = []
    for plan, q, k, v in zip(plans, queries, key.split(sizes), value.split(sizes), strict=True):
        if plan.num_rows:
            context = kernel(_fold(plan.spread(q), plan), _unfold(k, plan), _unfold(v, plan))
            contexts.append(plan.gather(context.transpose(1, 2).flatten(0, 1)))
    if not contexts:  # a batch in which no row was chosen
        return query
    return contexts[0] if len(contexts) == 1 else torch.cat(contexts)


def varlen(query: Queries, key: Heads, value: Heads, layout: Layout, rows: Rows | None) -> Queries:
    """torch's fused kernel for packed sequences (CUDA, half precision)."""
    from torch.nn.attention.varlen import varlen_attn  # needs a CUDA build: loaded where one is in use

    cu_q, max_q = (
        (layout.cu_seqlens, layout.max_length) if rows is None else (rows.cu_seqlens, rows.max_count)
    )
    context = varlen_attn(
        query.contiguous(),
        key.contiguous(),
        value.contiguous(),
        cu_q,
        layout.cu_seqlens,
        max_q,
        layout.max_length,
    )
    return cast(Tensor, context)


def _fold(query: Float[Tensor, "_ N D"], plan: GroupRows) -> GroupQueries:
    return query.unflatten(0, (plan.count, plan.width)).transpose(1, 2)


def _unfold(tokens: Heads, plan: GroupRows) -> GroupHeads:
    return tokens.unflatten(0, (plan.count, -1)).transpose(1, 2)


def _weight_masks(
    layout: Layout, rows: Rows | None, num_heads: int, noise: Noise | None
) -> Iterator[Float[Tensor, "B N Q S"]]:
    """Keep-masks of the attention weights, one for each group that has queries.

    Every sequence draws for its own queries only, never for those it repeats to fill a block: what is
    dropped must not depend on the company it keeps.
    """
    if noise is None or noise.rates.attention == 0:
        return
    counts = layout.lengths if rows is None else rows.counts
    flat = noise.keep(counts * layout.lengths * num_heads, 1, noise.rates.attention)
    plans = group_rows(layout, rows)
    sizes = [
        plan.num_rows * num_heads * group.length for plan, group in zip(plans, layout.groups, strict=True)
    ]
    for plan, mask in zip(plans, flat.split(sizes), strict=True):
        if plan.num_rows:
            yield _fold(plan.spread(mask.view(plan.num_rows, num_heads, -1)), plan)
