"""The evaluation questions of a run that answers out of contexts, from its `predictions.csv`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.lens.word_records import AnswerRows
from glassbert.runs.predictions import plain_cell
from glassbert.show.predictions import (
    MAX_CHARACTERS,
    MAX_EXAMPLES,
    MAX_TEXT,
    require,
    row_numbers,
    shares,
    whole_numbers,
    wrong_row,
)
from glassbert.show.question_groups import group_questions
from glassbert.show.run_file import Node
from glassbert.tasks.span_metrics import PERCENT, Scoring, score_answers
from glassbert.text.tables import Table, read_table

OUTCOMES = ("right", "partly", "wrong", "unanswered", "invented", "none")
"""An answer that equals a right one; one that shares words with it; one that shares none; none where there is
one; one where there is none; none where there is none.
"""
SCORINGS: dict[str, Scoring] = {"words": "words", "characters": "characters"}
MAX_CONTEXT = 10_000
# of a score in percent, which a run may have rounded
ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The cells of one line: places are [start, end) of the context."""

    question: str
    context: str
    right: list[str]
    said: str
    best: list[list[float]]
    spans: list[list[int]]


def read_answers(path: Path, result: Node) -> AnswerRows | None:
    """Read the file; None for a run without a result or without a row. Raises DataError for what is not a
    table of answers, or not that of this run.
    """
    scoring = SCORINGS.get(result.child("scoring").child("by").text() or "")
    if scoring is None:
        return None
    table = read_table(path)
    require(table, ("row", "text", "pair", "label", "prediction", "score", "start", "end", "null_score"))
    cells, lines = table.frame.to_dict("records"), table.rows.tolist()
    if not cells:
        return None
    asked = [_asked(each, table, line) for each, line in zip(cells, lines, strict=True)]
    scores = score_answers([each.right for each in asked], [each.said for each in asked], scoring)
    _refuse_contradiction(result.child("metrics"), PERCENT * scores.mean(0), str(path))
    outcomes = np.array([_outcome(each, *both) for each, both in zip(asked, scores.tolist(), strict=True)])
    found = _held(table, asked, outcomes, shares(table, "score"))
    groups, member = group_questions(
        [each.question for each in asked], [each.context for each in asked], scores
    )
    kept = found.pop("kept")
    return AnswerRows(
        scoring=scoring,
        threshold=result.child("null_threshold").child("value").number(),
        outcomes=np.bincount(outcomes, minlength=len(OUTCOMES)).astype(np.int32),
        outcome=outcomes[kept].astype(np.uint8),
        exact=scores[kept, 0].astype(np.uint8),
        f1=scores[kept, 1],
        groups=groups,
        group=member[kept],
        total=len(asked),
        **found,
    )


def _asked(cells: Any, table: Table, line: int) -> Asked:
    def listed(name: str, kind: type) -> list[Any]:
        cell = plain_cell(cells.get(name, "[]"))
        try:
            held = json.loads(cell)
        except ValueError:
            held = None
        if not isinstance(held, list) or not all(isinstance(each, kind) for each in held):
            raise wrong_row(table, line, f"{name} is {cell[:40]!r}, not a list of answers")
        return held

    context = plain_cell(cells["pair"])
    best, spans = listed("n_best", list), listed("right_spans", list)
    ends = [each[:2] for each in (*best, *spans)]
    if any(len(each) != 2 or not 0 <= each[0] <= each[1] <= len(context) for each in ends):
        raise wrong_row(table, line, "n_best or right_spans holds a place that the context has not")
    said = plain_cell(cells["prediction"])
    if said and plain_cell(cells["pair"])[int(cells["start"]) : int(cells["end"])] != said:
        raise wrong_row(table, line, f"prediction is {said[:40]!r}, which does not stand at start")
    return Asked(
        question=plain_cell(cells["text"]),
        context=context,
        right=listed("label", str),
        said=said,
        best=best,
        spans=spans,
    )


def _outcome(asked: Asked, exact: float, f1: float) -> int:
    if not asked.right or not asked.said:
        empty = {(True, True): "none", (True, False): "invented", (False, True): "unanswered"}
        return OUTCOMES.index(empty[not asked.right, not asked.said])
    return OUTCOMES.index("right" if exact else "partly" if f1 > 0 else "wrong")


