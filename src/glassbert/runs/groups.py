"""Which parameters share a rate and a decay: layer-wise learning-rate decay (Howard & Ruder 2018)."""

from __future__ import annotations

from glassbert.model.lora import adapters
from glassbert.model.network import Network
from glassbert.train.group import ParameterGroup

EMBEDDINGS, BLOCKS = "encoder.embeddings.", "encoder.blocks."
# Adam moves a weight by at most the rate a step: what begins at nothing, or at random as wide as an LSTM's
# weights, would not get anywhere in a few hundred steps at a rate that is right for a trained encoder
FASTER = {"head.crf.": 50.0, "head.lstm.": 5.0}
# the rate of adapters, and of a head alone, is ten times as high already: nothing trained can be unlearnt
FASTER_ON_FROZEN = {"head.crf.": 5.0}


def parameter_groups(network: Network, *, layer_decay: float, weight_decay: float) -> list[ParameterGroup]:
    """One group per depth and kind: the head at the full rate, block i of L at layer_decay^(L - i),
    embeddings lowest. What is frozen is in none.

    Matrices of blocks and head are decayed; biases, norms and embedding tables are not. A chain of tags
    learns 50 times, an LSTM 5 times as fast as the head; above an encoder that stays as it is, but for
    adapters, 5 times and once, which comes to much the same.
    """
    quicker = FASTER if _moves(network) else FASTER_ON_FROZEN
    depth = network.config.num_hidden_layers
    groups: dict[tuple[int, bool, float], ParameterGroup] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        level = _level(name, depth)
        decayed = parameter.ndim > 1 and not name.startswith(EMBEDDINGS)
        faster = next((factor for part, factor in quicker.items() if name.startswith(part)), 1.0)
        if (level, decayed, faster) not in groups:
            quick = "" if faster == 1 else f", {faster:g} times as fast"
            groups[level, decayed, faster] = ParameterGroup(
                name=f"depth {level}{quick}{'' if decayed else ', not decayed'}",
                parameters=[],
                lr_scale=faster * layer_decay ** (depth + 1 - level),
                weight_decay=weight_decay if decayed else 0.0,
            )
        groups[level, decayed, faster].parameters.append((name, parameter))
    return list(groups.values())


def _moves(network: Network) -> bool:
    """Whether any weight of the encoder itself learns."""
    added = {id(each) for _, low in adapters(network) for each in (low.a, low.b)}
    return any(each.requires_grad and id(each) not in added for each in network.encoder.parameters())


def hidden_matrices(network: Network) -> dict[str, int]:
    """The matrices of the blocks that learn, and of how many that act apart each consists: queries, keys and
    values, and what is gated and its gate. Adapters are none.
    """
    apart = {
        "attention.qkv": 3,
        "attention.output": 1,
        "feed_forward.up": 2 if network.config.feed_forward_type == "gated" else 1,
        "feed_forward.down": 1,
    }
    learning = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    every = {
        f"{BLOCKS}{i}.{place}.weight": parts
        for i in range(network.config.num_hidden_layers)
        for place, parts in apart.items()
    }
    return {name: parts for name, parts in every.items() if name in learning}


def _level(name: str, depth: int) -> int:
    """0 for the embeddings, 1 to L for the blocks, L + 1 for the head."""
    if name.startswith(EMBEDDINGS):
        return 0
    if name.startswith(BLOCKS):
        return int(name.removeprefix(BLOCKS).partition(".")[0]) + 1
    return depth + 1
