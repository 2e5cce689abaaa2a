"""Two small models of one shape."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import Planted

TEXTS = ("the film is not warm , the film is cold !", "a film , a dull film .", "好 看 , film .", "fine")


def deep(directory: Path, family: str = "bert") -> Planted:
    """Nine layers of five heads, classifying into two labels."""
    tokenizer = tiny_tokenizer(directory)
    config = replace(tiny_config(tokenizer.vocab_size, family), num_hidden_layers=9)
    head = HeadConfig(kind="sequence-classification", labels=("good", "bad"))
    return Planted("A", Network(config, head, seed=3).eval(), tokenizer)


def twin(model: Planted, name: str = "B") -> Planted:
    return replace(model, name=name, network=copy.deepcopy(model.network))
