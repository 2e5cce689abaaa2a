"""The weights of a model directory: which files they are, opened without being read, and written whole."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from glassbert.durable import write_file
from glassbert.errors import DataError, MissingInputError, Problem, UsageError
from glassbert.model.safetensors_audit import DTYPES, LENGTH_BYTES, TensorSpec, audit_safetensors
from glassbert.storage import check_link
from glassbert.strict_json import read_json

__all__ = [
    "TensorFiles",
    "TensorSpec",
    "WeightFiles",
    "audit_safetensors",
    "check_directory",
    "check_finite",
    "open_tensors",
    "read_json",
    "write_tensors",
]

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
LISTED = 8
# weights as a pickle: reading one runs whatever code it holds
_PICKLE = re.compile(r"(pytorch_model|model)\b.*\.(bin|pt|pth|ckpt|pkl)|pytorch_model\.bin\.index\.json")
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_UNPICKLE = (
    "in a sandbox, load it once with transformers and call save_pretrained(), which writes model.safetensors"
)
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True, kw_only=True)
class WeightFiles:
    """The safetensors files of a directory; `shard_of` maps each tensor to its file if there is an index."""

    paths: tuple[Path, ...]
    shard_of: Mapping[str, str] | None
    warnings: tuple[str, ...]


def check_directory(directory: Path) -> WeightFiles:
    """Find the weights of a model directory; reads no tensor.

    Errors: MissingInputError when there is no directory or no weights in it; DataError when its only weights
    are a pickle, when a symbolic link leaves it (the hub's cache excepted), or when the shard index names a
    file outside it, misses one or names one that is not there.
    """
    if not directory.is_dir():
        raise _missing("no-such-directory", "there is no such model directory", directory)
    names = sorted(os.listdir(directory))
    for name in names:
        check_link(directory / name)
    pickles = [name for name in names if _PICKLE.fullmatch(name)]
    warnings = tuple(f"{name} is a pickle and was not read: the safetensors file is used" for name in pickles)
    if WEIGHTS in names:
        if INDEX in names:
            warnings += (f"{INDEX} was not read: {WEIGHTS} is used",)
        return WeightFiles(paths=(directory / WEIGHTS,), shard_of=None, warnings=warnings)
    if INDEX in names:
        shards = _shards(directory / INDEX, names)
        paths = tuple(directory / name for name in sorted(set(shards.values())))
        return WeightFiles(paths=paths, shard_of=shards, warnings=warnings)
    if pickles:
        what = f"the weights are a pickle ({', '.join(pickles[:LISTED])}), and reading a pickle runs its code"
        raise DataError(Problem(code="pickle-refused", what=what, fix=_UNPICKLE, file=str(directory)))
    others = [name for name in names if name.endswith(".safetensors")]
    found = f"; found {', '.join(others[:LISTED])}" if others else ""
    raise _missing("no-weights", f"no {WEIGHTS} and no {INDEX}{found}", directory)


def _shards(index: Path, names: list[str]) -> dict[str, str]:
    """The index's map from tensor to file name, each a shard beside the index and every shard among them."""
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise _bad_index("it has no weight_map", index)
    for name in shards.values():
        if not isinstance(name, str) or not name.endswith(".safetensors") or re.search(r"[/\\:]|^\.", name):
            raise _bad_index(f"{_short(name)} is not the name of a safetensors file beside it", index)
    listed = set(shards.values())
    if missing := sorted(listed.difference(names)):
        raise _bad_index(f"missing beside it: {_some(missing)}", index)
    if unlisted := sorted(name for name in names if _SHARD.fullmatch(name) and name not in listed):
        raise _bad_index(f"it does not list {_some(unlisted)}", index)
    return shards


class TensorFiles(Mapping[str, torch.Tensor]):
    """The tensors of safetensors files by name; each is mapped into memory when asked for, never copied.

    `specs` holds every tensor's dtype and shape, `warnings` what was ignored in the directory.
    """

    def __init__(
        self, files: Mapping[Path, Mapping[str, TensorSpec]], warnings: tuple[str, ...] = ()
    ) -> None:
        self._file_of = {name: path for path, specs in files.items() for name in specs}
        self._handles: dict[Path, Any] = {}
        self.specs = {name: spec for specs in files.values() for name, spec in specs.items()}
        self.warnings = warnings

    def __getitem__(self, name: str) -> torch.Tensor:
        path = self._file_of[name]
        try:
            if path not in self._handles:
                self._handles[path] = safe_open(path, framework="pt")
            tensor: torch.Tensor = self._handles[path].get_tensor(name)
        except SafetensorError as error:
            problem = Problem(code="bad-safetensors", what=str(error), fix="take it again", file=str(path))
            raise DataError(problem) from error
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._file_of)

    def __len__(self) -> int:
        return len(self._file_of)


