"""What strict JSON accepts, and how it names what it refuses (rows J4-J8, J14 and M6 of the failures)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.strict_json import MAX_DEPTH, parse_json, read_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_sound_json_is_read_as_the_standard_library_reads_it(value: object, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode(), file="f") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "f: duplicate-key: the key 'c' occurs twice"),
        (b'{"a": NaN}', "f: not-json: NaN"),
        (b"[-Infinity]", "f: not-json: -Infinity"),
        (b"[1e999]", "f: number-out-of-range: 1e999"),
        (b"[" + b"1" * 5000 + b"]", "f: number-out-of-range: an integer of 5,000 digits"),
        (b"[" * 100_000, "f: too-deep: nested deeper than 64"),
        (b'{"a":' * 100_000, "f: too-deep"),
        (rb'["\ud800"]', "f: lone-surrogate: .*D800"),
        (rb'{"\udfff": 1}', "f: lone-surrogate: .*DFFF"),
        (b'["\xff"]', "f: not-utf-8: byte 2"),
        (b'{"a":\n  x}', "f:2:3: not-json"),
        (b"", "f:1:1: not-json"),
        (b"{} {}", "f:1:4: not-json"),
    ],
)
def test_a_breach_is_named(text: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_json(text, file="f")


def test_a_byte_order_mark_and_surrogate_pairs_are_fine() -> None:
    assert parse_json(b'\xef\xbb\xbf["\\ud83d\\ude00"]', file="f") == ["\U0001f600"]


def test_brackets_in_strings_are_no_nesting() -> None:
    text = '[{"a": "' + "[{" * 1000 + '\\"["}]'
    assert parse_json(text.encode(), file="f") == [{"a": "[{" * 1000 + '"['}]
    deep: object = 0
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert parse_json(json.dumps(deep).encode(), file="f") == deep


@pytest.mark.timeout(60)  # quadratic time would take hours
def test_an_unterminated_string_takes_linear_time() -> None:
    with pytest.raises(DataError, match="not-json"):
        parse_json(b'"' + b'\\"' * 2_000_000, file="f")


def test_read_json_wants_an_object(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1, 2.5, null]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, 2.5, None]}
    for text, kind in (("[]", "an array"), ("3", "a number"), ("null", "null"), ('"x"', "a string")):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(DataError, match=f"not-an-object: the file holds {kind}"):
            read_json(tmp_path / "a.json")
