"""Adapters and a trained head in the layout that peft loads onto the model that training began with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from glassbert.durable import make_directory, write_file
from glassbert.model.adapted import LowRank
from glassbert.model.files import write_tensors
from glassbert.model.lora import kinds, place_of
from glassbert.model.names import PREFIX, head_names, tag_names
from glassbert.model.network import Network
from glassbert.model.weights import export

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
START = "base_model.model."
TASK_TYPES = {
    "sequence-classification": "SEQ_CLS",
    "token-classification": "TOKEN_CLS",
    "span": "QUESTION_ANS",
    "sentence": "FEATURE_EXTRACTION",
    "none": "FEATURE_EXTRACTION",
    "pooling": "FEATURE_EXTRACTION",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Adapters by the names of their layers, and the base that they belong to.

    `base` is the directory or the name of the model; `dropout` is what training dropped of their inputs.
    """

    adapters: Sequence[tuple[str, LowRank]]
    base: str
    dropout: float


def write_adapter(directory: Path, network: Network, trained: Trained) -> None:
    """Write both files, each whole; `network` has the head and, merged or not, the layers.

    Raises OutputError and StorageError.
    """
    tensors: dict[str, Tensor] = {}
    for name, low in trained.adapters:
        tensors[f"{START}{name}.lora_A.weight"] = low.a.detach().float()
        tensors[f"{START}{name}.lora_B.weight"] = low.b.detach().float()
    head = _head_tensors(network)
    tensors |= {f"{START}{name}": tensor.float() for name, tensor in head.items()}
    text = json.dumps(_config(network, trained, sorted(head)), indent=2, sort_keys=True, allow_nan=False)
    make_directory(directory)
    write_tensors(directory / WEIGHTS, tensors, metadata={"format": "pt"})
    write_file(directory / CONFIG, [text.encode(), b"\n"])


def _head_tensors(network: Network) -> dict[str, Tensor]:
    every = export(network)
    head = network.head_config
    names = [*(head_names(network.config, head.kind) or []), *tag_names(head)]
    return {theirs: every[theirs] for name in names for theirs in name.theirs}


def _config(network: Network, trained: Trained, head: Sequence[str]) -> dict[str, Any]:
    names, low = [name for name, _ in trained.adapters], trained.adapters[0][1]
    rank = low.a.shape[0]
    blocks = sorted({place_of(name)[0] for name in names})
    prefix = PREFIX[network.config.model_type]
    modules = sorted({name.removeprefix(prefix).partition(".")[0] for name in head})
    alpha = low.scale * rank
    return {
        "peft_type": "LORA",
        "task_type": TASK_TYPES[network.head_config.kind],
        "base_model_name_or_path": trained.base,
        "inference_mode": True,
        "r": rank,
        "lora_alpha": int(alpha) if alpha == int(alpha) else alpha,
        "lora_dropout": trained.dropout,
        "target_modules": sorted(_short(kind) for kind in kinds(names)),
        "layers_to_transform": None if len(blocks) == network.config.num_hidden_layers else blocks,
        "modules_to_save": modules or None,
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "use_rslora": False,
        "use_dora": False,
    }


def _short(kind: str) -> str:
    """A layer whose last name no other bears goes by it, as everybody writes it."""
    last = kind.rpartition(".")[2]
    return kind if last in ("dense", "lin1", "lin2", "out_lin", "Wo") else last
