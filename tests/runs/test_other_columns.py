"""The columns beside text and label: kept where rows can be sliced by them, else left out with a reason."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glassbert.runs.other_columns import MOST_COLUMNS, OtherColumns, other_columns
from glassbert.text.columns import Columns
from glassbert.text.tables import read_table

ROWS = 60
COLUMNS = Columns(text="text", label="label", reasons=())


def found(frame: dict[str, list], rows: list[int] | None = None) -> OtherColumns:
    base = {"text": [f"text {i}" for i in range(ROWS)], "label": ["a", "b"] * (ROWS // 2)}
    table = read_table(pd.DataFrame({**base, **frame}, dtype=object))
    return other_columns(table, COLUMNS, np.array(rows or table.rows))


def test_cells_are_those_of_the_chosen_rows_in_their_order() -> None:
    source = [f"site {i % 3}" for i in range(ROWS)]
    rows = [7, 3, 12, 1, 59, 60, 2]
    assert found({"source": source}, rows).cells == {"source": [source[row - 1] for row in rows]}


def test_text_and_label_are_no_other_columns() -> None:
    assert found({}).cells == {} and found({}).left_out == ()


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([True, False], ["true", "false"]),
        ([np.bool_(True), None], ["true", ""]),
        ([3, 4], ["3", "4"]),
        ([0.5, float("nan")], ["0.5", ""]),
        (["x", None], ["x", ""]),
        (["=1+1", "@x"], ["=1+1", "@x"]),
    ],
)
def test_plain_values_become_text(values: list, cells: list[str]) -> None:
    assert found({"c": values * (ROWS // 2)}).cells["c"] == cells * (ROWS // 2)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([f"u{i}" for i in range(ROWS)], "value-per-row"),
        (["x"] * ROWS, "one-value"),
        ([f"u{i % 30}" for i in range(ROWS)], "many-values"),
        ([[1], [2]] * (ROWS // 2), "not-plain"),
        ([{"a": 1}, "x"] * (ROWS // 2), "not-plain"),
        (["half \ud800", "x"] * (ROWS // 2), "not-plain"),
    ],
    ids=str,
)
def test_columns_that_cannot_slice_say_why(values: list, reason: str) -> None:
    (each,) = found({"c": values}).left_out
    assert (each.kind, each.name, each.reason) == ("column", "c", reason)


def test_names_that_differ_by_spaces_only_are_one() -> None:
    result = found({"c": ["x", "y"] * 30, "c ": ["x", "y"] * 30})
    assert list(result.cells) == ["c"]
    assert [(each.name, each.reason) for each in result.left_out] == [("c ", "same-name")]


def test_very_wide_files_are_sliced_by_their_first_columns() -> None:
    result = found({f"c{i}": ["x", "y"] * 30 for i in range(MOST_COLUMNS + 3)})
    assert list(result.cells) == [f"c{i}" for i in range(MOST_COLUMNS)]
    assert [each.reason for each in result.left_out] == ["too-many-columns"] * 3


def test_rows_of_a_csv_are_known_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = [f'"two\nlines {i}",a,s{i % 2}' for i in range(10)]
    path.write_text("text,label,source\n" + "\n".join(lines) + "\n")
    table = read_table(path)
    chosen = table.rows[[8, 1, 3, 4]]
    assert other_columns(table, COLUMNS, chosen).cells == {"source": ["s0", "s1", "s1", "s0"]}
