"""What scikit-learn's callers pass as y: one label for each text."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from glassbert.errors import Problem, UsageError
from glassbert.runs.inputs import is_missing, refused


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
    with refused(code="not-labels", fix="give one label per text"):
        of_one_kind = isinstance(y, np.ndarray) and y.dtype.kind != "O"
        given = [] if of_one_kind else np.asarray(y, dtype=object).ravel().tolist()
    refuse_unlike(list(enumerate(given)))
    with refused(code="not-labels", fix="give one label per text"):
        labels: np.ndarray = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        what = f"y contains NaN or infinity, the first of example {np.isfinite(labels).argmin()}"
        raise UsageError(Problem(code="no-labels", what=what, fix="leave the rows without a label out"))
    with refused(code="not-labels", fix="give labels that are text, whole numbers or truth values"):
        check_classification_targets(labels)
    return labels


def refuse_unlike(labels: Sequence[tuple[int, Any]]) -> None:
    """Raise UsageError where labels, each with the place of its example, are missing or of several kinds."""
    missing = [place for place, label in labels if is_missing(label)]
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
