"""Several labels per row: as a list, joined in a cell, or as columns of 0 and 1; a row may have none.

A cell is a list of strings or whole numbers (JSONL), the same written as JSON (`["a", "b"]`), or labels that
are joined by one separator for the whole column: `;`, `|` or `；` where one of them occurs, else the first
of `,`, `、` and `，` that does.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.columns import Columns
from glassbert.text.quoting import quoted
from glassbert.text.tables import Table

STRONG, WEAK = (";", "|", "；"), (",", "、", "，")
YES, NO = ("1", "1.0"), ("0", "0.0")
Bad = tuple[str, str, str]  # code, what, fix
LISTED = 'write ["a", "b"], or a;b; rows without a label are an empty list or an empty cell'


def label_sets(table: Table, columns: Columns) -> list[tuple[str, ...]]:
    """The labels of every row, in the order of its cell or of the columns.

    Errors: DataError (65) naming every row whose labels are null, no list, of mixed types, or named twice.
    """
    found, bad = _read(table, columns)
    if bad:
        shown = sorted(bad)[:SHOWN_PROBLEMS]
        raise DataError(*(_problem(table, row, bad[row]) for row in shown), total=len(bad))
    return [found[row] for row in range(len(table.rows))]


def bad_sets(table: Table, columns: Columns) -> dict[int, Bad]:
    """What is wrong, by row."""
    return _read(table, columns)[1]


def separator_of(values: list[object], *, column: str, source: str) -> str | None:
    """What separates labels in the cells of a column; DataError where two of `;`, `|` and `；` occur."""
    joined = [value for value in values if isinstance(value, str) and not value.lstrip().startswith("[")]
    strong = [mark for mark in STRONG if any(mark in value for value in joined)]
    if len(strong) > 1:
        what = f"labels of {quoted(column)} seem to be separated by {' and by '.join(map(quoted, strong))}"
        raise DataError(Problem(code="two-separators", what=what, fix="keep one of the two", file=source))
    if strong:
        return strong[0]
    weak = [mark for mark in WEAK if any(mark in value for value in joined)]
    return weak[0] if weak else None


def _read(table: Table, columns: Columns) -> tuple[dict[int, tuple[str, ...]], dict[int, Bad]]:
    if columns.indicators:
        cells: list[Any] = list(
            zip(*(table.frame[name].tolist() for name in columns.indicators), strict=True)
        )
        results = [_marked(cell, columns.indicators) for cell in cells]
    else:
        assert columns.label is not None, "these rows were read without labels"
        column = columns.label
        values = table.frame[column].tolist()
        mark = separator_of(values, column=column, source=table.source)
        results = [_labels(value, column, mark) for value in values]
    good = {row: labels for row, (labels, why) in enumerate(results) if why is None}
    return good, {row: why for row, (_, why) in enumerate(results) if why is not None}


def _marked(cells: tuple[object, ...], names: tuple[str, ...]) -> tuple[tuple[str, ...], Bad | None]:
    found = []
    for name, cell in zip(names, cells, strict=True):
        written = str(int(cell)) if isinstance(cell, bool) else str(cell)
        if written not in (*YES, *NO):
            what = f"{quoted(name)} is {quoted(cell)} here, where 0 or 1 is expected"
            return (), ("bad-indicator", what, "write 1 where the row has the label, else 0")
        if written in YES:
            found.append(name)
    return tuple(found), None


def _labels(value: object, column: str, mark: str | None) -> tuple[tuple[str, ...], Bad | None]:
    items: list[Any]
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                items = json.loads(value)
            except ValueError:
                return (), ("bad-labels", f"{quoted(column)} is no JSON list: {quoted(value)}", LISTED)
        else:
            items = [part.strip() for part in (value.split(mark) if mark else [value]) if part.strip()]
    elif isinstance(value, list | tuple | np.ndarray):
        items = list(value)
    else:
        kind = "null or absent" if value is None or value != value else quoted(value)
        return (), ("bad-labels", f"{quoted(column)} is {kind} in this row", LISTED)
    if any(
        isinstance(item, bool) or not isinstance(item, str | int) or not str(item).strip() for item in items
    ):
        what = f"{quoted(column)} holds what is no label: {quoted(value)}"
        return (), ("bad-labels", what, "write labels as strings or whole numbers")
    names = tuple(map(str, items))
    if len(set(names)) < len(names):
        return (), (
            "repeated-label",
            f"{quoted(column)} names a label twice: {quoted(value)}",
            "name it once",
        )
    return names, None


def _problem(table: Table, row: int, bad: Bad) -> Problem:
    code, what, fix = bad
    return Problem(code=code, what=what, fix=fix, file=table.source, line=int(table.rows[row]))