def _refuse_contradiction(metrics: Node, found: np.ndarray, file: str) -> None:
    for name, value in zip(("exact_match", "f1"), found.tolist(), strict=True):
        recorded = metrics.child(name).number()
        if recorded is not None and abs(recorded - value) > ROUNDING * PERCENT:
            what = f"run.json says {name} is {recorded:.4f}, and predictions.csv makes it {value:.4f}"
            fix = "evaluate the run again, so that both are of one evaluation"
            raise DataError(Problem(code="run-contradicts-itself", what=what, fix=fix, file=file))


def _held(table: Table, asked: list[Asked], outcomes: np.ndarray, sure: np.ndarray) -> dict[str, Any]:
    """The columns of the rows that a page has room for, and these rows themselves as `kept`."""
    kept, contexts = _kept(asked, outcomes, sure)
    held = [asked[i] for i in kept]
    number = {context: i for i, context in enumerate(contexts)}
    rights = [(i, *right) for i, each in enumerate(held) for right in _rights(each)]
    bests = [(i, each.context, best) for i, each in enumerate(held) for best in each.best]
    start, end = (whole_numbers(table, name, "a place")[kept] for name in ("start", "end"))
    return {
        "kept": kept,
        "row": row_numbers(table)[kept],
        "question": tuple(each.question[:MAX_TEXT] for each in held),
        "context": _int32([number[each.context] for each in held]),
        "contexts": tuple(each[:MAX_CONTEXT] for each in contexts),
        "length": _int32([len(each) for each in contexts]),
        "said": tuple(each.said for each in held),
        "start": start,
        "end": end,
        "share": sure[kept],
        "null_share": shares(table, "null_score")[kept],
        "null_odds": _odds(table)[kept],
        "right_row": _int32([i for i, _, _ in rights]),
        "right_text": tuple(text for _, text, _ in rights),
        "right_start": _int32([begin for _, _, begin in rights]),
        "best_row": _int32([i for i, _, _ in bests]),
        "best_start": _int32([int(best[0]) for _, _, best in bests]),
        "best_end": _int32([int(best[1]) for _, _, best in bests]),
        "best_share": np.array([float(best[2]) for _, _, best in bests], np.float64),
        "best_text": tuple(context[int(best[0]) : int(best[1])] for _, context, best in bests),
    }


def _rights(asked: Asked) -> list[tuple[str, int]]:
    """(text, where it begins) of the right answers; -1 where the file does not say."""
    if asked.spans:
        return [(asked.context[begin:end], begin) for begin, end in asked.spans]
    return [(text, -1) for text in asked.right]


def _odds(table: Table) -> np.ndarray:
    if "null_odds" not in table.frame:
        return np.full(len(table.frame), np.nan)
    cells = zip(table.frame["null_odds"].tolist(), table.rows.tolist(), strict=True)
    return np.array([_number(cell, table, line) for cell, line in cells], np.float64)


def _number(cell: str, table: Table, line: int) -> float:
    try:
        return float(plain_cell(cell))
    except ValueError:
        raise wrong_row(table, line, f"null_odds is {cell[:40]!r}, not a number") from None


def _int32(values: Sequence[int]) -> np.ndarray:
    return np.array(values, np.int32)


def _kept(asked: list[Asked], outcomes: np.ndarray, sure: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The rows that a page has room for, and their contexts, each once.

    Wrong answers come first, the surest of them before others, then partly right ones, then right ones.
    """
    order = {"wrong": 0, "invented": 0, "unanswered": 0, "partly": 1, "right": 2, "none": 2}
    rank = np.array([order[name] for name in OUTCOMES])[outcomes]
    kept: list[int] = []
    contexts: dict[str, None] = {}
    room = MAX_CHARACTERS
    for i in np.lexsort((-sure, rank)).tolist()[:MAX_EXAMPLES]:
        each = asked[i]
        cost = min(len(each.question), MAX_TEXT)
        room -= cost + (0 if each.context in contexts else min(len(each.context), MAX_CONTEXT))
        if room < 0 and kept:
            break
        kept.append(i)
        contexts.setdefault(each.context)
    return np.sort(np.array(kept, np.int64)), list(contexts)
