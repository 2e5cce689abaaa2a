"""The chosen columns of a table as strings, or an error for every cell that is none; nothing is guessed."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.asked import Schema
from glassbert.text.columns import Columns
from glassbert.text.label_sets import bad_sets
from glassbert.text.like_columns import is_scored
from glassbert.text.profiles import DECIMAL
from glassbert.text.quoting import quoted
from glassbert.text.spans import Asking, bad_spans
from glassbert.text.tables import Table

STRING, INTEGER, TRUTH, FRACTION = "a string", "an integer", "true or false", "a fractional number"
KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((str,), STRING),
    ((bool, np.bool_), TRUTH),
    ((int, np.integer), INTEGER),
    ((float, np.floating), FRACTION),
    ((list, tuple, np.ndarray), "a list"),
    ((dict,), "an object"),
)
REFUSED_LABELS = {
    TRUTH: 'write the names of the classes, such as "spam" and "not spam"',
    FRACTION: "write classes as strings or integers; for scores use --task text-regression",
    "a list": "one label per row; for several use --task multi-label-classification",
    "an object": "name another column with --label-column",
}
Bad = tuple[str, str, str]  # code, what, fix


def text_strings(table: Table, column: str) -> list[str]:
    """The texts of a column, `[n]`; a text may be empty, but it must be a string.

    Errors: DataError (65) naming every row whose cell is null, absent, no string, or half a surrogate pair.
    """
    values = table.frame[column].tolist()
    _refuse(table, _bad_texts(values, column))
    return values


def label_strings(table: Table, column: str) -> list[str]:
    """The labels of a column as canonical strings, `[n]`: strings as they are, integers in decimal.

    Truth values become "false" and "true" where the file's own schema says the column is boolean (Parquet,
    DataFrame). Errors: DataError (65) naming every row whose label is null, empty, fractional, a truth value
    without schema, a list, or of another type than most labels of the column.
    """
    series = table.frame[column]
    values = series.tolist()
    if series.dtype == np.bool_:
        return ["true" if value else "false" for value in values]
    _refuse(table, _bad_labels(values, column))
    return [str(value) for value in values]


def number_values(table: Table, column: str) -> NDArray[np.float64]:
    """The numbers of a column, `[n]`; strings are read as decimal numbers in ASCII digits.

    Errors: DataError (65) naming every row whose cell is null, no number, not finite, or a truth value.
    """
    values = table.frame[column].tolist()
    _refuse(table, _bad_numbers(values, column))
    return np.array([parse_number(each) if isinstance(each, str) else each for each in values], np.float64)


def usable_rows(table: Table, columns: Columns, *, schema: Schema = Schema()) -> Table:  # noqa: B008
    """The table without the rows whose text or label (a class or a number, as `schema` says) is refused; they
    join `rejected`.

    For on_bad_rows "skip" and "quarantine". Errors: DataError (65) when no row is left.
    """
    bad: dict[int, Bad] = {}
    for column in filter(None, (columns.text, columns.pair, columns.negative)):
        bad |= _bad_texts(table.frame[column].tolist(), column)
    if schema.label == "spans":
        bad = bad_spans(table, asking_of(columns)) | bad
    elif schema.label == "likeness":
        if columns.label is not None and is_scored(columns):
            bad |= _BAD["number"](table.frame[columns.label], columns.label)
    elif columns.label is not None and schema.label == "set":
        bad |= bad_sets(table, columns)
    elif columns.label is not None:
        bad |= _BAD[schema.label](table.frame[columns.label], columns.label)
    if not bad:
        return table
    if len(bad) == len(table.rows):
        _refuse(table, bad)
    problems = [_problem(table, index, bad[index]) for index in sorted(bad)]
    raw = [repr(table.frame.iloc[index].to_dict()) for index in sorted(bad)]
    kept = np.setdiff1d(np.arange(len(table.rows)), list(bad))
    return replace(
        table,
        frame=table.frame.iloc[kept].reset_index(drop=True),
        rows=table.rows[kept],
        rejected=(*table.rejected, *problems),
        rejected_text=(*table.rejected_text, *raw),
    )


def asking_of(columns: Columns) -> Asking:
    """The columns of questions, contexts and answers."""
    assert columns.pair is not None, "questions come with contexts"
    return Asking(question=columns.text, context=columns.pair, answers=columns.label)


def parse_number(text: str) -> float:
    """A decimal number in ASCII digits; ValueError for `1_000`, `1,5`, other digits, nan, inf, 1e999."""
    if not DECIMAL.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a decimal number such as 3.5")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{quoted(text)} is beyond the range of numbers")
    return value


def _bad_texts(values: list[object], column: str) -> dict[int, Bad]:
    if set(map(type, values)) == {str} and _encodable("".join(values)):  # type: ignore[arg-type]
        return {}
    return {index: bad for index, value in enumerate(values) if (bad := _why_no_text(value, column))}


def _why_no_text(value: object, column: str) -> Bad | None:
    if value is None:
        return _missing(column, "text")
    if not isinstance(value, str):
        what = f"{quoted(column)} is {_kind(value)} here, not text: {quoted(value)}"
        return "not-a-string", what, "write it as a string, or name another column with --text-column"
    if not _encodable(value):
        what = f"{quoted(column)} holds half of a surrogate pair, which is no character"
        return "lone-surrogate", what, "write the character itself"
    return None


def _bad_labels(values: list[object], column: str) -> dict[int, Bad]:
    types = set(map(type, values))
    if types == {int} or (types == {str} and all(label.strip() for label in set(values))):  # type: ignore[attr-defined]
        return {}
    kinds = Counter(kind for value in values if (kind := _kind(value)) in (STRING, INTEGER))
    usual = kinds.most_common(1)[0][0] if kinds else STRING
    return {
        index: bad for index, value in enumerate(values) if (bad := _why_no_label(value, column, usual=usual))
    }


def _why_no_label(value: object, column: str, *, usual: str) -> Bad | None:
    kind = _kind(value)
    if value is None or value != value:  # NaN is how pandas says "missing"
        return _missing(column, "label")
    if isinstance(value, str) and not value.strip():
        return "empty-label", f"{quoted(column)} is empty in this row", "fill it in, or leave the row out"
    if kind in REFUSED_LABELS:
        what = f"{quoted(column)} is {kind} here: {quoted(value)}"
        return "bad-label", what, REFUSED_LABELS[kind]
    if kind != usual:
        what = f"{quoted(column)} is {kind} here ({quoted(value)}) and {usual} in most rows"
        return "mixed-labels", what, "write all labels as strings, or all as integers"
    return None


def _bad_numbers(values: list[object], column: str) -> dict[int, Bad]:
    return {index: bad for index, value in enumerate(values) if (bad := _why_no_number(value, column))}


def _why_no_number(value: object, column: str) -> Bad | None:
    if value is None or value != value:  # NaN is how pandas says "missing"
        return _missing(column, "label")
    fix = "write a decimal number such as 3.5; for names use --task text-classification"
    if isinstance(value, str):
        try:
            parse_number(value)
        except ValueError as error:
            return "bad-number", f"{quoted(column)}: {error}", fix
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return "bad-number", f"{quoted(column)} is {_kind(value)} here: {quoted(value)}", fix
    if not -sys.float_info.max <= value <= sys.float_info.max:
        return "bad-number", f"{quoted(column)} is {quoted(value)}: beyond the range of numbers", fix
    return None


def _bad_classes(series: pd.Series[Any], column: str) -> dict[int, Bad]:
    return {} if series.dtype == np.bool_ else _bad_labels(series.tolist(), column)


_BAD: dict[str, Callable[[pd.Series[Any], str], dict[int, Bad]]] = {
    "class": _bad_classes,
    "number": lambda series, column: _bad_numbers(series.tolist(), column),
}


def _missing(column: str, role: str) -> Bad:
    what = f"{quoted(column)} is null or absent in this row"
    return f"missing-{role}", what, f"fill in the {role}, or leave the row out"


def _kind(value: object) -> str:
    names = (name for types, name in KINDS if isinstance(value, types))
    return next(names, f"of type {type(value).__name__}")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(table: Table, bad: dict[int, Bad]) -> None:
    if bad:
        shown = sorted(bad)[:SHOWN_PROBLEMS]
        raise DataError(*(_problem(table, index, bad[index]) for index in shown), total=len(bad))


def _problem(table: Table, index: int, bad: Bad) -> Problem:
    code, what, fix = bad
    return Problem(code=code, what=what, fix=fix, file=table.source, line=int(table.rows[index]))
