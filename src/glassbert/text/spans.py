"""Answers that are pieces of a context, from whichever of the usual forms a table has them in.

A cell of the answers is {"text": [...], "answer_start": [...]} (the hub's SQuAD; single values will do), a
list of {"text": ..., "answer_start": ...} (SQuAD itself), either written as JSON, or the answer itself,
or a list of answers, with the offsets in a column `answer_start`. Without one the answer must occur once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.names import plain
from glassbert.text.offsets import Why, misplaced
from glassbert.text.quoting import quoted
from glassbert.text.squad import PLACE
from glassbert.text.tables import Table

START_NAMES = ("answer_start", "answer_starts")
IMPOSSIBLE_NAMES = ("is_impossible", "impossible", "unanswerable")
ID_NAMES = ("id", "qas_id", "question_id")
TRUTH = {"true": True, "1": True, "false": False, "0": False, "": None}
FORM = 'write {"text": ["..."], "answer_start": [0]}'


@dataclass(frozen=True)
class Span:
    """A piece of a context: its text, and the character (code point, from 0) at which it begins."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The character after the last."""
        return self.start + len(self.text)


Spans = tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The columns of questions, contexts and answers; None for rows without answers."""

    question: str
    context: str
    answers: str | None


def spans_of(table: Table, asking: Asking) -> list[Spans]:
    """The answers of every row, as its cell gives them; none where the context does not answer the question.

    Errors: DataError (65) naming every row whose answers do not stand in its context where they should, whose
    answers and `is_impossible` contradict each other, or whose id an earlier row has.
    """
    found, bad = _read(table, asking)
    refuse_rows(table, _repeated_ids(table) | bad)
    return found


def bad_spans(table: Table, asking: Asking) -> dict[int, Why]:
    """What is wrong with answers, ids and empty texts, by row."""
    bad = empty_texts(table, asking)
    return bad if asking.answers is None else bad | _repeated_ids(table) | _read(table, asking)[1]


def empty_texts(table: Table, asking: Asking) -> dict[int, Why]:
    """The rows whose question or context holds nothing, or only white space."""
    bad: dict[int, Why] = {}
    for role, column in (("question", asking.question), ("context", asking.context)):
        for row, value in enumerate(table.frame[column].tolist()):
            if isinstance(value, str) and not value.strip():
                what = f"{_place(table, row)}the {role} is empty"
                bad[row] = (f"empty-{role}", what, f"fill in the {role}, or leave the row out")
    return bad


def refuse_rows(table: Table, bad: dict[int, Why]) -> None:
    """Raise DataError (65) with the first of these rows, and how many they are."""
    if not bad:
        return
    problems = []
    for row in sorted(bad)[:SHOWN_PROBLEMS]:
        code, what, fix = bad[row]
        line = int(table.rows[row])
        problems.append(Problem(code=code, what=what, fix=fix, file=table.source, line=line))
    raise DataError(*problems, total=len(bad))


class _Unfit(Exception):
    """Why a row's answers cannot be used."""


def _unfit(code: str, what: str, fix: str) -> NoReturn:
    raise _Unfit(code, what, fix)


def _read(table: Table, asking: Asking) -> tuple[list[Spans], dict[int, Why]]:
    assert asking.answers is not None, "these rows were read without answers"
    frame, count = table.frame, len(table.rows)
    contexts, cells = frame[asking.context].tolist(), frame[asking.answers].tolist()
    start, impossible = (_column(table, names) for names in (START_NAMES, IMPOSSIBLE_NAMES))
    starts = [None] * count if start is None or start == asking.answers else frame[start].tolist()
    marks = [None] * count if impossible is None else frame[impossible].tolist()
    found: list[Spans] = []
    bad: dict[int, Why] = {}
    for row, (context, cell, begin, mark) in enumerate(zip(contexts, cells, starts, marks, strict=True)):
        try:
            given = _answers(cell, begin, separate=start is not None)
            _agree(given, _mark(mark), lenient=PLACE not in frame and cell is not None and cell != "")
            found.append(_located(context, given))
        except _Unfit as error:
            code, what, fix = error.args
            bad[row] = (code, f"{_place(table, row)}{what}", fix)
    return found, bad


def _column(table: Table, names: tuple[str, ...]) -> str | None:
    return next((name for name in table.frame.columns if plain(str(name)) in names), None)


def _place(table: Table, row: int) -> str:
    """Where in a nested file the row stands, before what is said of it."""
    return f"{table.frame[PLACE].iloc[row]}: " if PLACE in table.frame else ""