def open_tensors(directory: Path) -> TensorFiles:
    """All tensors of a model directory, lazily. Errors: those of `check_directory` and `audit_safetensors`;
    DataError when a shard does not hold exactly the tensors that the index promises."""
    weights = check_directory(directory)
    files = {path: audit_safetensors(path) for path in weights.paths}
    if weights.shard_of is not None:
        _check_shards(files, weights.shard_of, directory / INDEX)
    return TensorFiles(files, weights.warnings)


def _check_shards(
    files: Mapping[Path, Mapping[str, TensorSpec]], shard_of: Mapping[str, str], index: Path
) -> None:
    for path, specs in files.items():
        promised = {name for name, shard in shard_of.items() if shard == path.name}
        if absent := sorted(promised.difference(specs)):
            raise _bad_index(f"{path.name} lacks {_some(absent)}", index)
        if surplus := sorted(set(specs).difference(promised)):
            raise _bad_index(
                f"{path.name} holds tensors that it does not list there: {_some(surplus)}", index
            )


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], *, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file whole: aside, flushed, renamed; tensors mapped from the old file stay valid.

    One tensor at a time is brought to the CPU, so nothing is held twice. Errors: UsageError for a dtype that
    is not in `DTYPES`; OutputError and StorageError as in `storage.write_file`, the previous file intact.
    """
    names = sorted(
        tensors, key=lambda name: (-tensors[name].dtype.itemsize, name)
    )  # keeps each dtype aligned
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name in names:
        begin, end = end, end + tensors[name].numel() * tensors[name].dtype.itemsize
        header[name] = {
            "dtype": _dtype_name(name, tensors[name]),
            "shape": list(tensors[name].shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)
    write_file(path, _chunks(text, names, tensors))


def _chunks(
    header: bytes, names: list[str], tensors: Mapping[str, torch.Tensor]
) -> Iterator[bytes | memoryview]:
    yield struct.pack("<Q", len(header))
    yield header
    for name in names:
        flat = tensors[name].detach().to("cpu").contiguous().reshape(-1)
        yield flat.view(torch.uint8).numpy().data


def _dtype_name(name: str, tensor: torch.Tensor) -> str:
    if tensor.dtype not in _NAMES or tensor.layout != torch.strided:
        what = f"{name} is {tensor.dtype}, {tensor.layout}; writable: dense {', '.join(DTYPES)}"
        raise UsageError(Problem(code="unsupported-dtype", what=what, fix="convert it first"))
    return _NAMES[tensor.dtype]


def check_finite(tensors: Mapping[str, torch.Tensor], *, file: str | None = None) -> None:
    """Raise a DataError that names every tensor holding a NaN or an infinity, with how many."""
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not _is_finite(tensor)]
    if not bad:
        return
    counts = [f"{name} ({int((~torch.isfinite(tensors[name])).sum())})" for name in bad[:LISTED]]
    more = f", ... ({len(bad) - LISTED} more)" if len(bad) > LISTED else ""
    what = f"NaN or infinite values in {len(bad)} tensors: {', '.join(counts)}{more}"
    fix = (
        "use an earlier checkpoint: training diverged before this one was saved"
        " (to look into this one: glassbert.load(..., allow_nonfinite=True))"
    )
    raise DataError(Problem(code="non-finite-weights", what=what, fix=fix, file=file))


def _is_finite(tensor: torch.Tensor) -> bool:
    """A NaN passes through minimum and maximum: two scalars tell, and nothing large is allocated."""
    return tensor.numel() == 0 or bool(torch.isfinite(torch.stack(torch.aminmax(tensor))).all())


def _some(names: list[str]) -> str:
    more = f", ... ({len(names) - LISTED} more)" if len(names) > LISTED else ""
    return ", ".join(_short(name) for name in names[:LISTED]) + more


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _bad_index(what: str, index: Path) -> DataError:
    fix = "take the index and all its shards again from one place"
    return DataError(Problem(code="bad-shard-index", what=what, fix=fix, file=str(index)))


def _missing(code: str, what: str, directory: Path) -> MissingInputError:
    fix = "name a directory that holds config.json and model.safetensors"
    return MissingInputError(Problem(code=code, what=what, fix=fix, file=str(directory)))
