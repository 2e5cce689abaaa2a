"""A network from a Hugging Face model directory and back: configuration and weights, nothing executed or unpickled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from glassbert.errors import DataError, MissingInputError, Problem
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.files import check_finite, open_tensors, read_json, write_tensors
from glassbert.model.hf_config import read_config, write_config
from glassbert.model.network import Network
from glassbert.model.weights import Assigned, assign, export, has_tensor
from glassbert.storage import write_file

CONFIG, WEIGHTS = "config.json", "model.safetensors"
BYTES_PER_PARAMETER = 4


@dataclass(frozen=True)
class Pretrained:
    """A network with its weights, what became of the checkpoint's tensors, and what was noticed on the way."""

    network: Network
    assigned: Assigned
    warnings: tuple[str, ...]


def load_pretrained(
    directory: Path,
    *,
    head: HeadConfig | None = None,
    replace_head: bool = False,
    allow_nonfinite: bool = False,
) -> Pretrained:
    """Load the encoder under the given head, or under the one that the checkpoint was saved with.

    Head tensors that the checkpoint lacks stay random and are named in `assigned`; with `replace_head` those of another
    label set count as lacking. Raises MissingInputError or DataError, the latter before any allocation where the
    configuration asks for more memory than there is.
    """
    path = directory / CONFIG
    if directory.is_dir() and not path.exists():
        what = "the directory has no config.json"
        raise MissingInputError(
            Problem(code="no-config", what=what, fix="give a model directory", file=str(path))
        )
    raw = read_json(path) if path.exists() else {}
    tensors = open_tensors(directory)
    read = read_config(raw, file=str(path))
    check_memory(read.encoder, file=str(path))
    if not allow_nonfinite:
        check_finite(tensors, file=str(directory))
    network = Network(read.encoder, head or saved_head(read.head, tensors, read.encoder))
    assigned = assign(network, tensors, replace_head=replace_head, file=str(directory))
    return Pretrained(network, assigned, (*read.warnings, *tensors.warnings))


def saved_head(head: HeadConfig | None, tensors: Iterable[str], config: EncoderConfig) -> HeadConfig:
    """The head of the checkpoint; a bare encoder counts as "pooling" only if it carries the pooler's weights."""
    if head is not None and head.kind not in ("none", "pooling"):
        return head
    pooled = config.model_type != "distilbert" and has_tensor(tensors, "pooler.dense.weight", config)
    return HeadConfig(kind="pooling" if pooled else "none")


def check_memory(config: EncoderConfig, *, file: str) -> None:
    """Raise DataError when the encoder's parameters alone would not fit into the free memory."""
    needed, free = config.num_parameters * BYTES_PER_PARAMETER, free_memory()
    if needed > free:
        what = f"the configuration needs {needed / 1e9:,.1f} GB for its parameters, and {free / 1e9:,.1f} GB are free"
        raise DataError(
            Problem(code="too-large", what=what, fix="correct the sizes, or use more memory", file=file)
        )


def free_memory() -> int:
    """Bytes that this machine could still give out."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        return int(kilobytes) * 1024
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def save_pretrained(network: Network, directory: Path, *, extra: Mapping[str, object] | None = None) -> None:
    """Write config.json and model.safetensors as Hugging Face names them, each file whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    config = write_config(network.config, network.head_config) | dict(extra or {})
    write_tensors(directory / WEIGHTS, export(network), metadata={"format": "pt"})
    write_file(directory / CONFIG, [json.dumps(config, indent=2, ensure_ascii=False).encode() + b"\n"])
