"""States of every layer, and the model's own masked-word head to read them with."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.lens.seen import Inspectable
from glassbert.model.encoder import Block
from glassbert.model.heads import MaskedHead
from glassbert.model.masked import masked_head
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture


def head_of(model: Inspectable) -> MaskedHead:
    """The masked-word head; raises UsageError for a model without a trained one."""
    return masked_head(model.network, untrained=getattr(model, "untrained", ()), name=model.name)


def states(network: Network, packed: Packed) -> Float[Tensor, "L1 T H"]:
    """The embeddings and the output of every block; raises DataError where they are not finite.

    Where norms stand before, only the last block normalises what the head reads: its norm is put on every
    state, as nostalgebraist's logit lens does.
    """
    blocks = range(network.config.num_hidden_layers)
    names = ["encoder.embeddings.embedded", *(f"encoder.blocks.{i}.output" for i in blocks)]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed)
    for name in names:
        if not torch.isfinite(seen[name]).all():
            fix = "the weights are damaged, or training diverged: take another checkpoint"
            what = f"{name} is not a finite number on this text"
            raise DataError(Problem(code="not-finite", what=what, fix=fix))
    norm = cast(Block, network.encoder.blocks[-1]).output_norm
    *early, last = (seen[name] for name in names)
    with torch.inference_mode():
        return torch.stack([*(each if norm is None else norm(each) for each in early), last])


def decode(head: MaskedHead, hidden: Float[Tensor, "T H"]) -> Float[Tensor, "T V"]:
    """LayerNorm(act(W h + b)) E^T + c: what the head says of these states."""
    logits: Tensor = head.decoder(head.norm(head.activation(head.dense(hidden))))
    return logits
