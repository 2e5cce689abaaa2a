"""JSONL: one JSON object per line."""

from __future__ import annotations

import json

from glassbert.errors import DataError, Problem
from glassbert.text.json_values import KINDS, Refused, read_value
from glassbert.text.parsed import Parsed, from_objects, no_rows
from glassbert.text.rejects import Rejects

SPACE = " \t"  # what JSON allows around a value, line ends apart


def parse_json_lines(text: str, *, name: str, rejects: Rejects, size: int | None = None) -> Parsed:
    """Columns of a JSONL text; blank lines are no rows; `rows` are line numbers.

    `size`: bytes of the file, if it is UTF-8. Errors: DataError (65). A line that is not one acceptable JSON
    object goes to `rejects`.
    """
    if text.lstrip("\n" + SPACE).startswith("["):
        what = "this is a JSON array, not one JSON object per line"
        raise DataError(Problem(code="json-array", what=what, fix="use --format json", file=name, line=1))
    lines = text.split("\n")
    last = len(lines)  # a last line without line end; complete files end with an empty one here
    objects: list[dict[str, object]] = []
    rows: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip(SPACE):
            continue
        try:
            objects.append(json_object(line))
            rows.append(number)
        except Refused as error:
            column = None if error.position is None else error.position + 1
            problem = Problem(
                code=error.code, what=error.what, fix=error.fix, file=name, line=number, column=column
            )
            rejects.add(problem, line)
        except json.JSONDecodeError as error:
            broken = _cut_off(line, size) if number == last else _broken(error)
            rejects.add(Problem(**broken, file=name, line=number, column=error.pos + 1), line)
    if not objects and not rejects.total:
        raise no_rows(name)
    rejects.settle(usable=len(objects), name=name)
    return from_objects(objects, rows, name=name)


def json_object(line: str) -> dict[str, object]:
    """The object of one line. Errors: json.JSONDecodeError, or Refused for JSON that must not be used."""
    start = len(line) - len(line.lstrip(SPACE))
    value, end = read_value(line, start)
    if line[end:].strip(SPACE):
        raise json.JSONDecodeError("more text after the value", line, end)
    if not isinstance(value, dict):
        fix = 'write each row as an object such as {"text": "...", "label": "..."}'
        raise Refused("not-an-object", f"this line is {KINDS[type(value)]}, not an object", fix=fix)
    return value


def _cut_off(line: str, size: int | None) -> dict[str, str]:
    where = "" if size is None else f" (it begins at byte {size - len(line.encode()):,} of the file)"
    return {
        "code": "truncated-line",
        "what": f"the last line is cut off{where}, as when a copy is interrupted",
        "fix": "copy the file again",
    }


def _broken(error: json.JSONDecodeError) -> dict[str, str]:
    return {
        "code": "not-json",
        "what": f"this line is not a JSON object ({error.msg})",
        "fix": "write each object on one line of its own, without a comma after it",
    }