def _repeated_ids(table: Table) -> dict[int, Why]:
    column = _column(table, ID_NAMES)
    first: dict[object, int] = {}
    bad: dict[int, Why] = {}
    for row, name in enumerate([] if column is None else table.frame[column].tolist()):
        if not isinstance(name, str | int) or name == "":
            continue
        if first.setdefault(name, row) != row:
            what = f"{_place(table, row)}the id {quoted(name)} is also that of row {table.rows[first[name]]}"
            bad[row] = ("duplicate-id", what, "give every question an id of its own, or leave one out")
    return bad


def _answers(cell: Any, begin: Any, *, separate: bool) -> list[tuple[str, int | None]]:
    """(answer, its offset) of a cell and of the cell beside it; no answer where the cell is empty."""
    if not separate:
        cell = _from_json(cell)
    elif isinstance(begin, str) and begin.lstrip().startswith("["):
        cell, begin = _from_json(cell), _from_json(begin)
    cell, begin = _plain(cell), _plain(begin)
    if isinstance(cell, dict):
        return _paired(cell.get("text"), cell.get("answer_start"), cell)
    if isinstance(cell, list) and cell and all(isinstance(each, dict) for each in cell):
        pairs = [_paired(each.get("text"), each.get("answer_start"), each) for each in cell]
        return [each for pair in pairs for each in pair]
    if cell is None or cell == "":
        return []
    if separate:
        return _paired(cell, begin, cell)
    texts = cell if isinstance(cell, list) else [cell]
    return [(_text(text), None) for text in texts]


def _from_json(cell: Any) -> Any:
    """What a cell that begins like a list or an object says."""
    if not isinstance(cell, str) or cell.lstrip()[:1] not in ("{", "["):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        _unfit("bad-answers", f"the answers are no JSON: {quoted(cell)}", FORM)


def _paired(text: Any, begin: Any, cell: object) -> list[tuple[str, int | None]]:
    if text is None or begin is None:
        key = "text" if text is None else "answer_start"
        _unfit("missing-key", f"the answer {quoted(cell)} has no {key}", FORM)
    texts, begins = (_plain(each) if isinstance(_plain(each), list) else [each] for each in (text, begin))
    if len(texts) != len(begins):
        what = f"{len(texts)} answers have {len(begins)} offsets: {quoted(cell)}"
        _unfit("bad-answers", what, "give one answer_start to each answer")
    return [(_text(each), _start(place)) for each, place in zip(texts, begins, strict=True)]


def _plain(value: Any) -> Any:
    """Arrays as lists, and what pandas calls missing as None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return None if isinstance(value, float) and value != value else value


def _text(value: object) -> str:
    if not isinstance(value, str):
        _unfit(
            "bad-answers", f"the answer {quoted(value)} is no string", "write it as it stands in the context"
        )
    if not value.strip():
        _unfit("empty-answer", "an answer is empty", "leave it out, or mark the question is_impossible")
    return value


def _start(value: object) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        _unfit(
            "bad-offset",
            f"answer_start is {quoted(value)}",
            "write the number of the first character, from 0",
        )
    return value


def _mark(value: object) -> bool | None:
    """is_impossible as a truth value; None where it is not said."""
    value = _plain(value)
    if value is None or isinstance(value, bool):
        return value
    if str(value).strip().casefold() not in TRUTH:
        _unfit("bad-is-impossible", f"is_impossible is {quoted(value)}", "write true or false")
    return TRUTH[str(value).strip().casefold()]


def _agree(given: list[tuple[str, int | None]], mark: bool | None, *, lenient: bool) -> None:
    """Refuse answers that is_impossible denies, and none where it promises one.

    Where it is not said, an empty list means that there is none (`lenient`: the hub's SQuAD 2.0), but
    neither an empty cell nor a question of a nested file does.
    """
    if mark and given:
        what = f"is_impossible is true, and there is an answer: {quoted(given[0][0])}"
        _unfit("impossible-with-answers", what, "remove the answers, or write false")
    if not given and not mark and not (mark is None and lenient):
        said = "is_impossible is false, and there is no answer" if mark is False else "there is no answer"
        fix = "give one, or mark the question is_impossible: true (SQuAD 2.0)"
        _unfit("no-answer", said, fix)


def _located(context: object, given: list[tuple[str, int | None]]) -> Spans:
    if not isinstance(context, str):
        return ()  # refused as a text
    spans = []
    for text, start in given:
        place = _search(context, text) if start is None else start
        why = misplaced(context, text, place)
        if why is not None:
            raise _Unfit(*why)
        spans.append(Span(text, place))
    return tuple(spans)


def _search(context: str, text: str) -> int:
    first = context.find(text)
    if first >= 0 and context.find(text, first + 1) >= 0:
        what = f"the answer {quoted(text)} stands in the context {context.count(text)} times"
        _unfit("which-occurrence", what, "say which in a column answer_start")
    return first
