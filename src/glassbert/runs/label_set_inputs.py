"""What scikit-learn's callers pass as y where a text has several labels: lists, or a matrix of 0 and 1."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from glassbert.errors import Problem, UsageError
from glassbert.runs.label_inputs import refuse_unlike
from glassbert.runs.labels import label_type_of, labels_from_strings
from glassbert.tasks.labels import in_order


def as_label_sets(
    y: Any, count: int, *, labels: np.ndarray | None = None
) -> tuple[np.ndarray, Bool[np.ndarray, "N C"]]:
    """The labels, text or whole numbers, and which of them each example has; UsageError for what is no such
    thing.

    `labels`: those that are known, in their order; others are then refused. The columns of a table are taken
    by their names.
    """
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give the labels of each text"))
    if isinstance(y, pd.DataFrame):
        y = y if labels is None else _in_order_of(labels, y)
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


def _in_order_of(labels: np.ndarray, y: pd.DataFrame) -> pd.DataFrame:
    """A table's columns in the order of the labels; as they are where they are only numbered.

    Raises UsageError where the columns are named, and not by these labels.
    """
    known, names = list(map(str, labels.tolist())), list(map(str, _columns_of(y).tolist()))
    if sorted(names) == sorted(known):
        return y.iloc[:, [names.index(label) for label in known]]
    if isinstance(y.columns, pd.RangeIndex):
        return y
    strange = sorted(set(names) ^ set(known))[0]
    what = (
        f"{strange!r} is a column of y and no label" if strange in names else f"y has no column {strange!r}"
    )
    raise UsageError(Problem(code="unknown-label", what=what, fix=f"known: {', '.join(known)}"))


def _refuse_sets(sets: list[list[Any]]) -> None:
    """Raise UsageError for a label that is missing, of another kind than others, no label, or there twice."""
    labels = [(place, label) for place, each in enumerate(sets) for label in each]
    refuse_unlike(labels)
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


def _is_whole(label: object) -> bool:
    return isinstance(label, Integral) and not isinstance(label, bool)
