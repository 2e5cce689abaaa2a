"""The search that found a run's settings, from what `run.json` notes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glassbert.lens.search_record import Evidence, SearchRecord
from glassbert.show.run_file import Node
from glassbert.tasks.metrics import LOWER_IS_BETTER

BETTER = "better"


def read_search(run: Node) -> SearchRecord | None:
    """The trials and the claim; None for a run that no search has handed over.

    Raises DataError where `run.json` holds something of the wrong type, or names a trial that is none.
    """
    noted = run.child("tuning")
    if noted.value is None:
        return None
    trials = noted.child("trials").items()
    if not trials:
        noted.child("trials").refuse("there is no trial")
    metric, claim = _text(noted.child("metric")), noted.child("claim")
    outcome = _text(claim.child("outcome"))
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    names = tuple(name for name, _ in trials[0].child("settings").entries())
    numbers = [_whole(each.child("number")) for each in trials]
    ends = np.array([_interval(each.child("interval"), sign) for each in trials])
    return SearchRecord(
        model=run.child("run_id").text() or "",
        metric=metric,
        lower_is_better=sign < 0,
        names=names,
        number=np.array(numbers, np.int32),
        state=tuple(_text(each.child("state")) for each in trials),
        settings=np.array(
            [[_number(each.child("settings").child(name)) for name in names] for each in trials], np.float64
        ).reshape(len(trials), len(names)),
        score=np.array([sign * _number_or_nan(each.child("score")) for each in trials], np.float64),
        low=ends[:, 0],
        high=ends[:, 1],
        seconds=np.array([_number(each.child("seconds")) for each in trials], np.float64),
        defaults=_place(numbers, 0, noted.child("trials")),
        handed=_place(numbers, _whole(noted.child("best")) if outcome == BETTER else 0, noted.child("best")),
        outcome=outcome,
        reason=claim.child("reason").text(),
        claim=_text(claim.child("text")),
        evidence=_evidence(claim.child("evidence")),
        budget_seconds=_number(noted.child("budget_seconds")),
        spent_seconds=_number(noted.child("spent_seconds")),
    )


def _evidence(node: Node) -> Evidence | None:
    if node.value is None:
        return None
    names = ("defaults", "tuned", "difference", "low", "high", "p_value")
    return Evidence(
        metric=_text(node.child("metric")),
        rows=_whole(node.child("rows")),
        by_seed=tuple(_number(each) for each in node.child("by_seed").items()),
        **{name: _number(node.child(name)) for name in names},
    )


def _interval(node: Node, sign: float) -> list[float]:
    """Its ends from low to high; the search keeps what should be small with a minus."""
    if node.value is None:
        return [math.nan, math.nan]
    ends = [_number(each) for each in node.items()]
    if len(ends) != 2:
        node.refuse("an interval has two ends")
    return sorted(sign * end for end in ends)


def _place(numbers: Sequence[int], number: int, node: Node) -> int:
    if number not in numbers:
        node.refuse(f"there is no trial {number}")
    return numbers.index(number)


def _text(node: Node) -> str:
    return str(node.required(node.text()))


def _whole(node: Node) -> int:
    return int(node.required(node.integer()))


def _number(node: Node) -> float:
    return float(node.required(node.number()))


def _number_or_nan(node: Node) -> float:
    value = node.number()
    return math.nan if value is None else value
