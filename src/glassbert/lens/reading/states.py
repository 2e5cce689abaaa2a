"""States of every layer, and the model's own masked-word head to read them with."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.errors import DataError, Problem, UsageError
from glassbert.lens.seen import Inspectable
from glassbert.model.heads import MaskedHead, PretrainingHead
from glassbert.model.names import head_names
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture


def head_of(model: Inspectable) -> MaskedHead:
    """The masked-word head; raises UsageError for a model without a trained one."""
    head = model.network.head
    found = head.masked if isinstance(head, PretrainingHead) else head
    untrained = set(getattr(model, "untrained", ())) - _beside(model.network)
    if not isinstance(found, MaskedHead) or untrained:
        kind = model.network.head_config.kind
        what = f"the model '{model.name}' has no trained masked-word head (its head: {kind})"
        fix = "take a checkpoint saved with its masked-language-model head, such as BertForMaskedLM"
        raise UsageError(Problem(code="no-head", what=what, fix=fix))
    return found


def _beside(network: Network) -> set[str]:
    """A next-sentence head's tensors as a checkpoint names them: masked words need none of them."""
    rows = head_names(network.config, network.head_config.kind) or []
    return {name for row in rows if row.ours.startswith("head.next_sentence.") for name in row.theirs}


def states(network: Network, packed: Packed) -> Float[Tensor, "L1 T H"]:
    """The embeddings and the output of every block; raises DataError where they are not finite."""
    blocks = range(network.config.num_hidden_layers)
    names = ["encoder.embeddings.embedded", *(f"encoder.blocks.{i}.output" for i in blocks)]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed)
    for name in names:
        if not torch.isfinite(seen[name]).all():
            fix = "the weights are damaged, or training diverged: take another checkpoint"
            what = f"{name} is not a finite number on this text"
            raise DataError(Problem(code="not-finite", what=what, fix=fix))
    return torch.stack([seen[name] for name in names])


def decode(head: MaskedHead, hidden: Float[Tensor, "T H"]) -> Float[Tensor, "T V"]:
    """LayerNorm(act(W h + b)) E^T + c: what the head says of these states."""
    logits: Tensor = head.decoder(head.norm(head.activation(head.dense(hidden))))
    return logits
