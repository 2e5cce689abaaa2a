"""What scikit-learn's callers pass as X and y, as texts and numbers of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from glassbert.errors import Problem, UsageError
from glassbert.tasks.labels import in_order
from glassbert.tasks.task import Text


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
            what = f"element {place} is {_kind_of(text)}, not a text"
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
    y: Any, count: int, *, labels: tuple[str, ...] | None = None
) -> tuple[tuple[str, ...], np.ndarray]:
    """The labels, and which of them each example has, bool [n, C]; UsageError for what is no such thing.

    `labels`: those that are known, in their order; others are then refused.
    """
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give the labels of each text"))
    if isinstance(y, pd.DataFrame):
        labels, y = labels or tuple(map(str, y.columns)), y.to_numpy()
    if hasattr(y, "toarray"):
        y = y.toarray()
    if isinstance(y, np.ndarray) and y.ndim == 2:
        return _of_matrix(y, count, labels)
    sets = [None if isinstance(each, str) or not hasattr(each, "__iter__") else list(each) for each in y]
    if any(each is None for each in sets) or len(sets) != count:
        what = f"y is no list of {count} lists of labels, and no matrix of 0 and 1"
        raise UsageError(Problem(code="not-label-sets", what=what, fix="give a list of labels for each text"))
    names = [set(map(str, each)) for each in sets if each is not None]
    known = in_order(name for each in names for name in each) if labels is None else labels
    strange = sorted(set().union(*names) - set(known))
    if not known or strange:
        what = f"the label {strange[0]!r} is not known" if strange else "no text has a label"
        raise UsageError(Problem(code="unknown-label", what=what, fix=f"known: {', '.join(known) or 'none'}"))
    return known, np.array([[label in each for label in known] for each in names])


def _of_matrix(
    y: np.ndarray, count: int, labels: tuple[str, ...] | None
) -> tuple[tuple[str, ...], np.ndarray]:
    known = labels or tuple(map(str, range(y.shape[1])))
    if y.shape != (count, len(known)) or not np.isin(y, (0, 1)).all():
        what = f"y is a matrix of shape {y.shape}, not of 0 and 1 for {count} texts and {len(known)} labels"
        raise UsageError(Problem(code="not-label-sets", what=what, fix="give one row of 0 and 1 per text"))
    return known, y.astype(bool)


def as_numbers(y: ArrayLike | None, count: int) -> np.ndarray:
    """The numbers as float64; UsageError for what is none, not finite, or not one for each text."""
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give one number per text"))
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
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give one label per text"))
    _refuse_mixed(y)
    labels = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        fix = "leave the rows without a label out"
        raise UsageError(Problem(code="no-labels", what="y contains NaN or infinity", fix=fix))
    check_classification_targets(labels)
    if len(labels) != count:
        what = f"{count} texts and {len(labels)} labels"
        raise UsageError(Problem(code="length-mismatch", what=what, fix="give one label per text"))
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        only = classes.tolist()[0]
        what = f"all labels are {only!r}: a classifier needs at least 2 classes, and this is one class"
        raise UsageError(Problem(code="single-class", what=what, fix="give examples of another class"))
    return classes, np.asarray(targets, dtype=np.int64)


def _kind_of(given: object) -> str:
    """The type of what is no text; of a pair, those of its parts."""
    if isinstance(given, tuple) and len(given) == 2:
        return f"a pair of {' and '.join(type(part).__name__ for part in given)}"
    return type(given).__name__


def _refuse_mixed(y: Any) -> None:
    """Raise UsageError where some labels are text and others not, or some are missing: numpy would make one
    kind of them in silence.
    """
    of_objects = isinstance(y, np.ndarray) and y.dtype.kind == "O" and y.ndim == 1
    if not of_objects and not isinstance(y, list | tuple | pd.Series):
        return
    labels: list[Any] = list(y)
    missing = [
        place for place, label in enumerate(labels) if label is None or label is pd.NA or label != label
    ]
    texts = [place for place, label in enumerate(labels) if isinstance(label, str)]
    if missing and (texts or labels[missing[0]] is None):
        what = (
            f"y contains NaN or None: {len(missing):,} labels are missing, the first of example {missing[0]}"
        )
        fix = "leave the rows without a label out"
        raise UsageError(Problem(code="no-labels", what=what, fix=fix))
    if texts and len(texts) < len(labels):
        other = next(place for place, label in enumerate(labels) if not isinstance(label, str))
        what = f"y holds text (example {texts[0]}) and {type(labels[other]).__name__} (example {other})"
        raise UsageError(Problem(code="mixed-labels", what=what, fix="write all labels as text, or none"))


def _is_missing(label: Any) -> bool:
    return label is None or label is pd.NA or (isinstance(label, float) and label != label)
