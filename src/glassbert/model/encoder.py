"""The encoder: embeddings, then blocks of attend, add, normalise, feed forward, add, normalise (Devlin et al.
2019), or with norms before what they serve and once more at the end.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from glassbert.model.adapted import applied, masks_of, parts_of
from glassbert.model.attention import Attention
from glassbert.model.config import EncoderConfig
from glassbert.model.corrections import Correction
from glassbert.model.dense_attention import pieces_of
from glassbert.model.handmade import APPROXIMATION, BlockPlan, handmade_block
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise, added, dropped
from glassbert.model.packed import Packed
from glassbert.model.taps import Tap, Tapped
from glassbert.products import Linear

ACTIVATION = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
    "tanh": torch.tanh,
}
SUMS_PER_BLOCK = 2  # each adds what a dropout has thinned


def sinusoidal_positions(num_positions: int, hidden_size: int) -> Float[Tensor, "P H"]:
    """PE[p, 2i] = sin(p / 10000^(2i/H)), PE[p, 2i+1] = cos(the same); Vaswani et al. 2017, section 3.5."""
    position = torch.arange(num_positions, dtype=torch.float64)[:, None]
    frequency = torch.exp(
        torch.arange(0, hidden_size, 2, dtype=torch.float64) * (-math.log(10000.0) / hidden_size)
    )
    table = torch.empty(num_positions, hidden_size, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency[: hidden_size // 2])
    return table.to(torch.float32)


def norm_of(config: EncoderConfig) -> nn.LayerNorm:
    """A LayerNorm over the hidden size."""
    return nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps, bias=config.use_bias)


class Embeddings(Tapped):
    """LayerNorm(word + position + segment), [T] -> [T, H]; some families have no segments, and rotary
    positions enter in attention.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.word = nn.Embedding(config.vocab_size, hidden)
        if config.position_embedding_type == "sinusoidal":
            self.register_buffer("sinusoids", sinusoidal_positions(config.max_position_embeddings, hidden))
        self.rotary = config.position_embedding_type == "rotary"
        self.position = None
        if config.position_embedding_type == "absolute":
            self.position = nn.Embedding(config.max_position_embeddings, hidden)
        self.segment = nn.Embedding(config.type_vocab_size, hidden) if config.type_vocab_size else None
        self.norm = norm_of(config)
        self.embedded = Tap()

    def forward(self, packed: Packed, *, noise: Noise | None = None) -> Float[Tensor, "T H"]:
        hidden = self.word(packed.input_ids)
        if not self.rotary:
            hidden = hidden + self._positions(packed.layout)
        if self.segment is not None:
            hidden = hidden + self.segment(packed.token_type_ids)
        hidden = self.norm(hidden)
        if noise is not None:
            hidden = dropped(hidden, noise, packed.layout.lengths, noise.rates.hidden)
        embedded: Tensor = self.embedded(hidden)
        return embedded

    def _positions(self, layout: Layout) -> Float[Tensor, "T H"]:
        if self.position is None:
            return F.embedding(layout.position_ids, self.get_buffer("sinusoids"))
        positions: Tensor = self.position(layout.position_ids)
        return positions


