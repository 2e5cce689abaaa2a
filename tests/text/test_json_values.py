"""JSON values: as the standard library reads them, or refused."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.json_values import MAX_DEPTH, MAX_DIGITS, Refused, read_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_sound_json_is_read_as_written(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_value(" " + text + " ", 1) == (value, len(text) + 1)


def nested(depth: int) -> str:
    return '{"a": ' * (depth - 1) + "{}" + "}" * (depth - 1)


def test_j7_depth_of_64_is_read_and_65_refused() -> None:
    read_value(nested(MAX_DEPTH))
    read_value('{"a": ' + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}")
    with pytest.raises(Refused, match="depth > 64"):
        read_value(nested(MAX_DEPTH + 1))
    with pytest.raises(Refused, match="depth > 64"):
        read_value('{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}")


def test_j7_depth_does_not_depend_on_the_stack_in_use() -> None:
    def deeper(frames: int) -> None:
        if frames:
            deeper(frames - 1)
        else:
            read_value(nested(MAX_DEPTH))

    deeper(sys.getrecursionlimit() - 300)


def test_j6_longest_integer_is_read_and_one_digit_more_refused() -> None:
    assert read_value("1" * MAX_DIGITS)[0] == int("1" * MAX_DIGITS)
    with pytest.raises(Refused, match="4,301 digits"):
        read_value("1" * (MAX_DIGITS + 1))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1, NaN]"])
def test_j5_numbers_beyond_json_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_value(text)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "a": 2}}]', r'{"a": 1, "\u0061": 2}'])
def test_j4_repeated_keys_are_refused_at_every_depth(text: str) -> None:
    with pytest.raises(Refused, match="the key 'a' occurs twice"):
        read_value(text)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (r'"\ud800"', 1),
        (r'"\uDC00"', 1),
        (r'"a\ud83d\ud83d\ude00"', 2),
        (r'"\ud83d\ude00\ude00"', 13),
        (r'"\ud83d \ude00"', 1),
        (r'"\ud83d\\ude00"', 1),
        (r'{"\ud800": 1}', 2),
    ],
)
def test_j8_half_pairs_are_refused_where_they_stand(text: str, position: int) -> None:
    with pytest.raises(Refused) as caught:
        read_value(text)
    assert (caught.value.code, caught.value.position) == ("lone-surrogate", position)


@pytest.mark.parametrize(
    "text", [r'"\ud83d\ude00"', r'"\\ud800"', r'"\\\\ud800"', r'"\u00e9\ud83d\ude00"', '"\\\\"']
)
def test_j8_whole_pairs_and_written_backslashes_are_read(text: str) -> None:
    assert read_value(text)[0] == json.loads(text)


@given(
    st.lists(
        st.sampled_from([r"\ud83d", r"\ude00", "\\\\", "a", r"\n", r"\u0041", "u", "ud800"]), max_size=12
    )
)
def test_j8_refused_exactly_when_the_text_cannot_be_encoded(parts: list[str]) -> None:
    text = '"' + "".join(parts) + '"'
    try:
        json.loads(text).encode()
    except UnicodeEncodeError:
        with pytest.raises(Refused):
            read_value(text)
    else:
        assert read_value(text)[0] == json.loads(text)
