"""A small network whose sizes are all unequal and unround, and a ragged batch for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed

SMALL = EncoderConfig(
    vocab_size=61,
    hidden_size=30,
    num_hidden_layers=2,
    num_attention_heads=5,
    intermediate_size=44,
    max_position_embeddings=29,
    type_vocab_size=3,
)
MODERN: dict[str, Any] = {
    "type_vocab_size": 0,
    "norm_placement": "pre",
    "feed_forward_type": "gated",
    "use_bias": False,
    "position_embedding_type": "rotary",
    "layer_norm_eps": 1e-5,
    "classifier_dropout": 0.0,
}
# some groups hold several sequences, one length occurs in two groups, one sequence is a single token
LENGTHS = (9, 4, 4, 4, 1, 12, 12, 4)
HEADS = {
    "none": HeadConfig(),
    "pooling": HeadConfig(kind="pooling"),
    "sequence-classification": HeadConfig(kind="sequence-classification", labels=("a", "b", "c")),
    "token-classification": HeadConfig(kind="token-classification", labels=("O", "B", "I", "E")),
    "span": HeadConfig(kind="span"),
    "masked-lm": HeadConfig(kind="masked-lm"),
    "next-sentence": HeadConfig(kind="next-sentence"),
    "pretraining": HeadConfig(kind="pretraining"),
}


def small(family: str = "bert", **choices: Any) -> EncoderConfig:
    """The small configuration of a family, with other choices if given."""
    of_family: dict[str, Any] = {
        "bert": {},
        "roberta": {"pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
        "xlm-roberta": {"pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
        "distilbert": {"type_vocab_size": 0},
        "modernbert": MODERN,
    }[family]
    return replace(SMALL, model_type=family, **(of_family | choices))


def shaken(network: Network, *, std: float = 0.3) -> Network:
    """The network with every parameter moved by N(0, std), so that no bias or norm hides at 0 or 1."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=std)
    return network


def build(kind: str = "none", family: str = "bert", **choices: Any) -> Network:
    return shaken(Network(small(family, **choices), HEADS[kind]))


def blank(kind: str = "none", family: str = "bert", **choices: Any) -> Network:
    """The network of `build` without a number in it: what is not assigned stays NaN."""
    network = Network(small(family, **choices), HEADS[kind], seed=77)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    return network


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules hold the same tensors under the same names, bit for bit."""
    states = one.state_dict(), other.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(states[0][name], states[1][name]) for name in states[0]
    )


def batch(config: EncoderConfig = SMALL, lengths: tuple[int, ...] = LENGTHS, *, seed: int = 2) -> Packed:
    """Random token and segment ids in sequences of the given lengths."""
    rng = np.random.default_rng(seed)
    total = sum(lengths)
    ids = rng.integers(2, config.vocab_size, total)
    types = rng.integers(0, max(config.type_vocab_size, 1), total)
    return Packed.of(ids, types, np.array(lengths), position_offset=config.position_offset)
