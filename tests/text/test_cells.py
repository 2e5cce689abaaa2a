"""Cells to strings, or to an error for each that is none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from glassbert.errors import DataError
from glassbert.text.cells import label_strings, parse_number, text_strings, usable_rows
from glassbert.text.columns import Columns
from glassbert.text.tables import Table

TEXT_AND_LABEL = Columns(text="text", label="label", reasons=())


def table_of(**columns: list[Any]) -> Table:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return Table(frame=frame, source="a.jsonl", rows=np.arange(10, 10 + len(frame)), sha256="")


def codes(error: pytest.ExceptionInfo[DataError]) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in error.value.problems]


def test_empty_and_odd_texts_are_texts() -> None:
    texts = ["", " ", "\0", "\u2028", "😀", "x" * 100_000]
    assert text_strings(table_of(text=texts), "text") == texts


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (None, "missing-text"),
        (42, "not-a-string"),
        (4.2, "not-a-string"),
        (True, "not-a-string"),
        (["a"], "not-a-string"),
        ({"a": 1}, "not-a-string"),
        (pd.Timestamp(0), "not-a-string"),
        ("\ud800", "lone-surrogate"),
    ],
)
def test_j9_j10_cell_that_is_no_text_is_named_by_its_row(cell: object, code: str) -> None:
    with pytest.raises(DataError) as caught:
        text_strings(table_of(text=["fine", cell]), "text")
    assert codes(caught) == [(code, 11)]
    assert caught.value.exit_code == 65


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (None, "missing-label"),
        (float("nan"), "missing-label"),
        ("", "empty-label"),
        (" \t", "empty-label"),
        (1, "mixed-labels"),
        (np.int64(1), "mixed-labels"),
        (1.0, "bad-label"),
        (True, "bad-label"),
        (np.True_, "bad-label"),
        (["a"], "bad-label"),
        ({"a": 1}, "bad-label"),
        (pd.Timestamp(0), "mixed-labels"),
    ],
)
def test_j9_j11_j12_cell_that_is_no_label_is_named_by_its_row(cell: object, code: str) -> None:
    with pytest.raises(DataError) as caught:
        label_strings(table_of(label=["pos", cell, "neg"]), "label")
    assert codes(caught) == [(code, 11)]


def test_j11_the_rarer_type_is_the_wrong_one() -> None:
    with pytest.raises(DataError) as caught:
        label_strings(table_of(label=["pos", 1, 2, "neg", 3]), "label")
    assert codes(caught) == [("mixed-labels", 10), ("mixed-labels", 13)]


def test_labels_of_one_type_are_canonical_strings() -> None:
    assert label_strings(table_of(label=["007", " pos", "1"]), "label") == ["007", " pos", "1"]
    assert label_strings(table_of(label=[0, -1, 10**30]), "label") == ["0", "-1", "1" + "0" * 30]
    assert label_strings(table_of(label=[np.int64(3), 4]), "label") == ["3", "4"]


def test_twenty_cells_are_shown_and_all_are_counted() -> None:
    with pytest.raises(DataError) as caught:
        text_strings(table_of(text=[1] * 100), "text")
    assert (len(caught.value.problems), caught.value.total) == (20, 100)


def test_usable_rows_keeps_the_good_ones_in_order() -> None:
    table = table_of(text=["a", None, "c", "d"], label=["x", "y", 1, "z"])
    usable = usable_rows(table, TEXT_AND_LABEL)
    assert usable.frame["text"].tolist() == ["a", "d"] and usable.frame.index.tolist() == [0, 1]
    assert usable.rows.tolist() == [10, 13]
    assert [(problem.code, problem.line) for problem in usable.rejected] == [
        ("missing-text", 11),
        ("mixed-labels", 12),
    ]
    assert usable.rejected_text[1] == "{'text': 'c', 'label': 1}"
    assert label_strings(usable, "label") == ["x", "z"]


def test_usable_rows_looks_at_the_second_text_of_pairs() -> None:
    table = table_of(text=["a", "b"], other=[None, "d"], label=["x", "y"])
    columns = Columns(text="text", pair="other", label="label", reasons=())
    assert usable_rows(table, columns).rows.tolist() == [11]


def test_usable_rows_of_a_good_table_is_the_table() -> None:
    table = table_of(text=["a"], label=["x"])
    assert usable_rows(table, TEXT_AND_LABEL) is table


def test_no_usable_row_is_an_error() -> None:
    with pytest.raises(DataError):
        usable_rows(table_of(text=[None, None], label=["x", "y"]), TEXT_AND_LABEL)


@pytest.mark.parametrize("text", ["0", "-1", "+2.5", "3.", ".5", "1e-3", "007"])
def test_c23_decimal_number_is_read(text: str) -> None:
    assert parse_number(text) == float(text)


@pytest.mark.parametrize(
    "text",
    ["1_000", "１", "nan", "inf", "-Infinity", "1,5", "", " 1", "1 ", "1\n", "0x10", "1e999", "٣", "."],
)
def test_c23_what_only_python_calls_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_number(text)
