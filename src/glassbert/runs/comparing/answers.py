"""How answers of each kind are compared: what is right, which scores differ, and how sure that is.

A kind is one function from the judged rows of both runs to `Compared`; a task with another kind of answer
adds its own to KINDS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.comparing.judged import Row, Shared
from glassbert.tasks.intervals import Difference, paired_differences
from glassbert.tasks.metrics import Counts, confusion_matrix, scores
from glassbert.tasks.number_metrics import number_differences, score_numbers
from glassbert.tasks.paired import mcnemar, sign_flips
from glassbert.tasks.set_metrics import score_sets, set_differences
from glassbert.tasks.span_metrics import NAMES as SPAN_SCORES
from glassbert.tasks.span_metrics import PERCENT, answer_differences, score_answers, scoring_for


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Both runs on the same rows.

    `gain` [N] is positive where the second run is better on a row, negative where it is worse: -1, 0 or 1
    for right and wrong, for numbers how much nearer. `differences` are second less first. `p_value` is that
    of `test`, and `headline` the score that it is about; `lower_is_better` for errors.
    """

    gain: Float[np.ndarray, "N"]
    scores: tuple[dict[str, float], dict[str, float]]
    differences: dict[str, Difference]
    p_value: float
    test: str
    headline: str
    lower_is_better: bool = False


def compare_classes(rows: Shared) -> Compared:
    """Right or wrong: McNemar's exact test; accuracy, macro-F1 and MCC by paired bootstrap."""
    names = sorted({word for row in (*rows.first, *rows.second) for word in (row.label, row.prediction)})
    number = {name: i for i, name in enumerate(names)}
    truth = np.array([number[row.label] for row in rows.first])
    guesses = [np.array([number[row.prediction] for row in each]) for each in (rows.first, rows.second)]
    found = paired_differences(truth, (guesses[1], guesses[0]), num_classes=len(names))
    right = [guess == truth for guess in guesses]
    both = [scores(Counts.of(confusion_matrix(truth, guess, num_classes=len(names)))) for guess in guesses]
    return _right_or_wrong(right, both, found, headline="accuracy")


def compare_sets(rows: Shared) -> Compared:
    """All labels right or not: McNemar's exact test; micro-F1, macro-F1 and the share of such rows."""
    given = [_set(row.label) for row in rows.first]
    said = [[_set(row.prediction) for row in each] for each in (rows.first, rows.second)]
    names = sorted(set().union(*given, *said[0], *said[1]))
    truth, *guesses = (_matrix(each, names) for each in (given, *said))
    found = set_differences(truth, (guesses[1], guesses[0]))
    both = [{name: value[0] for name, value in score_sets(truth, guess).items()} for guess in guesses]
    right = [(guess == truth).all(1) for guess in guesses]
    return _right_or_wrong(right, both, found, headline="subset_accuracy")


def compare_numbers(rows: Shared) -> Compared:
    """Squared errors: a sign-flip test of their paired differences; correlations and errors by bootstrap."""
    truth = np.array([_number(row, row.label) for row in rows.first])
    guesses = [np.array([_number(row, row.prediction) for row in each]) for each in (rows.first, rows.second)]
    found = number_differences(truth, (guesses[1], guesses[0]))
    errors = [np.abs(guess - truth) for guess in guesses]
    both = [
        {name: float(value[0]) for name, value in score_numbers(truth, guess).items()} for guess in guesses
    ]
    return Compared(
        gain=errors[0] - errors[1],
        scores=(both[0], both[1]),
        differences=found,
        p_value=sign_flips(errors[1] ** 2 - errors[0] ** 2),
        test="sign flips of the paired differences of squared errors",
        headline="rmse",
        lower_is_better=True,
    )


def compare_spans(rows: Shared) -> Compared:
    """F1 of every question: a sign-flip test of paired differences; both scores by bootstrap, in points."""
    truth = [json.loads(row.label) for row in rows.first]
    scoring, _ = scoring_for([row.texts[-1] for row in rows.first])
    first, second = (
        score_answers(truth, [row.prediction for row in each], scoring) for each in (rows.first, rows.second)
    )
    both = [
        dict(zip(SPAN_SCORES, (PERCENT * each.mean(0)).tolist(), strict=True)) for each in (first, second)
    ]
    return Compared(
        gain=second[:, 1] - first[:, 1],
        scores=(both[0], both[1]),
        differences=answer_differences(second, first),
        p_value=sign_flips(second[:, 1] - first[:, 1]),
        test="sign flips of the paired differences of F1",
        headline="f1",
    )


KINDS: Mapping[str, Callable[[Shared], Compared]] = {
    "class": compare_classes,
    "set": compare_sets,
    "number": compare_numbers,
    "span": compare_spans,
}


def refuse_kind(kind: str) -> None:
    """Raise UsageError where answers of this kind cannot be compared."""
    if kind not in KINDS:
        what = f"answers of this kind ({kind}) cannot be compared yet"
        fix = f"compare runs whose answers are one of: {', '.join(KINDS)}"
        raise UsageError(Problem(code="no-comparison", what=what, fix=fix))


def compare_answers(kind: str, rows: Shared) -> Compared:
    """The comparison for this kind of answer; UsageError (2) where there is none yet."""
    refuse_kind(kind)
    return KINDS[kind](rows)


def _right_or_wrong(
    right: Sequence[Bool[np.ndarray, "N"]],
    both: Sequence[Mapping[str, Any]],
    found: dict[str, Difference],
    *,
    headline: str,
) -> Compared:
    first, second = ({name: float(value) for name, value in each.items()} for each in both)
    return Compared(
        gain=right[1].astype(np.float64) - right[0],
        scores=(first, second),
        differences=found,
        p_value=mcnemar(right[0], right[1]),
        test="McNemar's exact test",
        headline=headline,
    )


def _set(written: str) -> frozenset[str]:
    try:
        found = json.loads(written)
    except ValueError:
        found = None
    if not isinstance(found, list):
        what = f"{written!r} is no list of labels"
        raise DataError(Problem(code="bad-predictions", what=what, fix="run it again"))
    return frozenset(map(str, found))


def _matrix(sets: Sequence[frozenset[str]], names: Sequence[str]) -> Bool[np.ndarray, "N C"]:
    return np.array([[name in each for name in names] for each in sets], dtype=bool).reshape(len(sets), -1)


def _number(row: Row, written: str) -> float:
    try:
        return float(written)
    except ValueError as error:
        what = f"row {row.number}: {written!r} is no number"
        raise DataError(Problem(code="bad-predictions", what=what, fix="run it again")) from error
