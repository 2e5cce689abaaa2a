"""Which parameters share a rate and a decay: layer-wise learning-rate decay (Howard & Ruder 2018)."""

from __future__ import annotations

from glassbert.model.network import Network
from glassbert.train.group import ParameterGroup

EMBEDDINGS, BLOCKS = "encoder.embeddings.", "encoder.blocks."


def parameter_groups(network: Network, *, layer_decay: float, weight_decay: float) -> list[ParameterGroup]:
    """One group per depth and kind: the head at the full rate, block i of L at layer_decay^(L - i),
    embeddings lowest.

    Matrices of blocks and head are decayed; biases, norms and embedding tables are not.
    """
    depth = network.config.num_hidden_layers
    groups: dict[tuple[int, bool], ParameterGroup] = {}
    for name, parameter in network.named_parameters():
        level = _level(name, depth)
        decayed = parameter.ndim > 1 and not name.startswith(EMBEDDINGS)
        if (level, decayed) not in groups:
            groups[level, decayed] = ParameterGroup(
                name=f"depth {level}{'' if decayed else ', not decayed'}",
                parameters=[],
                lr_scale=layer_decay ** (depth + 1 - level),
                weight_decay=weight_decay if decayed else 0.0,
            )
        groups[level, decayed].parameters.append((name, parameter))
    return list(groups.values())


def _level(name: str, depth: int) -> int:
    """0 for the embeddings, 1 to L for the blocks, L + 1 for the head."""
    if name.startswith(EMBEDDINGS):
        return 0
    if name.startswith(BLOCKS):
        return int(name.removeprefix(BLOCKS).partition(".")[0]) + 1
    return depth + 1
