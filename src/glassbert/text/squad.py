"""SQuAD's nested JSON as a table: data -> paragraphs -> qas, one row for every question.

    {"data": [{"title": ..., "paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ...,
        "is_impossible": false, "answers": [{"text": ..., "answer_start": 159}]}]}]}], "version": "v2.0"}

Columns: id, title, context, question, answers, is_impossible (each where the file has it), and `place`, which
says where a row stands in the file: `data[3].paragraphs[1].qas[0]`. `version` is not read, nor are
`plausible_answers`, which are no answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.text.json_values import KINDS, Refused, read_value
from glassbert.text.parsed import Parsed, from_objects
from glassbert.text.rejects import Rejects

PLACE = "place"
SPACE = re.compile(r"[ \t\n]*")
SHOWN_CHARACTERS = 1000
Reject = Callable[[str, object, str], None]


def squad_document(text: str, *, name: str) -> dict[str, Any] | None:
    """The one object with `data` that a JSON text is; None for any other JSON.

    Errors: DataError (65) for one object that is not JSON, or that strict JSON refuses.
    """
    start = _skip(text, 0)
    if not text.startswith("{", start):
        return None
    try:
        value, end = read_value(text, start)
    except Refused as error:
        place = start if error.position is None else error.position
        raise DataError(
            _at(text, place, code=error.code, what=error.what, fix=error.fix, file=name)
        ) from error
    except json.JSONDecodeError as error:
        fix = "correct the file, or use --format jsonl if it holds one object per line"
        what = f"this is not JSON ({error.msg})"
        raise DataError(_at(text, error.pos, code="not-json", what=what, fix=fix, file=name)) from error
    whole = isinstance(value, dict) and _skip(text, end) == len(text)
    return value if whole and isinstance(value, dict) and "data" in value else None


def parse_squad(document: dict[str, Any], *, name: str, rejects: Rejects) -> Parsed:
    """Columns of a SQuAD document; `rows` count its questions from 1, those included that are set aside.

    Errors: DataError (65). Whatever stands where an article, a paragraph or a question should be, and is
    none, goes to `rejects`.
    """
    objects: list[dict[str, object]] = []
    rows: list[int] = []

    def reject(place: str, value: object, what: str) -> None:
        fix = (
            'write {"data": [{"paragraphs": [{"context": ..., "qas": [{"question": ..., "answers": ...}]}]}]}'
        )
        line = len(objects) + rejects.total + 1
        problem = Problem(code="not-squad", what=f"{place} {what}", fix=fix, file=name, line=line)
        rejects.add(problem, json.dumps(value, ensure_ascii=False)[:SHOWN_CHARACTERS])

    for row in _questions(document, reject):
        objects.append(row)
        rows.append(len(objects) + rejects.total)
    rejects.settle(usable=len(objects), name=name)
    return from_objects(objects, rows, name=name)


def _questions(document: dict[str, Any], reject: Reject) -> Iterator[dict[str, object]]:
    for at, article in _children(document, "data", "", reject):
        for below, paragraph in _children(article, "paragraphs", f"{at}.", reject):
            for place, question in _children(paragraph, "qas", f"{below}.", reject):
                yield {
                    **_some(question, "id"),
                    **_some(article, "title"),
                    "context": paragraph.get("context"),
                    "question": question.get("question"),
                    "answers": question.get("answers"),
                    **_some(question, "is_impossible"),
                    PLACE: place,
                }


def _some(parent: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: parent[key]} if key in parent else {}


def _children(
    parent: dict[str, Any], key: str, prefix: str, reject: Reject
) -> Iterator[tuple[str, dict[str, Any]]]:
    value = parent.get(key)
    if not isinstance(value, list):
        what = "is missing" if key not in parent else f"is {KINDS[type(value)]}, not a list"
        reject(f"{prefix}{key}", parent, what)
        return
    for number, child in enumerate(value):
        place = f"{prefix}{key}[{number}]"
        if isinstance(child, dict):
            yield place, child
        else:
            reject(place, child, f"is {KINDS[type(child)]}, not an object")


def _skip(text: str, position: int) -> int:
    match = SPACE.match(text, position)
    return match.end() if match else position


def _at(text: str, position: int, *, code: str, what: str, fix: str, file: str) -> Problem:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return Problem(code=code, what=what, fix=fix, file=file, line=line, column=column)
