"""The limit on line lengths agrees with splitting the whole, however the stream is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.text.line_limit import LineLimit


def first_long_line(data: bytes, limit: int) -> int | None:
    lines = re.split(rb"\n|\r", data)
    return next((number for number, line in enumerate(lines, 1) if len(line) > limit), None)


@given(st.lists(st.binary(max_size=12).map(lambda chunk: chunk.replace(b"\r", b""))), st.integers(1, 20))
def test_the_first_long_line_is_named_whatever_the_chunks(chunks: list[bytes], limit: int) -> None:
    expected = first_long_line(b"".join(chunks), limit)
    lines = LineLimit(limit, "a.csv")
    try:
        for chunk in filter(None, chunks):
            lines.check(chunk)
    except DataError as error:
        assert error.problems[0].line == expected
    else:
        assert expected is None


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_kind_of_line_end_ends_a_line(end: bytes) -> None:
    lines = LineLimit(5, "a.csv")
    lines.check(b"12345" + end + b"12345" + end)
    with pytest.raises(DataError) as caught:
        lines.check(b"123456" + end)
    assert caught.value.problems[0].line == 3
