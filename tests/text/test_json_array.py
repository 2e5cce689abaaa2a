"""One JSON array of objects."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError
from glassbert.text.json_array import parse_json_array
from glassbert.text.rejects import Rejects

ROWS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), st.text() | st.integers(), min_size=1), min_size=1
)


@given(ROWS, st.sampled_from([None, 0, 2]))
def test_rows_come_back_as_written(rows: list[dict[str, object]], indent: int | None) -> None:
    text = " \n" + json.dumps(rows, indent=indent) + "\n\n"
    parsed = parse_json_array(text, name="a.json", rejects=Rejects("error"))
    found = [dict(zip(parsed.names, row, strict=True)) for row in zip(*parsed.columns, strict=True)]
    assert found == [{name: row.get(name) for name in parsed.names} for row in rows]
    assert parsed.rows.tolist() == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    "text", ["[", "[{}", "[{},", "[{},]", "[,]", "[{} {}]", "[{}]]", '[{"a": 1]', "[{}] {}"]
)
def test_broken_array_is_refused(text: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_json_array(text, name="a.json", rejects=Rejects("error"))
    assert caught.value.problems[0].code == "not-json"
    assert caught.value.problems[0].line == 1


def test_lone_surrogate_is_named_by_line_and_column() -> None:
    with pytest.raises(DataError) as caught:
        parse_json_array('[\n {"a": "x"},\n {"a": "\\ud800"}\n]', name="a.json", rejects=Rejects("error"))
    problem = caught.value.problems[0]
    assert (problem.code, problem.line, problem.column) == ("lone-surrogate", 3, 9)


def test_deep_array_is_refused() -> None:
    with pytest.raises(DataError, match="depth > 64"):
        parse_json_array("[" * 100_000, name="a.json", rejects=Rejects("error"))


def test_elements_that_are_no_objects_are_set_aside() -> None:
    rejects = Rejects("skip")
    parsed = parse_json_array('[{"a": 1}, 2, {"a": 3}, null]', name="a.json", rejects=rejects)
    assert parsed.columns == [[1, 3]]
    assert parsed.rows.tolist() == [1, 3]
    assert [problem.column for problem in rejects.problems] == [12, 25]
