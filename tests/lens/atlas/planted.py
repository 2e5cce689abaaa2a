"""A real network whose heads attend as they were told to, to the previous token, to [SEP], ...

A hidden state is one-hot in its word and one-hot in its position. All states have the same mean and variance,
so that LayerNorm can be set to give back what it gets; with outputs of zero every layer sees the same states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows
from tests.contract.workbench import MAX_LENGTH, tiny_config, tiny_tokenizer

SHARP = 60.0
# what the heads of a layer do, in order; the next layer has them the other way round
PLAN = ("previous", "next", "itself", "offset +3", "offset -2", "same", "cls", "sep", "punctuation", "broad")
TEXTS = (
    "the film is not warm , the film is cold !",
    "a film , a dull film .",
    "not fine , not warm , not dull .",
    "the is the is the is the .",
    "好 看 , film .",
)


@dataclass(frozen=True)
class Planted:
    """All that a lens asks of a model."""

    name: str
    network: Network
    tokenizer: Tokenizer
    max_length: int = MAX_LENGTH

    def windows(self, texts: Any, *, offsets: bool = False) -> Windows:
        found = self.tokenizer.windows(texts, max_length=self.max_length, offsets=offsets)
        if self.network.config.type_vocab_size > 1:
            return found
        return replace(found, token_type_ids=np.zeros_like(found.token_type_ids))


def planted_model(directory: Path, *, rules: tuple[str, ...] = PLAN) -> Planted:
    """Two layers of len(rules) heads."""
    tokenizer = tiny_tokenizer(directory)
    words, positions = tokenizer.vocab_size, MAX_LENGTH + 3
    width = words + positions
    config = replace(
        tiny_config(words),
        hidden_size=width * len(rules),
        num_attention_heads=len(rules),
        type_vocab_size=0,
        model_type="distilbert",
    )
    network = Network(config, HeadConfig(kind="none"), seed=0).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.encoder.embeddings.word.weight[:, :words] = torch.eye(words)
        network.encoder.embeddings.position.weight[:, words:width] = torch.eye(positions)
        for module in network.modules():
            if isinstance(module, torch.nn.LayerNorm):
                mean = 2 / config.hidden_size
                module.weight.fill_((mean - mean**2 + module.eps) ** 0.5)
                module.bias.fill_(mean)
        for number, block in enumerate(network.encoder.blocks):
            for head, rule in enumerate(rules if number == 0 else rules[::-1]):
                query, key, bias = projections(rule, tokenizer, width)
                start, total = head * width, config.hidden_size
                block.attention.qkv.weight[start : start + width, :width] = query
                block.attention.qkv.weight[total + start : total + start + width, :width] = key
                block.attention.qkv.bias[start : start + width] = bias
    return Planted("planted", network, tokenizer)


def projections(
    rule: str, tokenizer: Tokenizer, width: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Query and key matrices [d, d] and the queries' bias for one rule."""
    words = tokenizer.vocab_size
    query, key, bias = torch.zeros(width, width), torch.zeros(width, width), torch.zeros(width)
    sharp = SHARP * width**0.5
    if rule in ("previous", "next", "itself") or rule.startswith("offset"):
        step = {"previous": -1, "next": 1, "itself": 0}.get(rule)
        step = int(rule.split()[1]) if step is None else step
        for position in range(words, width):
            key[position, position] = 1
            if words <= position + step < width:
                query[position + step, position] = sharp
    elif rule == "same":
        for word in range(words):
            query[word, word], key[word, word] = sharp, 1
        for position in range(words, width):
            query[position, position], key[position, position] = -2 * sharp, 1
    elif rule == "both sides":
        for position in range(words, width):
            key[position, position] = 1
            for beside in {position - 1, position + 1} & set(range(words, width)):
                query[beside, position] = sharp
    elif rule != "broad":
        ids = tokenizer.tokens(range(words))
        chosen: Callable[[str], bool] = {
            "cls": lambda token: token == "[CLS]",
            "sep": lambda token: token == "[SEP]",
            "punctuation": lambda token: token in ".,!",
        }[rule]
        bias[0] = sharp
        for word, token in enumerate(ids):
            key[0, word] = float(chosen(token))
    return query, key, bias
