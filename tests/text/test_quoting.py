"""Values in messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.quoting import LONGEST, quoted


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("pos", "'pos'"),
        ("it's", '"it\'s"'),
        ("a\nb\u2028", r"'a\nb\u2028'"),
        (42, "42"),
        (["a"], "['a']"),
        ("x" * 100, "'" + "x" * 55 + "...'"),
    ],
)
def test_value_is_quoted(value: object, expected: str) -> None:
    assert quoted(value) == expected


@given(st.text() | st.lists(st.text()))
def test_quoted_value_is_one_short_line(value: object) -> None:
    text = quoted(value)
    assert len(text) <= LONGEST
    assert len(text.splitlines()) == 1
