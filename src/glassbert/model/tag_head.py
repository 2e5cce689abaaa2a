"""Tags that know of each other: an LSTM over the tokens before the linear layer, a chain of tags after it.

The LSTM (Hochreiter and Schmidhuber 1997), one in each direction, runs over all tokens of every sequence,
[CLS] and [SEP] among them; the linear layer reads a token's hidden state and both of the LSTM's:
z = W [h; forward; backward] + b. A chain (`model.chain`) adds weights between tags, which are no part of
the logits. Letters as in `model.heads`, N units of the LSTM in each direction.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from glassbert.model.chain import Steps, by_place
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise, dropped
from glassbert.model.transform import transform_of
from glassbert.products import Linear


class Crf(nn.Module):
    """What a step from one tag to another scores, and beginning and ending with a tag; 0 before training."""

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.steps = nn.Parameter(torch.zeros(num_labels, num_labels))
        self.first = nn.Parameter(torch.zeros(num_labels))
        self.last = nn.Parameter(torch.zeros(num_labels))

    def scores(self) -> Steps:
        """The weights themselves: gradients flow into them."""
        return Steps(self.steps, self.first, self.last)


class TagHead(nn.Module):
    """Logits of tags for the asked tokens, [R, C], with an LSTM, a chain or both."""

    def __init__(self, config: EncoderConfig, head: HeadConfig) -> None:
        super().__init__()
        size = head.lstm_size
        self.transform = transform_of(config)
        self.lstm = nn.LSTM(config.hidden_size, size, bidirectional=True) if size else None
        self.output = Linear(config.hidden_size + 2 * size, head.num_labels)
        self.crf = Crf(head.num_labels) if head.crf else None

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        """An LSTM reads every token, whichever are asked for."""
        return asked if self.lstm is None else None

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "R C"]:
        hidden = hidden if self.transform is None else self.transform(hidden)
        if self.lstm is not None:
            hidden = torch.cat([hidden, packed_lstm(self.lstm, hidden, layout.lengths)], dim=1)
            hidden = hidden if rows is None else hidden.index_select(0, rows.index)
        counts = layout.lengths if rows is None else rows.counts
        rate = 0.0 if noise is None else noise.rates.classifier
        return self.output(dropped(hidden, noise, counts, rate))


def packed_lstm(
    lstm: nn.LSTM, hidden: Float[Tensor, "T H"], lengths: Int[np.ndarray, "B"]
) -> Float[Tensor, "T N2"]:
    """What the LSTM says of every token of sequences that lie end to end: no padding is made or multiplied.

    In float32 also under autocast, since errors add up along a sequence.
    """
    order, alive = by_place(lengths)
    index = torch.from_numpy(order).to(hidden.device)
    with torch.autocast(hidden.device.type, enabled=False):
        values = hidden.index_select(0, index).to(next(lstm.parameters()).dtype)
        said, _ = lstm(PackedSequence(values, torch.from_numpy(alive)))
    back = torch.from_numpy(np.argsort(order)).to(hidden.device)
    return said.data.index_select(0, back).to(hidden.dtype)
