"""The header of a safetensors file, read and proved sound before anything maps or allocates its tensors.

Layout (huggingface/safetensors): 8 bytes little-endian header size, a JSON object {name: {dtype, shape,
data_offsets}}, then the tensors' bytes end to end, without a gap, overlap or remainder.
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import Any, NamedTuple

import torch

from glassbert.errors import DataError, Problem
from glassbert.storage import check_kind, open_file
from glassbert.strict_json import parse_json

# a BERT-large header takes 45 kB; the format's own limit of 100 MB would let a file ask for GBs of objects
MAX_HEADER_BYTES = 10_000_000
MAX_DIMENSIONS = 64
MAX_DEPTH = 4
LENGTH_BYTES = 8
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_FIX = "take the file again from where it came: it is damaged, or made to mislead"


class TensorSpec(NamedTuple):
    """What a header promises about one tensor."""

    dtype: torch.dtype
    shape: tuple[int, ...]


class _Entry(NamedTuple):
    name: str
    spec: TensorSpec
    begin: int
    end: int


def audit_safetensors(path: Path) -> dict[str, TensorSpec]:
    """Name -> (dtype, shape) of every tensor, in the order of the file; reads the header and nothing else.

    Errors: DataError when the header is too long, not strict JSON or has a duplicate name; when a dtype is
    not among `DTYPES`; when a tensor's bytes do not match dtype and shape; when tensors overlap, leave a hole
    or do not fill the file exactly. MissingInputError when the file cannot be opened.
    """
    header, data_bytes = _read_header(path)
    _check_metadata(header.pop("__metadata__", {}), path)
    entries = sorted((_entry(name, value, path) for name, value in header.items()), key=lambda e: e[2:])
    _check_tiling(entries, data_bytes, path)
    return {entry.name: entry.spec for entry in entries}


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """The parsed header and the number of bytes after it."""
    with os.fdopen(open_file(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(LENGTH_BYTES)
        if len(start) < LENGTH_BYTES:
            raise _error("too-short", f"{size} bytes; a safetensors file has at least 10", path)
        (length,) = struct.unpack("<Q", start)
        check_kind(start + file.read(min(length, size, 64)), path)
        if length > size - LENGTH_BYTES:
            raise _error("header-too-long", f"a header of {length:,} bytes in a file of {size:,}", path)
        if length > MAX_HEADER_BYTES:
            what = f"a header of {length:,} bytes; at most {MAX_HEADER_BYTES:,} are accepted"
            raise _error("header-too-long", what, path)
        file.seek(LENGTH_BYTES)
        raw = file.read(length)
    if not raw.startswith(b"{"):
        raise _error("not-safetensors", "the header does not begin with {", path)
    return parse_json(raw, file=str(path), max_depth=MAX_DEPTH), size - LENGTH_BYTES - length


def _check_metadata(metadata: Any, path: Path) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _error("bad-metadata", "__metadata__ is not an object of strings", path)


def _entry(name: str, value: Any, path: Path) -> _Entry:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise _error("bad-entry", f"{_short(name)} is not an object of dtype, shape and data_offsets", path)
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        what = f"{_short(name)} has dtype {_short(dtype)}; supported: {', '.join(DTYPES)}"
        raise _error("unsupported-dtype", what, path)
    if not _are_counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise _error(
            "bad-shape", f"the shape of {_short(name)} is not a list of sizes: {_short(shape)}", path
        )
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        what = f"the offsets of {_short(name)} are not [begin, end]: {_short(offsets)}"
        raise _error("bad-offsets", what, path)
    needed = math.prod(shape) * DTYPES[dtype].itemsize
    if needed != offsets[1] - offsets[0]:
        what = f"{_short(name)} of shape {shape} needs {needed:,} bytes and has {offsets[1] - offsets[0]:,}"
        raise _error("size-mismatch", what, path)
    return _Entry(name, TensorSpec(DTYPES[dtype], tuple(shape)), *offsets)


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**63 for value in values)


def _check_tiling(entries: list[_Entry], data_bytes: int, path: Path) -> None:
    """The tensors, in the order of their offsets, cover the data exactly once."""
    end = 0
    for entry in entries:
        if entry.begin != end:
            kind = "overlaps the one before it" if entry.begin < end else "leaves a hole before it"
            raise _error("bad-offsets", f"{_short(entry.name)} {kind} (byte {entry.begin:,})", path)
        end = entry.end
    if end > data_bytes:
        what = f"the file ends {end - data_bytes:,} bytes before its last tensor does: truncated?"
        raise _error("truncated", what, path)
    if end < data_bytes:
        raise _error("trailing-bytes", f"{data_bytes - end:,} bytes belong to no tensor", path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _error(code: str, what: str, path: Path) -> DataError:
    return DataError(Problem(code=code, what=what, fix=_FIX, file=str(path)))
