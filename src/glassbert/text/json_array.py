"""JSON: one array of objects."""

from __future__ import annotations

import json
import re

from glassbert.errors import DataError, Problem
from glassbert.text.json_values import KINDS, Refused, read_value
from glassbert.text.parsed import Parsed, from_objects, no_rows
from glassbert.text.rejects import Rejects

SPACE = re.compile(r"[ \t\n]*")
SHOWN_CHARACTERS = 1000


def parse_json_array(text: str, *, name: str, rejects: Rejects) -> Parsed:
    """Columns of one JSON array of objects; `rows` count the elements from 1.

    Errors: DataError (65). An element that is no object goes to `rejects`; anything else stops at once,
    because where the next element begins is then not certain.
    """
    position = _skip(text, 0)
    if position == len(text):
        raise no_rows(name)
    if text[position] != "[":
        raise DataError(_not_an_array(text, position, name=name))
    try:
        elements = _elements(text, position)
    except Refused as error:
        where = position if error.position is None else error.position
        raise DataError(
            _at(text, where, file=name, code=error.code, what=error.what, fix=error.fix)
        ) from error
    except json.JSONDecodeError as error:
        fix = "correct the file, or use --format jsonl if it holds one object per line"
        what = f"this is not JSON ({error.msg})"
        raise DataError(_at(text, error.pos, file=name, code="not-json", what=what, fix=fix)) from error
    objects: list[dict[str, object]] = []
    rows: list[int] = []
    for number, (value, start) in enumerate(elements, 1):
        if isinstance(value, dict):
            objects.append(value)
            rows.append(number)
        else:
            what = f"element {number:,} is {KINDS[type(value)]}, not an object"
            fix = 'write each row as an object such as {"text": "...", "label": "..."}'
            problem = _at(text, start, file=name, code="not-an-object", what=what, fix=fix)
            rejects.add(problem, text[start : start + SHOWN_CHARACTERS])
    rejects.settle(usable=len(objects), name=name)
    return from_objects(objects, rows, name=name)


def _elements(text: str, opening: int) -> list[tuple[object, int]]:
    """The values between `[` at `opening` and its `]`, each with the position where it begins."""
    position = _skip(text, opening + 1)
    elements: list[tuple[object, int]] = []
    more = not text.startswith("]", position)
    while more:
        start = position
        try:
            value, end = read_value(text, start)
        except Refused as error:
            error.position = start if error.position is None else error.position
            raise
        elements.append((value, start))
        position = _skip(text, end)
        more = text.startswith(",", position)
        if more:
            position = _skip(text, position + 1)
        elif not text.startswith("]", position):
            raise json.JSONDecodeError("expected ',' or ']'", text, position)
    after = _skip(text, position + 1)
    if after != len(text):
        raise json.JSONDecodeError("more text after the array", text, after)
    return elements


def _skip(text: str, position: int) -> int:
    match = SPACE.match(text, position)
    return match.end() if match else position


def _not_an_array(text: str, position: int, *, name: str) -> Problem:
    try:
        _, end = read_value(text, position)
        one_value = _skip(text, end) == len(text)
    except (json.JSONDecodeError, Refused):
        one_value = False
    if text[position] == "{" and not one_value:
        what, fix = "this is not a JSON array; it may hold one object per line", "use --format jsonl"
    else:
        what, fix = (
            "this is a single JSON value, not an array of objects",
            'write [{"text": "...", ...}, ...]; questions may be in SQuAD\'s {"data": [...]}',
        )
    return _at(text, position, file=name, code="not-an-array", what=what, fix=fix)


def _at(text: str, position: int, *, file: str, code: str, what: str, fix: str) -> Problem:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return Problem(code=code, what=what, fix=fix, file=file, line=line, column=column)
