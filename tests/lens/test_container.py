"""The container: what goes in comes out, the layout is what is written down, and no flaw passes."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.lens.container import ALIGNMENT, DTYPES, pack, unpack

ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.array([], dtype=np.int32),
    np.array(7, dtype=np.uint8),
    np.array([1.5, np.nan, -np.inf]),
]
GOOD = pack("Thing", {"a": {"$array": 0}, "text": "晴"}, ARRAYS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 0, 5), (7, 3, 2), ()])
def test_container_returns_every_dtype_and_shape(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(3).integers(0, 100, shape).astype(dtype)
    record, tree, (read,) = unpack(pack("Thing", [1, "x"], [array]))
    assert (record, tree) == ("Thing", [1, "x"])
    assert read.dtype == array.dtype and read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_container_layout_is_the_one_in_its_docstring() -> None:
    (length,) = struct.unpack("<Q", GOOD[8:16])
    header = json.loads(GOOD[16 : 16 + length])
    assert GOOD[:8] == b"GBRECORD"
    assert header["arrays"][0] == {"dtype": "float32", "shape": [2, 3]}
    start = -(-(16 + length) // ALIGNMENT) * ALIGNMENT
    np.testing.assert_array_equal(np.frombuffer(GOOD, "<f4", 6, start), np.arange(6))


def test_container_makes_big_endian_and_strided_arrays_plain() -> None:
    array = np.arange(12, dtype=">i4").reshape(3, 4).T[::2]
    _, _, (read,) = unpack(pack("Thing", None, [array]))
    np.testing.assert_array_equal(read, array)


@given(st.text(alphabet=st.characters(codec=None)))
def test_container_keeps_any_text(text: str) -> None:
    assert unpack(pack("Thing", text, []))[1] == text


def test_container_keeps_a_lone_surrogate() -> None:
    assert unpack(pack("Thing", "a\ud800b\\ud800", []))[1] == "a\ud800b\\ud800"


def edited(**changes: object) -> bytes:
    header = {"format": 1, "record": "Thing", "value": None, "arrays": [], **changes}
    encoded = json.dumps({key: value for key, value in header.items() if value != "absent"}).encode()
    return struct.pack("<8sQ", b"GBRECORD", len(encoded)) + encoded


def raw(header: bytes) -> bytes:
    return struct.pack("<8sQ", b"GBRECORD", len(header)) + header


DAMAGED = {
    "empty": b"",
    "only the magic": b"GBRECORD",
    "other magic": b"GBRECORE" + GOOD[8:],
    "header beyond the end": struct.pack("<8sQ", b"GBRECORD", 2**63) + b"{}",
    "header not JSON": raw(b"{"),
    "header not UTF-8": raw(b'{"a": "\xff"}'),
    "header a list": raw(b"[]"),
    "header nested deeply": raw(b"[" * 100_000),
    "key twice": raw(b'{"format":1,"format":1,"record":"T","value":0,"arrays":[]}'),
    "NaN literal": raw(b'{"format":1,"record":"T","value":NaN,"arrays":[]}'),
    "format 2": edited(format=2),
    "no arrays key": edited(arrays="absent"),
    "extra key": edited(more=1),
    "record not text": edited(record=3),
    "arrays not a list": edited(arrays={}),
    "array not described": edited(arrays=[3]),
    "pickled dtype": edited(arrays=[{"dtype": "object", "shape": [0]}]),
    "dtype a list": edited(arrays=[{"dtype": ["f4"], "shape": [0]}]),
    "64-bit integers": edited(arrays=[{"dtype": "int64", "shape": [0]}]),
    "negative size": edited(arrays=[{"dtype": "uint8", "shape": [-1]}]),
    "size true": edited(arrays=[{"dtype": "uint8", "shape": [True]}]),
    "shape a number": edited(arrays=[{"dtype": "uint8", "shape": 3}]),
    "array missing": edited(arrays=[{"dtype": "uint8", "shape": [3]}]),
    "array absurd": edited(arrays=[{"dtype": "uint8", "shape": [2**62, 2**62]}]),
    "truncated": GOOD[:-1],
    "too long": GOOD + b"\0",
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED.keys())
def test_container_with_a_flaw_is_refused(damaged: bytes) -> None:
    with pytest.raises(DataError, match="bad-container"):
        unpack(damaged)


def test_container_with_dirty_padding_is_refused() -> None:
    (length,) = struct.unpack("<Q", GOOD[8:16])
    assert (16 + length) % ALIGNMENT, "the header must leave padding for this test"
    dirty = bytearray(GOOD)
    dirty[16 + length] = 1
    with pytest.raises(DataError, match="padding"):
        unpack(bytes(dirty))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_container_with_one_changed_byte_never_crashes(position: int, value: int) -> None:
    changed = bytearray(GOOD)
    changed[position] = value
    try:
        unpack(bytes(changed))
    except DataError as error:
        assert error.problems[0].code == "bad-container"