class FeedForward(Tapped):
    """W2 act(W1 x + b1) + b2, or gated, W2 (act(U x + b) * (V x + c)) + b2 with U above V in one matrix;
    applied to every token alone, [R, H] -> [R, H].
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.gated = config.feed_forward_type == "gated"
        inner = config.intermediate_size
        self.up = Linear(config.hidden_size, 2 * inner if self.gated else inner, bias=config.use_bias)
        self.down = Linear(inner, config.hidden_size, bias=config.use_bias)
        self.hidden_act = config.hidden_act
        self.activation = ACTIVATION[config.hidden_act]
        self.neurons = Tap()

    def forward(
        self,
        hidden: Float[Tensor, "R H"],
        *,
        noise: Noise | None = None,
        counts: Int64[np.ndarray, "B"] | None = None,
    ) -> Float[Tensor, "R H"]:
        active = self.neurons(self._active(applied(self.up, hidden, noise, counts)))
        return applied(self.down, active, noise, counts)

    def _active(self, inner: Float[Tensor, "R _"]) -> Float[Tensor, "R F"]:
        if not self.gated:
            return self.activation(inner)
        given, gate = inner.chunk(2, dim=-1)
        return self.activation(given) * gate


class Block(Tapped):
    """Attend, add, normalise; feed forward, add, normalise. With norms before: normalise, attend, add;
    normalise, feed forward, add. [T, H] -> [R, H], where R is T unless rows are chosen.

    With norms before, the first block leaves out the norm of what the embeddings have normalised already, and
    the last one normalises what it gives (`output_norm`): its output is the encoder's.
    """

    def __init__(self, config: EncoderConfig, *, first: bool = False, last: bool = False) -> None:
        super().__init__()
        self.norms_first = config.norm_placement == "pre"
        self.attention = Attention(config)
        self.attention_norm = nn.Identity() if self.norms_first and first else norm_of(config)
        self.attended = Tap()
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = norm_of(config)
        self.output_norm = norm_of(config) if self.norms_first and last else None
        self.output = Tap()

    def forward(
        self,
        hidden: Float[Tensor, "T H"],
        layout: Layout,
        *,
        rows: Rows | None = None,
        noise: Noise | None = None,
    ) -> Float[Tensor, "R H"]:
        if noise is not None and rows is None and self._can_be_handmade(hidden, noise):
            return self.output(handmade_block(hidden, self._weights(), self._plan(layout, noise)))
        residual = hidden if rows is None else hidden.index_select(0, rows.index)
        counts = layout.lengths if rows is None else rows.counts
        if self.norms_first:
            attended = self.attention(self.attention_norm(hidden), layout, rows=rows, noise=noise)
            hidden = self.attended(added(residual, attended, noise, counts))
            changed = self.feed_forward(self.feed_forward_norm(hidden), noise=noise, counts=counts)
            hidden = added(hidden, changed, noise, counts)
            return self.output(hidden if self.output_norm is None else self.output_norm(hidden))
        attended = self.attention(hidden, layout, rows=rows, noise=noise)
        hidden = self.attended(self.attention_norm(added(residual, attended, noise, counts)))
        changed = self.feed_forward(hidden, noise=noise, counts=counts)
        return self.output(self.feed_forward_norm(added(hidden, changed, noise, counts)))

    def looked_at(
        self, hidden: Float[Tensor, "T H"], layout: Layout
    ) -> tuple[Float[Tensor, "T N D"], Float[Tensor, "T N D"]]:
        """The queries and keys that this block would form of these states."""
        query, key, _ = self.attention.project(
            self.attention_norm(hidden) if self.norms_first else hidden, None
        )
        return self.attention.turned(query, key, layout, None)

    def _can_be_handmade(self, hidden: Float[Tensor, "T H"], noise: Noise) -> bool:
        """In training on a CPU, where nobody watches the inside."""
        attention, feed_forward = self.attention, self.feed_forward
        watched = self.attended.watched or feed_forward.neurons.watched or attention.watched
        ordinary = attention.score is None and noise.rates.attention == 0
        known = feed_forward.hidden_act in APPROXIMATION and self._is_classic
        return known and ordinary and not watched and not hidden.is_cuda and torch.is_grad_enabled()

    @property
    def _is_classic(self) -> bool:
        """BERT's own block: norms behind, biases, no gate, no rotary positions."""
        modern = self.norms_first or self.feed_forward.gated or self.attention.rope_theta is not None
        return not modern and self.feed_forward.up.bias is not None

    def _weights(self) -> list[Tensor]:
        attention, feed_forward = self.attention, self.feed_forward
        parts = (
            attention.qkv, attention.output, cast(nn.LayerNorm, self.attention_norm),
            feed_forward.up, feed_forward.down, self.feed_forward_norm,
        )  # fmt: skip
        weights = [tensor for part in parts for tensor in (part.weight, part.bias)]
        return weights + [
            tensor for layer in self._layers() for low in parts_of(layer) for tensor in (low.a, low.b)
        ]

    def _layers(self) -> tuple[nn.Linear, ...]:
        return self.attention.qkv, self.attention.output, self.feed_forward.up, self.feed_forward.down

    def _plan(self, layout: Layout, noise: Noise) -> BlockPlan:
        rate, width = noise.rates.hidden, self.attention.num_heads * self.attention.head_size
        masks, adapters = list[Tensor](), list[tuple[Correction, ...]]()
        # draws are counted in the order of the ordinary block's: qkv, output, a sum, up, down, a sum
        for number, layer in enumerate(self._layers()):
            adapters.append(Correction.of(parts_of(layer), masks_of(layer, noise, layout.lengths)))
            if rate and number % 2:
                masks.append(noise.keep(layout.lengths, width, rate))
        return BlockPlan(
            pieces=pieces_of(layout.groups),
            num_heads=self.attention.num_heads,
            eps=self.feed_forward_norm.eps,
            approximate=APPROXIMATION[self.feed_forward.hidden_act],
            masks=tuple(masks),
            adapters=tuple(adapters),
        )


class Encoder(nn.Module):
    """Embeddings and a stack of blocks; the last block can be asked for some rows only."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        last = config.num_hidden_layers - 1
        self.blocks = nn.ModuleList(
            Block(config, first=i == 0, last=i == last) for i in range(config.num_hidden_layers)
        )

    def forward(
        self, packed: Packed, *, rows: Rows | None = None, noise: Noise | None = None
    ) -> Float[Tensor, "R H"]:
        *early, last = self.blocks
        if noise is not None and noise.rates.hidden:
            uses = 1 + SUMS_PER_BLOCK * len(self.blocks if rows is None else early)
            noise.expect(packed.layout.lengths, self.embeddings.norm.normalized_shape[-1], uses=uses)
        hidden: Tensor = self.embeddings(packed, noise=noise)
        for block in early:
            hidden = block(hidden, packed.layout, noise=noise)
        hidden = last(hidden, packed.layout, rows=rows, noise=noise)
        return hidden
