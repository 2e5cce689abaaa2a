"""How answers of each kind are compared: what is right, which scores differ, and how sure that is.

A kind is one function from the judged rows of both runs to `Compared`; a task with another kind of answer
adds its own to KINDS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.comparing.compared import MCNEMAR, Compared, Test, right_or_wrong, sides
from glassbert.runs.comparing.judged import Row, Shared
from glassbert.runs.comparing.tags import compare_tags
from glassbert.tasks.intervals import paired_differences
from glassbert.tasks.metrics import Counts, confusion_matrix, scores
from glassbert.tasks.number_metrics import number_differences, score_numbers
from glassbert.tasks.paired import mcnemar, sign_flips
from glassbert.tasks.set_metrics import score_sets, set_differences
from glassbert.tasks.span_metrics import answer_differences, means, score_answers, scoring_for


def compare_classes(rows: Shared) -> Compared:
    """Right or wrong: McNemar's exact test; accuracy, macro-F1 and MCC by paired bootstrap."""
    names = sorted({word for row in (*rows.first, *rows.second) for word in (row.label, row.prediction)})
    number = {name: i for i, name in enumerate(names)}
    truth = np.array([number[row.label] for row in rows.first])
    guesses = [np.array([number[row.prediction] for row in each]) for each in (rows.first, rows.second)]
    found = paired_differences(truth, (guesses[1], guesses[0]), num_classes=len(names))
    right = [guess == truth for guess in guesses]
    both = [scores(Counts.of(confusion_matrix(truth, guess, num_classes=len(names)))) for guess in guesses]
    return right_or_wrong(right, both, found, headline="accuracy")


def compare_sets(rows: Shared) -> Compared:
    """All labels right or not: McNemar's exact test; micro-F1, macro-F1 and the share of such rows."""
    given = [_set(row.label) for row in rows.first]
    said = [[_set(row.prediction) for row in each] for each in (rows.first, rows.second)]
    names = sorted(set().union(*given, *said[0], *said[1]))
    truth, *guesses = (_matrix(each, names) for each in (given, *said))
    found = set_differences(truth, (guesses[1], guesses[0]))
    both = [{name: value[0] for name, value in score_sets(truth, guess).items()} for guess in guesses]
    right = [(guess == truth).all(1) for guess in guesses]
    return right_or_wrong(right, both, found, headline="subset_accuracy")


def compare_numbers(rows: Shared) -> Compared:
    """Squared errors: a sign-flip test of their paired differences; correlations and errors by bootstrap."""
    truth = np.array([_number(row, row.label) for row in rows.first])
    guesses = [np.array([_number(row, row.prediction) for row in each]) for each in (rows.first, rows.second)]
    found = number_differences(truth, (guesses[1], guesses[0]))
    errors = [np.abs(guess - truth) for guess in guesses]
    both = [
        {name: float(value[0]) for name, value in score_numbers(truth, guess).items()} for guess in guesses
    ]
    gained, lost = sides(errors[0] - errors[1])
    return Compared(
        gained=gained,
        lost=lost,
        scores=(both[0], both[1]),
        differences=found,
        test=Test(
            name="sign flips of the paired differences of squared errors",
            about="rmse",
            p_value=sign_flips(errors[1] ** 2 - errors[0] ** 2),
        ),
        lower_is_better=True,
    )


def compare_spans(rows: Shared) -> Compared:
    """F1 of every question: a sign-flip test of paired differences; exact match: McNemar's exact test; both
    scores by bootstrap over questions, as the intervals of a run, in points.
    """
    truth = [json.loads(row.label) for row in rows.first]
    scoring, _ = scoring_for([row.texts[-1] for row in rows.first])
    answered = np.array([len(each) > 0 for each in truth], dtype=bool)
    first, second = (
        score_answers(truth, [row.prediction for row in each], scoring) for each in (rows.first, rows.second)
    )
    both = [
        {name: float(value[0]) for name, value in means(each, answered).items()} for each in (first, second)
    ]
    gain = second[:, 1] - first[:, 1]
    exact = [each[:, 0] == 1 for each in (first, second)]
    gained, lost = sides(gain)
    return Compared(
        gained=gained,
        lost=lost,
        scores=(both[0], both[1]),
        differences=answer_differences(second, first),
        test=Test(name="sign flips of the paired differences of F1", about="f1", p_value=sign_flips(gain)),
        more=(Test(name=MCNEMAR, about="exact_match", p_value=mcnemar(*exact)),),
    )


KINDS: Mapping[str, Callable[[Shared], Compared]] = {
    "class": compare_classes,
    "set": compare_sets,
    "number": compare_numbers,
    "span": compare_spans,
    "tags": compare_tags,
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
