"""What sits on the encoder: pooling, classes for a text, tags for tokens, a span, masked words, next
sentence.

A head says which rows it reads (`rows`, given those that are asked for; None stands for all tokens), so
that the last block computes nothing else, and turns them into logits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.encoder import ACTIVATION, norm_of
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise, dropped
from glassbert.model.pooling import SentenceHead
from glassbert.model.tag_head import TagHead
from glassbert.model.transform import transform_of
from glassbert.products import Linear


class HiddenHead(nn.Module):
    """No head: the hidden states themselves, [R, H]."""

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        return asked

    def forward(self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None) -> Tensor:
        return hidden


class PoolingHead(nn.Module):
    """tanh(W h_cls + b), [B, H]: BERT's pooled output."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)

    def rows(self, layout: Layout, asked: Rows | None) -> Rows:
        return layout.first_rows

    def forward(self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None) -> Tensor:
        return torch.tanh(self.dense(hidden))


class SequenceHead(nn.Module):
    """One row of class logits per sequence, [B, C], from the first token.

    act(W h_cls + b), dropout, linear; act is tanh (BERT: its pooler; RoBERTa, with dropout before it too)
    or relu (DistilBERT). ModernBERT has a `Transform` in its place.
    """

    def __init__(self, config: EncoderConfig, num_labels: int) -> None:
        super().__init__()
        self.transform = transform_of(config)
        if self.transform is None:
            self.dense = Linear(config.hidden_size, config.hidden_size)
        self.output = Linear(config.hidden_size, num_labels)
        self.activation = F.relu if config.model_type == "distilbert" else torch.tanh
        self.drops_input = config.model_type in ("roberta", "xlm-roberta")

    def rows(self, layout: Layout, asked: Rows | None) -> Rows:
        return layout.first_rows

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "B C"]:
        counts = layout.first_rows.counts
        rate = 0.0 if noise is None else noise.rates.classifier
        if self.drops_input:
            hidden = dropped(hidden, noise, counts, rate)
        if self.transform is None:
            hidden = self.activation(self.dense(hidden))
        else:
            hidden = self.transform(hidden)
        return self.output(dropped(hidden, noise, counts, rate))


class TokenHead(nn.Module):
    """Linear logits for every token, [R, C]: tags, or start and end of a span (C = 2).

    transformers drops hidden states out before tags in every family, before spans in DistilBERT and
    ModernBERT alone, which has a `Transform` before that.
    """

    def __init__(self, config: EncoderConfig, num_labels: int, *, drops: bool) -> None:
        super().__init__()
        self.drops = drops
        self.transform = transform_of(config)
        self.output = Linear(config.hidden_size, num_labels)

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        return asked

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "R C"]:
        counts = layout.lengths if rows is None else rows.counts
        rate = noise.rates.classifier if noise is not None and self.drops else 0.0
        hidden = hidden if self.transform is None else self.transform(hidden)
        return self.output(dropped(hidden, noise, counts, rate))


class MaskedHead(nn.Module):
    """Vocabulary logits of the asked rows, [R, V]: LayerNorm(act(W h + b)) E^T + c, E the word embeddings
    (tied).
    """

    def __init__(self, config: EncoderConfig, words: nn.Parameter) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size, bias=config.use_bias)
        self.activation = ACTIVATION["gelu" if "roberta" in config.model_type else config.hidden_act]
        self.norm = norm_of(config)
        self.decoder = Linear(config.hidden_size, config.vocab_size)
        if config.tie_word_embeddings:
            self.decoder.weight = words

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        return asked

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "R V"]:
        return self.decoder(self.transformed(hidden))

    def transformed(self, hidden: Float[Tensor, "R H"]) -> Float[Tensor, "R H"]:
        """What the decoder reads."""
        states: Tensor = self.norm(self.activation(self.dense(hidden)))
        return states


class NextSentenceHead(nn.Module):
    """Logits of "follows" and "does not follow", [B, 2], from the pooled first token (0 = follows)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.output = Linear(config.hidden_size, 2)

    def rows(self, layout: Layout, asked: Rows | None) -> Rows:
        return layout.first_rows

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "B 2"]:
        return self.output(torch.tanh(self.dense(hidden)))


class PretrainingLogits(NamedTuple):
    """What pre-training predicts: masked words [R, V] and next sentence [B, 2]."""

    masked: Tensor
    next_sentence: Tensor


class PretrainingHead(nn.Module):
    """Masked words of the asked rows and next sentence of the first rows, from one pass."""

    def __init__(self, config: EncoderConfig, words: nn.Parameter) -> None:
        super().__init__()
        self.masked = MaskedHead(config, words)
        self.next_sentence = NextSentenceHead(config)

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        if asked is None:
            return None
        return Rows.of(layout, np.union1d(asked.host, layout.starts[:-1]))

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> PretrainingLogits:
        masked, first = self.parted(hidden, layout, rows)
        return PretrainingLogits(
            self.masked(masked, layout, rows, noise), self.next_sentence(first, layout, rows, noise)
        )

    def parted(
        self, hidden: Tensor, layout: Layout, rows: Rows | None
    ) -> tuple[Float[Tensor, "R H"], Float[Tensor, "B H"]]:
        """The states of the asked rows and of the first tokens, out of those of both."""
        if rows is None:
            return hidden, hidden.index_select(0, layout.first_rows.index)
        union = np.union1d(rows.host, layout.starts[:-1])
        of_rows = _places(union, rows.host, hidden.device)
        of_first = _places(union, layout.starts[:-1], hidden.device)
        return hidden.index_select(0, of_rows), hidden.index_select(0, of_first)


Head = (
    HiddenHead
    | PoolingHead
    | SentenceHead
    | SequenceHead
    | TokenHead
    | TagHead
    | MaskedHead
    | NextSentenceHead
    | PretrainingHead
)


def build_head(config: EncoderConfig, head: HeadConfig, words: nn.Parameter) -> Head:
    """The module for a head's kind; `words` is the word embedding that masked-word heads are tied to."""
    builders: dict[str, Callable[[], Head]] = {
        "none": HiddenHead,
        "pooling": lambda: PoolingHead(config),
        "sentence": lambda: SentenceHead(head.pooling),
        "sequence-classification": lambda: SequenceHead(config, head.num_labels),
        "token-classification": lambda: (
            TagHead(config, head)
            if head.crf or head.lstm_size
            else TokenHead(config, head.num_labels, drops=True)
        ),
        "span": lambda: TokenHead(config, 2, drops=config.model_type in ("distilbert", "modernbert")),
        "masked-lm": lambda: MaskedHead(config, words),
        "next-sentence": lambda: NextSentenceHead(config),
        "pretraining": lambda: PretrainingHead(config, words),
    }
    return builders[head.kind]()


def _places(union: np.ndarray, chosen: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.searchsorted(union, chosen)).to(device)
