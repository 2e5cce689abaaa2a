"""LoRA adapters as peft saves them: both files, audited before anything is computed with them.

A directory of adapter_config.json and adapter_model.safetensors. What would change the arithmetic and is not
known here (another kind of adapter, DoRA, patterns of ranks) is refused by its name, never passed over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from glassbert.errors import DataError, MissingInputError, Problem
from glassbert.model.config import HeadConfig, HeadKind
from glassbert.model.files import TensorFiles, audit_safetensors, check_finite
from glassbert.model.peft.writing import CONFIG, START, WEIGHTS
from glassbert.storage import check_link
from glassbert.strict_json import read_json

PICKLE = "adapter_model.bin"
LISTED = 8
# keys that say nothing about what an adapter computes once it is trained
SILENT = {
    "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_version", "task_type",
    "lora_dropout", "megatron_core", "qalora_group_size", "ensure_weight_tying", "runtime_config",
}  # fmt: skip
READ = {
    "peft_type", "r", "lora_alpha", "use_rslora", "target_modules", "modules_to_save", "layers_to_transform",
    "init_lora_weights", "bias",
}  # fmt: skip
# the others change the weights of the base itself when training begins
PLAIN_BEGINNINGS = (True, False, None, "gaussian", "orthogonal")
HEAD_OF: dict[str, HeadKind] = {
    "SEQ_CLS": "sequence-classification",
    "TOKEN_CLS": "token-classification",
    "QUESTION_ANS": "span",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """What an adapter's files say: pairs A [r, in], B [out, r] by layer, and tensors that replace others.

    `scale` is what B A counts; `targets` and `blocks` which layers should have a pair (None: nothing said);
    `head` the head that it brings, where something beside its files tells.
    """

    directory: Path
    base: str | None
    head_kind: HeadKind | None
    scale: float
    targets: tuple[str, ...] | None
    blocks: tuple[int, ...] | None
    pairs: Mapping[str, tuple[Tensor, Tensor]]
    replaced: Mapping[str, Tensor]
    head: HeadConfig | None = None


def is_adapter(directory: Path) -> bool:
    """Whether the directory holds an adapter and no model of its own."""
    return (directory / CONFIG).exists() and not (directory / "config.json").exists()


def read_adapter(directory: Path) -> Adapter:
    """Both files of an adapter.

    Errors: MissingInputError without weights; DataError for a pickle, for a configuration that is not known
    or makes no sense, and for tensors that are damaged, not finite, incomplete or of wrong shapes.
    """
    config = read_json(directory / CONFIG)
    file = str(directory / CONFIG)
    _refuse_unknown(config, file)
    rank = _number(config, "r", file, whole=True)
    alpha = _number(config, "lora_alpha", file)
    tensors = _open(directory)
    pairs, replaced = _sorted_out(tensors, int(rank), config, str(directory / WEIGHTS))
    return Adapter(
        directory=directory,
        base=_text(config, "base_model_name_or_path", file),
        head_kind=HEAD_OF.get(_text(config, "task_type", file) or ""),
        scale=alpha / (math.sqrt(rank) if config.get("use_rslora") else rank),
        targets=_targets(config, file),
        blocks=_blocks(config, file),
        pairs=pairs,
        replaced=replaced,
    )


def _open(directory: Path) -> TensorFiles:
    path = directory / WEIGHTS
    for name in (CONFIG, WEIGHTS):
        if (directory / name).is_symlink():
            check_link(directory / name)
    if not path.exists():
        if (directory / PICKLE).exists():
            what = f"the weights are a pickle ({PICKLE}), and reading a pickle runs its code"
            fix = "in a sandbox, load it with peft and save it again, which writes safetensors"
            raise DataError(Problem(code="pickle-refused", what=what, fix=fix, file=str(directory)))
        fix = f"name a directory that holds {CONFIG} and {WEIGHTS}"
        raise MissingInputError(
            Problem(code="no-weights", what=f"there is no {WEIGHTS}", fix=fix, file=str(directory))
        )
    tensors = TensorFiles({path: audit_safetensors(path)})
    check_finite(tensors, file=str(path))
    return tensors


def _refuse_unknown(config: Mapping[str, Any], file: str) -> None:
    kind = config.get("peft_type")
    if kind != "LORA":
        fix = "merge it with peft into a model directory, and name that"
        what = f"peft_type is {kind!r}; LORA is read"
        raise DataError(Problem(code="unknown-adapter", what=what, fix=fix, file=file))
    asked = [f"{key} = {config[key]!r}" for key in config if key not in READ | SILENT and config[key]]
    if config.get("bias", "none") != "none":
        asked.append(f"bias = {config['bias']!r}")
    beginning = config.get("init_lora_weights")
    if beginning is not None and not any(beginning is each or beginning == each for each in PLAIN_BEGINNINGS):
        asked.append(f"init_lora_weights = {beginning!r}")
    if asked:
        what = f"the adapter asks for {'; '.join(asked[:LISTED])}"[:300]
        fix = "merge it with peft into a model directory, and name that"
        raise DataError(Problem(code="unknown-adapter", what=what, fix=fix, file=file))


def _sorted_out(
    tensors: TensorFiles, rank: int, config: Mapping[str, Any], file: str
) -> tuple[dict[str, tuple[Tensor, Tensor]], dict[str, Tensor]]:
    halves: dict[str, dict[str, Tensor]] = {}
    replaced = {}
    modules = config.get("modules_to_save") or []
    for full in tensors:
        name = full.removeprefix(START)
        layer, found, part = name.partition(".lora_")
        tensor = tensors[full]
        if not tensor.is_floating_point():
            raise bad("bad-tensor", f"{full} is {tensor.dtype}", file)
        if found and part in ("A.weight", "B.weight"):
            halves.setdefault(layer, {})[part[0]] = tensor
        elif not found and _is_saved(name, modules):
            replaced[name] = tensor
        else:
            raise bad("unexpected-tensors", f"{full} is neither an adapter nor in modules_to_save", file)
    pairs = {}
    for layer, both in halves.items():
        if set(both) != {"A", "B"}:
            raise bad("missing-tensors", f"{layer} has lora_{next(iter(both))} alone", file)
        a, b = both["A"], both["B"]
        if a.ndim != 2 or b.ndim != 2 or a.shape[0] != rank or b.shape[1] != rank:
            what = f"{layer}: lora_A is {list(a.shape)} and lora_B {list(b.shape)}, with r = {rank}"
            raise bad("wrong-shape", what, file)
        pairs[layer] = (a, b)
    if not pairs:
        raise bad("missing-tensors", "it holds no lora_A and lora_B", file)
    return pairs, replaced


def _is_saved(name: str, modules: list[str]) -> bool:
    """Whether a tensor lies in a module that the configuration names, as peft matches names."""
    parts = name.split(".")
    owners = [".".join(parts[:end]) for end in range(1, len(parts))]
    return any(owner == each or owner.endswith(each) for owner in owners for each in modules)


def _targets(config: Mapping[str, Any], file: str) -> tuple[str, ...] | None:
    """Names of layers; None for a pattern, which is not run: what the file holds is taken at its word."""
    targets = config.get("target_modules")
    if isinstance(targets, str) or targets is None:
        return None
    if not isinstance(targets, list) or not all(isinstance(each, str) for each in targets):
        raise bad("bad-config", f"target_modules is {targets!r}"[:200], file)
    return tuple(targets)


def _blocks(config: Mapping[str, Any], file: str) -> tuple[int, ...] | None:
    blocks = config.get("layers_to_transform")
    if blocks is None:
        return None
    listed = blocks if isinstance(blocks, list) else [blocks]
    if not all(type(each) is int for each in listed):
        raise bad("bad-config", f"layers_to_transform is {blocks!r}"[:200], file)
    return tuple(listed)


def _number(config: Mapping[str, Any], name: str, file: str, *, whole: bool = False) -> float:
    value = config.get(name)
    right = type(value) is int if whole else type(value) in (int, float)
    if not right or not 0 < value < 1e6:  # type: ignore[operator]
        raise bad("bad-config", f"{name} is {value!r}, not a {'whole ' if whole else ''}number above 0", file)
    return float(value)  # type: ignore[arg-type]


def _text(config: Mapping[str, Any], name: str, file: str) -> str | None:
    value = config.get(name)
    if value is not None and not isinstance(value, str):
        raise bad("bad-config", f"{name} is {value!r}, not a text"[:200], file)
    return value


def bad(code: str, what: str, file: str) -> DataError:
    """The error for an adapter that is damaged, or does not belong where it is put."""
    fix = "take both files of the adapter from one place, and the base that it was made for"
    return DataError(Problem(code=code, what=what, fix=fix, file=file))
