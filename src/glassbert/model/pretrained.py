"""A network from a Hugging Face model directory and back: nothing is executed, unpickled or fetched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from glassbert.durable import make_directory, write_file
from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.aliases import has_tensor, key_of
from glassbert.model.config import CLASSIFIERS, EncoderConfig, HeadConfig
from glassbert.model.files import check_finite, open_tensors, read_json, write_tensors
from glassbert.model.hf_config import read_config, write_config
from glassbert.model.memory import check_memory
from glassbert.model.names import TAG_STEMS, head_names, tag_names
from glassbert.model.network import Network, initialise
from glassbert.model.peft.merging import Merged, head_of
from glassbert.model.peft.reading import Adapter
from glassbert.model.weights import Assigned, assign, export

CONFIG, WEIGHTS = "config.json", "model.safetensors"
SHOWN = 8


@dataclass(frozen=True)
class Pretrained:
    """A network with its weights, what became of the checkpoint, and what was noticed on the way."""

    network: Network
    assigned: Assigned
    warnings: tuple[str, ...]


def load_pretrained(
    directory: Path,
    *,
    head: HeadConfig | None = None,
    replace_head: bool = False,
    allow_nonfinite: bool = False,
    seed: int = 0,
    adapter: Adapter | None = None,
) -> Pretrained:
    """Load the encoder under the given head, or under the one that the checkpoint was saved with.

    Head tensors that the checkpoint lacks are drawn from N(0, initializer_range) by `seed` and named in
    `assigned`. An `adapter` is merged into the tensors first, its head in place of theirs. Logits of other
    classes count as lacking with `replace_head`, and are refused without it.
    Errors: those of `open_tensors`, `read_json`, `read_config`, `Merged` and `assign`; DataError when the
    parameters exceed the free memory (before anything is allocated) or are not finite, or when the
    checkpoint has a chain or an LSTM that its configuration does not name; UsageError for other labels.
    """
    tensors = open_tensors(directory)
    path = directory / CONFIG
    read = read_config(read_json(path), file=str(path))
    config = read.encoder
    saved = saved_head(read.head, tensors, config)
    usable: Mapping[str, Tensor] = tensors
    if adapter is not None:
        usable, saved = Merged(tensors, adapter, config), head_of(adapter, config, saved)
    chosen = head or saved
    _check_blocks(config, len(tensors), file=str(path))
    check_memory(config, chosen, file=str(path))
    if not allow_nonfinite:
        check_finite(tensors, file=str(directory))
    network = Network(config, chosen, seed=None)
    initialise(network, seed=seed, part="head.")
    if _other_classes(saved, chosen, replace_head=replace_head):
        usable = without_logits(usable, config, saved)
    assigned = assign(network, usable, replace_head=replace_head, file=str(directory))
    if head is None:
        _refuse_unread(assigned, file=str(path))
    return Pretrained(network, assigned, (*read.warnings, *tensors.warnings, *_left_out(saved, chosen)))


def saved_head(head: HeadConfig | None, tensors: Iterable[str], config: EncoderConfig) -> HeadConfig:
    """The head that the checkpoint was saved with.

    Of a bare encoder only the tensors tell whether a pooler sits on it: transformers names both alike.
    """
    if head is not None and head.kind not in ("none", "pooling"):
        return head
    pooled = config.model_type != "distilbert" and has_tensor(tensors, "pooler.dense.weight", config)
    return HeadConfig(kind="pooling" if pooled else "none")


def save_pretrained(network: Network, directory: Path, *, extra: Mapping[str, object] | None = None) -> None:
    """Write config.json (with `extra` keys) and model.safetensors (fp32), each whole or not at all.

    What `transformers.AutoModelFor...from_pretrained` and `load_pretrained` read; a network that transformers
    cannot express (additive attention) bears names it refuses. Errors: UsageError for an extra key that is
    ours; DataError for a head that the family lacks; OutputError and StorageError.
    """
    config = write_config(network.config, network.head_config)
    if clash := sorted(set(config) & set(extra or {})):
        what = f"{', '.join(clash)} would replace what describes the network"
        raise UsageError(Problem(code="reserved-key", what=what, fix="choose another name"))
    text = json.dumps(config | dict(extra or {}), indent=2, ensure_ascii=False, allow_nan=False)
    tensors = {name: tensor.float() for name, tensor in export(network).items()}
    make_directory(directory)
    write_tensors(directory / WEIGHTS, tensors, metadata={"format": "pt"})
    write_file(directory / CONFIG, [text.encode(), b"\n"])


def _check_blocks(config: EncoderConfig, num_tensors: int, *, file: str) -> None:
    """A made-up depth must not cost an hour of building blocks before it turns out to be one."""
    if config.num_hidden_layers > num_tensors:
        what = f"num_hidden_layers is {config.num_hidden_layers}, and the weights are {num_tensors} tensors"
        fix = "take config.json and the weights from one place"
        raise DataError(Problem(code="missing-tensors", what=what, fix=fix, file=file))


def _refuse_unread(assigned: Assigned, *, file: str) -> None:
    """Without its chain or LSTM a model would say something else than it learnt, and nobody would know."""
    if found := [name for name in assigned.left_out if name.startswith(TAG_STEMS)]:
        what = f"the weights hold {_some(tuple(found))}, of which the configuration says nothing"
        fix = "take config.json and the weights from one place"
        raise DataError(Problem(code="unread-tensors", what=what, fix=fix, file=file))


def _other_classes(saved: HeadConfig, chosen: HeadConfig, *, replace_head: bool) -> bool:
    """Whether the saved logits stand for other classes than the chosen ones, and so must not be used.

    Raises UsageError when they may not be replaced. Classes that nobody has named yet may be given names.
    """
    if saved.kind not in CLASSIFIERS or chosen.kind not in CLASSIFIERS:
        return False
    if saved.kind != chosen.kind:
        return True
    if saved.labels == chosen.labels or replace_head:
        return saved.labels != chosen.labels
    if saved.labels == tuple(f"LABEL_{i}" for i in range(chosen.num_labels)):
        return False
    what = f"the checkpoint's labels are {_some(saved.labels)}, not {_some(chosen.labels)}"
    fix = "pass replace_head=True to train a new head, or use the labels of the checkpoint"
    raise UsageError(Problem(code="other-labels", what=what, fix=fix))


def _left_out(saved: HeadConfig, chosen: HeadConfig) -> Iterator[str]:
    """What the checkpoint has between encoder and tags, and the chosen head has not."""
    if saved.kind != chosen.kind:
        return
    if saved.crf and not chosen.crf:
        yield "the model's chain of tags (a CRF) is left out: --crf goes on with it"
    if saved.lstm_size and saved.lstm_size != chosen.lstm_size:
        yield f"the model's LSTM is left out: --lstm-size {saved.lstm_size} goes on with it"


def without_logits(
    tensors: Mapping[str, Tensor], config: EncoderConfig, head: HeadConfig
) -> dict[str, Tensor]:
    """The tensors without those that map to the head's classes, and to steps between them."""
    names = [*(head_names(config, head.kind) or []), *tag_names(head)]
    classes = ("head.output.", "head.crf.")
    hidden = {theirs for name in names if name.ours.startswith(classes) for theirs in name.theirs}
    return {name: tensors[name] for name in tensors if key_of(name, config) not in hidden}


def _some(labels: tuple[str, ...]) -> str:
    more = f", ... ({len(labels) - SHOWN} more)" if len(labels) > SHOWN else ""
    return ", ".join(map(repr, labels[:SHOWN])) + more
