"""Pre-training: masked words, and whether one text follows the other (Devlin et al. 2019, section 3.1).

    loss = sum_m -log p(word_m) / M + sum_b -log p(follows_b) / B

M masked words and B sequences of the whole step, however many batches it is made of and on however many
processes. Letters besides: T tokens of a batch, R rows that are read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import Problem, UsageError
from glassbert.model.heads import MaskedHead, PretrainingHead
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.noise import Noise
from glassbert.model.packed import Packed
from glassbert.model.vocabulary_loss import vocabulary_loss
from glassbert.text.sequences import PretrainingBatch

# the objectives, and the head of each
HEADS = {"mlm+nsp": "pretraining", "mlm": "masked-lm"}


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskedBatch:
    """A batch as tensors.

    samples        [B]  the sample of each sequence
    packed         the tokens as the model sees them
    rows, labels   [M]  which are predicted, and what stood there
    next_sentence  [B]  0: the second text follows, 1: it does not; None where there are no pairs
    """

    samples: Int64[np.ndarray, "B"]
    packed: Packed
    rows: Rows
    labels: Int64[Tensor, "M"]
    next_sentence: Int64[Tensor, "B"] | None

    @classmethod
    def of(
        cls, batch: PretrainingBatch, *, position_offset: int = 0, device: str | torch.device = "cpu"
    ) -> MaskedBatch:
        """A batch of the text side on a device."""
        packed = Packed.of(
            batch.input_ids,
            batch.token_type_ids,
            batch.lengths,
            position_offset=position_offset,
            device=device,
        )
        pairs = batch.next_sentence_labels
        return cls(
            samples=batch.samples,
            packed=packed,
            rows=Rows.of(packed.layout, batch.rows),
            labels=torch.from_numpy(batch.labels.astype(np.int64)).to(device),
            next_sentence=None if pairs is None else torch.from_numpy(pairs.astype(np.int64)).to(device),
        )

    @property
    def num_masked(self) -> int:
        return len(self.rows.host)

    @property
    def num_sequences(self) -> int:
        return len(self.samples)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Losses in nats and right answers, summed over a batch: scalars on its device."""

    masked: Tensor
    masked_right: Tensor
    following: Tensor
    following_right: Tensor


def pretraining_sums(network: Network, batch: MaskedBatch, *, noise: Noise | None = None) -> Sums:
    """What the network says of a batch; its last block and its heads see the rows that are read, alone.

    Without pairs what belongs to them is 0. Raises UsageError for a head that does not predict what there is.
    """
    head, layout, pairs = network.head, batch.packed.layout, batch.next_sentence
    hidden = network.states(batch.packed, rows=batch.rows, noise=noise)
    following = following_right = torch.zeros((), device=hidden.device)
    if isinstance(head, PretrainingHead):
        masked_head = head.masked
        hidden, first = head.parted(hidden, layout, batch.rows)
        if pairs is not None:
            said = head.next_sentence(first, layout, None, noise).float()
            following = F.cross_entropy(said, pairs, reduction="sum")
            following_right = (said.detach().argmax(1) == pairs).sum()
    elif isinstance(head, MaskedHead) and pairs is None:
        masked_head = head
    else:
        what = (
            f"a head of kind {network.head_config.kind!r} on a batch {'without' if pairs is None else 'with'}"
        )
        fix = f"take {', '.join(f'{head} for {name}' for name, head in HEADS.items())}"
        raise UsageError(Problem(code="wrong-head", what=f"{what} pairs", fix=fix))
    decoder = masked_head.decoder
    states = masked_head.transformed(hidden)
    loss, right = vocabulary_loss(states, decoder.weight, decoder.bias, batch.labels)
    return Sums(masked=loss, masked_right=right, following=following, following_right=following_right)


def total_loss(sums: Sums, *, masked_per_sequence: float) -> Tensor:
    """The batch's part of the step's loss, times the step's M: sum of masked losses + M/B of the others'.

    `masked_per_sequence` is M/B of the whole step: whoever divides the sum over all batches by M gets the
    mean over masked words plus the mean over sequences, exactly.
    """
    return sums.masked + masked_per_sequence * sums.following
