"""What scikit-learn's callers pass as X and y."""

import numpy as np
import pandas as pd
import pytest

from glassbert.errors import UsageError
from glassbert.runs.inputs import as_targets, as_texts

TEXTS = ["one", "two"]


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=[7, 3]),
        pd.DataFrame({"text": TEXTS}),
    ],
    ids=["list", "tuple", "array", "objects", "series", "frame"],
)
def test_texts_come_in_many_containers(X: object) -> None:
    texts = as_texts(X)
    assert texts == TEXTS
    assert all(type(text) is str for text in texts)


def test_pairs_stay_pairs() -> None:
    assert as_texts([("a", "b"), ("c", "d")]) == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(
    ("X", "named"),
    [
        ("one text", "X is str"),
        (7, "X is int"),
        (None, "X is NoneType"),
        ([], r"0 texts \(0 samples\)"),
        ([1.0], "element 0 is float"),
        (["a", None], "element 1 is NoneType"),
        ([("a", "b", "c")], "element 0 is tuple"),
        (np.zeros((3, 2)), r"ndarray with shape \(3, 2\)"),
        (pd.DataFrame({"a": TEXTS, "b": TEXTS}), r"DataFrame with shape \(2, 2\)"),
        ((text for text in TEXTS), "X is generator"),
    ],
)
def test_anything_else_is_refused(X: object, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        as_texts(X)


def test_classes_are_sorted_and_numbered() -> None:
    classes, targets = as_targets([10, 2, 10], 3)
    assert classes.tolist() == [2, 10]
    assert targets.tolist() == [1, 0, 1]
    assert targets.dtype == np.int64


@pytest.mark.parametrize(
    ("y", "named"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (["a"], "2 texts and 1 labels"),
        (["a", "a"], "needs at least 2 classes"),
        ([0.5, 1.5], "Unknown label type"),
        ([["a", "b"], ["c", "d"]], "1d"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(y: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        as_targets(y, 2)
