"""CSV and TSV text to columns of strings, strictly: every row has the header's number of fields or is named.

CSV follows RFC 4180 with the csv module's strict dialect. TSV has no quoting at all, as in GLUE: a `"` is a
letter, a row is a line.
"""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.text.header import check_delimiter, check_header, header_names
from glassbert.text.parsed import Parsed, no_examples, no_rows
from glassbert.text.rejects import Rejects

QUOTED = re.compile(r'"(?:[^"]++|"")*+"')
CALLED = {"\t": "tab", ";": "semicolon", "|": "vertical bar", " ": "space"}
BYTES_PER_CHARACTER = 4  # at most, in UTF-8
_field_limit = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What separates fields, whether `"` quotes, whether line 1 names the columns, how long a field may be.

    `delimiter_given`: a person chose the delimiter, so that it is not second-guessed.
    """

    delimiter: str
    quoted: bool
    header: bool = True
    delimiter_given: bool = False
    max_field_bytes: int


class Record(NamedTuple):
    """The fields of one row and the lines it stands on, first and last, from 1."""

    fields: list[str]
    first: int
    last: int


def parse_delimited(text: str, *, name: str, dialect: Dialect, rejects: Rejects) -> Parsed:
    """Columns of a delimited text whose line ends are `\\n`; `rows` are line numbers (where the row begins).

    Errors: DataError (65) for an unterminated quote, a wrong field count, an overlong field, a missing or
    repeated header, a wrong delimiter. Rows with a wrong field count or an overlong field go to `rejects`.
    """
    if not text.strip("\n "):
        raise no_rows(name)
    lines = text.removesuffix("\n").split("\n")
    if not dialect.delimiter_given:
        check_delimiter(lines, dialect.delimiter, file=name)
    records = _quoted_records(text, dialect, name=name) if dialect.quoted else _plain_records(lines, dialect)
    first = records[0].fields
    if dialect.header and first == [""]:
        raise DataError(_blank(1, name))
    if len(first) > 1:  # in a table of one column a blank line is an empty text, and is kept
        while records[-1].fields == [""]:
            records.pop()
    body = records[1:] if dialect.header else records
    body = _usable(body, lines, width=len(first), name=name, dialect=dialect, rejects=rejects)
    columns = [[record.fields[index] for record in body] for index in range(len(first))]
    names = header_names(first) if dialect.header else [str(index) for index in range(len(first))]
    starts = [record.first for record in body]
    if dialect.header:
        check_header(names, columns, lines=starts, file=name)
    if not body:
        raise no_examples(name)
    return Parsed(names=names, columns=columns, rows=np.array(starts, dtype=np.int64))


def _plain_records(lines: list[str], dialect: Dialect) -> list[Record]:
    delimiter = dialect.delimiter
    return [Record(line.split(delimiter), number, number) for number, line in enumerate(lines, 1)]


def _quoted_records(text: str, dialect: Dialect, *, name: str) -> list[Record]:
    records: list[Record] = []
    last = 0
    with _fields_up_to(len(text) + 1):
        reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=dialect.delimiter, strict=True)
        try:
            for fields in reader:
                records.append(Record(fields or [""], last + 1, reader.line_num))
                last = reader.line_num
        except csv.Error as error:
            rest = text.split("\n", last)[-1]
            opening = _opening_quote(rest, dialect.delimiter)
            line = last + 1 + rest.count("\n", 0, opening)
            column = opening - rest.rfind("\n", 0, opening)
            raise DataError(_misquoted(name, line, column=column, error=str(error))) from error
    return records


@contextmanager
def _fields_up_to(size: int) -> Iterator[None]:
    """The csv module keeps its field limit (131,072) in a global: lift it for one file, then put it back."""
    with _field_limit:
        before = csv.field_size_limit()
        csv.field_size_limit(max(size, before))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _misquoted(name: str, line: int, *, column: int, error: str) -> Problem:
    if "unexpected end" in error:
        what = "a quote opens in this row and is not closed before the end of the file"
    else:
        what = "a quote opens in this row, and the quote that closes it is followed by more text"
    fix = 'close it, write a quote inside a field twice (""), or use --format tsv if nothing is quoted'
    return Problem(code="unterminated-quote", what=what, fix=fix, file=name, line=line, column=column)


def _opening_quote(record: str, delimiter: str) -> int:
    """Where the quote stands that opens the first field of this record without a proper end."""
    start = 0
    while start <= len(record):
        if record.startswith('"', start):
            field = QUOTED.match(record, start)
            if field is None or record[field.end() : field.end() + 1] not in (delimiter, "\n", ""):
                return start
            start = field.end() + 1
        else:
            end = record.find(delimiter, start)
            start = end + 1 if end >= 0 else len(record) + 1
    return 0


def _usable(
    records: list[Record], lines: list[str], *, width: int, name: str, dialect: Dialect, rejects: Rejects
) -> list[Record]:
    bad = _overlong(records, lines, name=name, limit=dialect.max_field_bytes)
    for index, record in enumerate(records):
        if len(record.fields) != width:
            bad[index] = _wrong_count(record, width, name=name, delimiter=dialect.delimiter)
    for index in sorted(bad):
        record = records[index]
        rejects.add(bad[index], "\n".join(lines[record.first - 1 : record.last]))
    rejects.settle(usable=len(records) - len(bad), name=name)
    return [record for index, record in enumerate(records) if index not in bad] if bad else records


def _wrong_count(record: Record, width: int, *, name: str, delimiter: str) -> Problem:
    count = len(record.fields)
    if record.fields == [""]:
        return _blank(record.first, name)
    if count < width:
        fix = "is a field missing, or is a line broken inside the text?"
    elif delimiter == ",":
        fix = "is there an unquoted comma? put the field in double quotes"
    else:
        fix = f"is there a {CALLED.get(delimiter, repr(delimiter))} inside the text? remove or replace it"
    what = f"{count} field{'s' * (count != 1)} where the first line has {width}"
    return Problem(code="wrong-field-count", what=what, fix=fix, file=name, line=record.first)


def _blank(line: int, name: str) -> Problem:
    return Problem(code="blank-line", what="this line is blank", fix="remove it", file=name, line=line)


def _overlong(records: list[Record], lines: list[str], *, name: str, limit: int) -> dict[int, Problem]:
    one_line_each = all(record.first == record.last for record in records)
    if one_line_each and max(map(len, lines)) * BYTES_PER_CHARACTER <= limit:
        return {}
    problems = {}
    for index, record in enumerate(records):
        for place, cell in enumerate(record.fields, 1):
            if len(cell) * BYTES_PER_CHARACTER > limit and (size := len(cell.encode())) > limit:
                what = f"field {place} has {size:,} bytes, more than {limit:,}"
                fix = "is a quote missing further up? otherwise raise --max-field-bytes"
                problems[index] = Problem(
                    code="field-too-long", what=what, fix=fix, file=name, line=record.first
                )
                break
    return problems
