"""The masked-word head of a network, wherever it sits: alone, or beside a next-sentence head."""

from __future__ import annotations

from collections.abc import Collection

from glassbert.errors import Problem, UsageError
from glassbert.model.heads import MaskedHead, PretrainingHead
from glassbert.model.names import head_names
from glassbert.model.network import Network


def masked_head(network: Network, *, untrained: Collection[str] = (), name: str) -> MaskedHead:
    """The head that says words; UsageError where the model `name` has none, or one that nobody trained.

    `untrained` are the tensors that its checkpoint lacks, as it would name them.
    """
    found = network.head.masked if isinstance(network.head, PretrainingHead) else network.head
    if isinstance(found, MaskedHead) and not set(untrained) - _beside(network):
        return found
    what = f"the model '{name}' has no trained masked-word head (its head: {network.head_config.kind})"
    fix = "take a checkpoint saved with its masked-language-model head, such as BertForMaskedLM"
    raise UsageError(Problem(code="no-head", what=what, fix=fix))


def _beside(network: Network) -> set[str]:
    """A next-sentence head's tensors as a checkpoint names them: masked words need none of them."""
    rows = head_names(network.config, network.head_config.kind) or []
    return {name for row in rows if row.ours.startswith("head.next_sentence.") for name in row.theirs}
