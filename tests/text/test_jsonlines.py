"""JSONL: lines to rows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.text.jsonlines import parse_json_lines
from glassbert.text.parsed import Parsed
from glassbert.text.rejects import Rejects

LINE = '{"text": "a", "label": 1}\n'
CELLS = st.text() | st.integers() | st.booleans() | st.none() | st.lists(st.text(), max_size=3)


def parse(text: str, *, size: int | None = None) -> Parsed:
    return parse_json_lines(text, name="a.jsonl", rejects=Rejects("error"), size=size)


@given(
    st.lists(st.fixed_dictionaries({"text": CELLS, "label": CELLS}), min_size=1, max_size=10), st.booleans()
)
def test_rows_come_back_as_written(rows: list[dict[str, object]], ascii_only: bool) -> None:
    parsed = parse("".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows))
    found = [dict(zip(parsed.names, row, strict=True)) for row in zip(*parsed.columns, strict=True)]
    assert found == rows


def test_keys_are_joined_and_absent_ones_are_none() -> None:
    parsed = parse('{"a": 1}\n{"b": 2, "a": 3}\n')
    assert parsed.names == ["a", "b"]
    assert parsed.columns == [[1, 3], [None, 2]]


def test_j1_blank_lines_count_as_lines() -> None:
    assert parse("\n \t\n" + LINE + "\n\n" + LINE + "\n").rows.tolist() == [3, 6]


@pytest.mark.parametrize("cut", range(1, len(LINE) - 1))
def test_j2_every_cut_through_the_last_line_is_noticed(cut: int) -> None:
    with pytest.raises(DataError) as caught:
        parse(LINE * 2 + LINE[:cut], size=len(LINE) * 2 + cut)
    assert caught.value.problems[0].code == "truncated-line"
    assert f"byte {len(LINE) * 2} of the file" in str(caught.value)


def test_j2_last_line_that_is_whole_needs_no_line_end() -> None:
    assert parse(LINE + LINE.rstrip()).columns == [["a", "a"], [1, 1]]


def test_j2_broken_line_with_a_line_end_is_not_called_truncated() -> None:
    with pytest.raises(DataError) as caught:
        parse(LINE + '{"text": \n')
    assert caught.value.problems[0].code == "not-json"


@pytest.mark.parametrize("line", ["1", '"a"', "null", "true", "1.5"])
def test_line_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(DataError, match="not-an-object"):
        parse(LINE + line + "\n")


def test_no_break_space_is_no_json_space() -> None:
    with pytest.raises(DataError, match="not-json"):
        parse(LINE + "\u00a0\n")


def test_every_bad_line_is_counted() -> None:
    with pytest.raises(DataError) as caught:
        parse((LINE + "{x}\n") * 30)
    assert caught.value.total == 30
