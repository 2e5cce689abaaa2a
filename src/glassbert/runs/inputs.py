"""What scikit-learn's callers pass as X and y, as texts and numbers of classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from glassbert.errors import Problem, UsageError
from glassbert.runs.labels import label_type_of, labels_from_strings
from glassbert.tasks.labels import in_order
from glassbert.tasks.task import Text

FLOATS = (float, np.floating)


def as_texts(X: Any) -> list[Text]:
    """A list, array or Series of strings (or pairs of strings) as a list; raises UsageError for anything
    else.
    """
    if isinstance(X, pd.DataFrame) and X.shape[1] == 1:
        X = X.iloc[:, 0]
    if isinstance(X, str) or not hasattr(X, "__len__") or getattr(X, "ndim", 1) != 1:
        what = f"X is {type(X).__name__}" + (f" with shape {X.shape}" if hasattr(X, "shape") else "")
        raise UsageError(Problem(code="not-texts", what=what, fix="give a list of texts"))
    texts = list(X)
    for place, text in enumerate(texts):
        pair = isinstance(text, tuple) and len(text) == 2 and all(isinstance(part, str) for part in text)
        if not isinstance(text, str) and not pair:
            what = _not_a_text(place, text)
            raise UsageError(Problem(code="not-texts", what=what, fix="give strings, or pairs of strings"))
    if not texts:
        raise UsageError(
            Problem(code="no-texts", what="there are 0 texts (0 samples)", fix="give at least one")
        )
    return [str(text) if isinstance(text, str) else (str(text[0]), str(text[1])) for text in texts]


def as_pairs(X: Any) -> list[Text]:
    """A list of pairs of strings, or a table of two columns, as a list of pairs; UsageError otherwise."""
    shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
    if len(shape) == 2 and shape[1] == 2:
        X = list(map(tuple, (X.to_numpy() if isinstance(X, pd.DataFrame) else X).tolist()))
    elif isinstance(X, list):
        X = [tuple(each) if isinstance(each, list) else each for each in X]
    texts = as_texts(X)
    for place, text in enumerate(texts):
        if isinstance(text, str):
            what = f"element {place} is a single text"
            raise UsageError(Problem(code="not-a-pair", what=what, fix="give pairs of strings"))
    return texts


def as_label_sets(
    y: Any, count: int, *, labels: np.ndarray | None = None
) -> tuple[np.ndarray, Bool[np.ndarray, "N C"]]:
    """The labels, text or whole numbers, and which of them each example has; UsageError for what is no such
    thing.

    `labels`: those that are known, in their order; others are then refused.
    """
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give the labels of each text"))
    if isinstance(y, pd.DataFrame):
        labels, y = _columns_of(y) if labels is None else labels, y.to_numpy()
    if hasattr(y, "toarray"):
        y = y.toarray()
    if isinstance(y, np.ndarray) and y.ndim == 2:
        return _of_matrix(y, count, labels)
    rows = list(y) if hasattr(y, "__iter__") else []
    sets = [list(each) for each in rows if hasattr(each, "__iter__") and not isinstance(each, str)]
    if not len(sets) == len(rows) == count:
        what = f"y is no list of {count} lists of labels, and no matrix of 0 and 1"
        raise UsageError(Problem(code="not-label-sets", what=what, fix="give a list of labels for each text"))
    _refuse_sets(sets)
    classes = _classes_of(sets) if labels is None else labels
    return classes, _has(sets, list(map(str, classes.tolist())))


def _columns_of(y: pd.DataFrame) -> np.ndarray:
    """The names of a table's columns; UsageError where two are the same."""
    names = list(map(str, y.columns))
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        what = f"two columns are named {twice[0]!r}"
        raise UsageError(Problem(code="repeated-label", what=what, fix="name each label once"))
    return labels_from_strings(tuple(names), label_type_of(np.array(y.columns.tolist())))


def _refuse_sets(sets: list[list[Any]]) -> None:
    """Raise UsageError for a label that is missing, of another kind than others, no label, or there twice."""
    labels = [(place, label) for place, each in enumerate(sets) for label in each]
    _refuse_unlike(labels)
    for place, label in labels:
        if not str(label).strip() or not (isinstance(label, str) or _is_whole(label)):
            what = f"{label!r} is no label (example {place})"
            fix = "write labels as strings or whole numbers"
            raise UsageError(Problem(code="bad-labels", what=what, fix=fix))
    for place, each in enumerate(sets):
        if len(set(each)) < len(each):
            twice = next(label for label in each if each.count(label) > 1)
            what = f"example {place} names a label twice: {twice!r}"
            raise UsageError(Problem(code="repeated-label", what=what, fix="name it once"))


def _classes_of(sets: list[list[Any]]) -> np.ndarray:
    """Every label once, in order."""
    found = [label for each in sets for label in each]
    if not found:
        what = "no text has a label"
        raise UsageError(Problem(code="unknown-label", what=what, fix="give labels to learn"))
    return labels_from_strings(in_order(map(str, found)), label_type_of(np.array(found)))


def _has(sets: list[list[Any]], known: list[str]) -> Bool[np.ndarray, "N C"]:
    names = [set(map(str, each)) for each in sets]
    strange = sorted(set().union(*names) - set(known))
    if strange:
        what = f"the label {strange[0]!r} is not known"
        raise UsageError(Problem(code="unknown-label", what=what, fix=f"known: {', '.join(known)}"))
    return np.array([[label in each for label in known] for each in names])


