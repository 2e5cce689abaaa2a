"""The one file format of records: magic, length of the header, JSON header, aligned little-endian arrays.

    bytes 0..8      b"GBRECORD"
    bytes 8..16     n, the length of the header, unsigned 64-bit little-endian
    bytes 16..16+n  the header, UTF-8 JSON: {"format": 1, "record": name, "value": tree,
                    "arrays": [{"dtype": name, "shape": sizes}, ...]}
    then            zeros up to a multiple of 64, and the arrays in order, each starting at a multiple of 64

The layout has no freedom: a reader computes where every array lies, and the header repeats no offset that
could disagree. The page reads the same bytes with `web/src/core/container.ts`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from glassbert.errors import DataError, Problem

MAGIC = b"GBRECORD"
FORMAT = 1
ALIGNMENT = 64
PREFIX = struct.Struct("<8sQ")
# 64-bit integers are left out: JavaScript cannot hold them in a number.
DTYPES = ("float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8")

Tree = Any


def pack(record: str, tree: Tree, arrays: Sequence[np.ndarray]) -> bytes:
    """The container's bytes; the same input gives the same bytes."""
    described = [{"dtype": array.dtype.name, "shape": list(array.shape)} for array in arrays]
    header = {"format": FORMAT, "record": record, "value": tree, "arrays": described}
    text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate cannot be UTF-8; its backslash escape is exactly JSON's, so nothing is lost.
    encoded = text.encode("utf-8", "backslashreplace")
    parts = [PREFIX.pack(MAGIC, len(encoded)) + encoded]
    parts += [np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays]
    padded = [part + bytes(-len(part) % ALIGNMENT) for part in parts[:-1]]
    return b"".join([*padded, parts[-1]])


def unpack(data: bytes) -> tuple[str, Tree, list[np.ndarray]]:
    """Name of the record, its tree and its arrays (read-only views of `data`).

    Raises DataError on any flaw.
    """
    header, end = read_header(data)
    arrays = []
    for description in header["arrays"]:
        dtype, shape = read_description(description)
        start = end + (-end % ALIGNMENT)
        if any(data[end:start]):
            refuse("the padding between two arrays is not zero")
        count = math.prod(shape)
        end = start + count * dtype.itemsize
        if end > len(data):
            refuse(f"it ends at byte {len(data)} inside an array that reaches byte {end}")
        arrays.append(np.frombuffer(data, dtype, count, start).reshape(shape))
    if end != len(data):
        refuse(f"{len(data) - end} bytes follow the last array")
    return header["record"], header["value"], arrays


def read_header(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < PREFIX.size or data[: len(MAGIC)] != MAGIC:
        refuse("it does not start with GBRECORD")
    end = PREFIX.size + PREFIX.unpack_from(data)[1]
    if end > len(data):
        refuse(f"its header should reach byte {end}, but the file has {len(data)}")
    try:
        header = json.loads(
            data[PREFIX.size : end], object_pairs_hook=unique_keys, parse_constant=refuse_constant
        )
    except (ValueError, RecursionError) as error:
        refuse(f"its header is not JSON ({error})")
    if not isinstance(header, dict) or set(header) != {"format", "record", "value", "arrays"}:
        refuse("its header is not an object with the keys format, record, value, arrays")
    if header["format"] != FORMAT:
        refuse(f"it has format {header['format']!r}; this version reads format {FORMAT}")
    if not isinstance(header["record"], str) or not isinstance(header["arrays"], list):
        refuse("its header does not name a record and a list of arrays")
    return header, end


def read_description(description: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if not isinstance(description, dict) or set(description) != {"dtype", "shape"}:
        refuse("an array is not described by dtype and shape")
    dtype, shape = description["dtype"], description["shape"]
    if dtype not in DTYPES:
        refuse(f"an array has dtype {dtype!r}, not one of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        refuse(f"an array has shape {shape!r}")
    return np.dtype(dtype).newbyteorder("<"), tuple(shape)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def refuse(what: str) -> NoReturn:
    raise DataError(
        Problem(code="bad-container", what=f"this is not a whole record: {what}", fix="save the record again")
    )
