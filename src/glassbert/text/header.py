"""The first line of a table: is it a header, are its names distinct, is it split at the right character?"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from glassbert.errors import DataError, Problem
from glassbert.text.names import is_usual_name
from glassbert.text.quoting import quoted

DELIMITERS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'"}
SNIFFED_LINES = 50
ENOUGH_LINES = 3
FEW_ROWS = 20
LONGEST_NAME = 500
SHOWN = 5
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
CHINESE_OR_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def header_names(cells: Sequence[str]) -> list[str]:
    """Column names: surrounding spaces go; a nameless column gets the name that pandas gives it."""
    return [cell.strip() or f"Unnamed: {index}" for index, cell in enumerate(cells)]


def check_header(
    names: Sequence[str], columns: Sequence[Sequence[object]], *, lines: Sequence[int], file: str
) -> None:
    """DataError (65) when the header is data, names columns alike, or comes again; `lines`: of the rows."""
    reason = why_data(names, columns)
    if reason:
        what = f"first row looks like data: {reason}"
        fix = "use --no-header (the columns are then named 0, 1, ...), or add a header such as text,label"
        raise DataError(Problem(code="missing-header", what=what, fix=fix, file=file, line=1))
    check_unique(names, file)
    if len(names) < 2:
        return  # a text may well be "text"
    for line, row in zip(lines, zip(*columns, strict=True), strict=True):
        if row == tuple(names):
            what = "the header comes again, as when files are joined with cat"
            fix = "keep the first one only"
            raise DataError(Problem(code="repeated-header", what=what, fix=fix, file=file, line=line))


def check_unique(names: Sequence[str], file: str) -> None:
    """DataError (65) when two columns have one name."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        what = f"the header names {' and '.join(map(quoted, repeated[:SHOWN]))} more than once"
        raise DataError(
            Problem(
                code="duplicate-column", what=what, fix="give each column its own name", file=file, line=1
            )
        )


def why_data(names: Sequence[str], columns: Sequence[Sequence[object]]) -> str | None:
    """Why the first row is data rather than names; None when it may well be a header.

    One usual name ("text", "label", "id") settles it: that is a header. Otherwise data betrays itself by a
    name that its own column holds as a value, by the only number of the row over a column of numbers, or by a
    full statement. Long questions are no evidence (surveys have them as headers), nor are several numbers
    (years, one-hot columns).
    """
    pandas_names = [str(index) for index in range(len(names))]
    if any(is_usual_name(name) for name in names) or list(names) == pandas_names:
        return None
    for name, column in zip(names, columns, strict=True):
        found = column.count(name)
        if found >= 2 or (found and len(column) < FEW_ROWS):
            return f"{quoted(name)} is also a value further down in the same column"
    numbers = [index for index, name in enumerate(names) if NUMBER.fullmatch(name)]
    if len(numbers) == 1 and len(names) > 1 and _all_numbers(columns[numbers[0]]):
        return f"{quoted(names[numbers[0]])} stands above a column of numbers"
    statement = next((name for name in names if _is_statement(name)), None)
    return f"{quoted(statement)} is a sentence, not a name" if statement else None


def _all_numbers(column: Sequence[object]) -> bool:
    return bool(column) and all(NUMBER.fullmatch(str(value)) for value in column[:1000])


def _is_statement(name: str) -> bool:
    """Three words or six Chinese or Japanese characters, closed as statements are; or too long for a name."""
    if len(name) > LONGEST_NAME:
        return True
    closed = name.rstrip(" \"')”’").endswith((".", "!", "。", "！"))
    return closed and (len(name.split()) >= 3 or len(CHINESE_OR_JAPANESE.findall(name)) >= 6)


def check_delimiter(lines: Sequence[str], delimiter: str, *, file: str) -> None:
    """DataError (65) naming the likely delimiter, when `delimiter` finds one column and another several."""
    sample = [line for line in itertools.islice(lines, SNIFFED_LINES) if line]
    if not sample or delimiter in sample[0]:
        return
    for other, called in DELIMITERS.items():
        if other in sample[0] and _separates(other, sample):
            count = sample[0].count(other) + 1
            wanted = DELIMITERS.get(delimiter, repr(delimiter)).removeprefix("a ")
            what = f"the first line has no {wanted}, but {called} separates it into {count} columns"
            fix = f"use {_option(other)}, or --delimiter {_shell(delimiter)} if the file has one column only"
            raise DataError(Problem(code="wrong-delimiter", what=what, fix=fix, file=file, line=1))


def _separates(delimiter: str, sample: Sequence[str]) -> bool:
    """Usual names appear, or every line falls into the same number of fields (three lines at least)."""
    if any(is_usual_name(cell.strip('"')) for cell in sample[0].split(delimiter)):
        return True
    return len(sample) >= ENOUGH_LINES and len({line.count(delimiter) for line in sample}) == 1


def _option(delimiter: str) -> str:
    formats = {"\t": "--format tsv", ",": "--format csv"}
    return formats.get(delimiter, f"--delimiter {_shell(delimiter)}")


def _shell(delimiter: str) -> str:
    return "$'\\t'" if delimiter == "\t" else f"'{delimiter}'"