def _of_matrix(
    y: np.ndarray, count: int, labels: np.ndarray | None
) -> tuple[np.ndarray, Bool[np.ndarray, "N C"]]:
    known = np.arange(y.shape[1]) if labels is None else labels
    if y.shape != (count, len(known)) or not np.isin(y, (0, 1)).all():
        what = f"y is a matrix of shape {y.shape}, not of 0 and 1 for {count} texts and {len(known)} labels"
        raise UsageError(Problem(code="not-label-sets", what=what, fix="give one row of 0 and 1 per text"))
    return known, y.astype(bool)


def as_numbers(y: ArrayLike | None, count: int) -> np.ndarray:
    """The numbers as float64; UsageError for what is none, not finite, or not one for each text."""
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give one number per text"))
    with _refused(code="not-numbers", fix="give one number per text"):
        given = column_or_1d(y, warn=True)
    if given.dtype.kind == "O":
        given = np.array([each if isinstance(each, int | float | np.number) else np.nan for each in given])
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all():
        what = "y holds what is no finite number (NaN, infinity or text)"
        raise UsageError(Problem(code="not-numbers", what=what, fix="leave such rows out, or correct them"))
    if len(given) != count:
        what = f"{count} texts and {len(given)} numbers"
        raise UsageError(Problem(code="length-mismatch", what=what, fix="give one number per text"))
    return np.asarray(given, dtype=np.float64)


def learnable_numbers(y: ArrayLike | None, count: int) -> np.ndarray:
    """The same to learn from; UsageError too where all are equal."""
    numbers = as_numbers(y, count)
    if count and numbers.min() == numbers.max():
        what = f"all numbers are {numbers[0]:g}: there is nothing to learn"
        raise UsageError(Problem(code="single-number", what=what, fix="give texts with different numbers"))
    return numbers


def as_targets(y: ArrayLike | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The classes, sorted, and the number of each example's class; UsageError where they cannot be learnt."""
    labels = as_labels(y, count)
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        only = classes.tolist()[0]
        what = f"all labels are {only!r}: a classifier needs at least 2 classes, and this is one class"
        raise UsageError(Problem(code="single-class", what=what, fix="give examples of another class"))
    return classes, np.asarray(targets, dtype=np.int64)


def as_labels(y: ArrayLike | None, count: int) -> np.ndarray:
    """One label for each text; UsageError for what is missing, of several kinds, or no label."""
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give one label per text"))
    labels = _label_column(y)
    if len(labels) != count:
        what = f"{count} texts and {len(labels)} labels"
        raise UsageError(Problem(code="length-mismatch", what=what, fix="give one label per text"))
    return labels


def _label_column(y: Any) -> np.ndarray:
    """One column of labels, looked at as they were given: numpy makes text of numbers beside text."""
    with _refused(code="not-labels", fix="give one label per text"):
        of_one_kind = isinstance(y, np.ndarray) and y.dtype.kind != "O"
        given = [] if of_one_kind else np.asarray(y, dtype=object).ravel().tolist()
    _refuse_unlike(list(enumerate(given)))
    with _refused(code="not-labels", fix="give one label per text"):
        labels: np.ndarray = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        what = f"y contains NaN or infinity, the first of example {np.isfinite(labels).argmin()}"
        raise UsageError(Problem(code="no-labels", what=what, fix="leave the rows without a label out"))
    with _refused(code="not-labels", fix="give labels that are text, whole numbers or truth values"):
        check_classification_targets(labels)
    return labels


@contextmanager
def _refused(*, code: str, fix: str) -> Iterator[None]:
    """What numpy and scikit-learn refuse becomes a UsageError in their words."""
    try:
        yield
    except (TypeError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(Problem(code=code, what=what, fix=fix)) from error


def _not_a_text(place: int, given: object) -> str:
    """What is given where a text should be; of a pair, which text is missing, or the types of both."""
    if not isinstance(given, tuple) or len(given) != 2:
        return f"element {place} is {type(given).__name__}, not a text"
    for which, part in zip(("first", "second"), given, strict=True):
        if _is_missing(part):
            return f"the {which} text of pair {place} is missing"
    return f"element {place} is a pair of {' and '.join(type(part).__name__ for part in given)}, not of texts"


def _refuse_unlike(labels: Sequence[tuple[int, Any]]) -> None:
    """Raise UsageError where labels, each with the place of its example, are missing or of several kinds."""
    missing = [place for place, label in labels if _is_missing(label)]
    if missing:
        what = (
            f"y contains NaN or None: {len(missing):,} labels are missing, the first of example {missing[0]}"
        )
        fix = "leave the rows without a label out"
        raise UsageError(Problem(code="no-labels", what=what, fix=fix))
    kinds: dict[str, int] = {}
    for place, label in labels:
        kinds.setdefault(_kind_of_label(label), place)
    if len(kinds) > 1:
        (one, first), (other, second) = sorted(kinds.items(), key=lambda kind: kind[0] != "text")[:2]
        what = f"y holds {one} (example {first}) and {other} (example {second})"
        raise UsageError(Problem(code="mixed-labels", what=what, fix="write all labels as text, or none"))


def _kind_of_label(label: object) -> str:
    if isinstance(label, str):
        return "text"
    if isinstance(label, bool | np.bool_):
        return "bool"
    return "number" if isinstance(label, Number) else type(label).__name__


def _is_whole(label: object) -> bool:
    return isinstance(label, Integral) and not isinstance(label, bool)


def _is_missing(given: object) -> bool:
    return (
        given is None or given is pd.NA or given is pd.NaT or (isinstance(given, FLOATS) and given != given)
    )
