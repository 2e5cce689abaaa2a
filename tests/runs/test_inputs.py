"""What scikit-learn's callers pass as X and y."""

from collections import deque
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from glassbert.errors import UsageError
from glassbert.runs.inputs import as_pairs, as_texts, learnable_numbers
from glassbert.runs.label_inputs import as_targets
from glassbert.runs.label_set_inputs import as_label_sets

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
        ([("a", "b"), ("c", None)], "the second text of pair 1 is missing"),
        ([("a", "b"), (float("nan"), "d")], "the first text of pair 1 is missing"),
        ([("a", "b"), ("c", 4)], "element 1 is a pair of str and int"),
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
        ([["a"], ["b", "c"]], "not-labels"),
        ([b"a", b"b"], "represented as bytes"),
        ([object(), object()], "Unknown label type"),
        (7, "1d"),
        ([1.0, np.inf], "NaN or infinity, the first of example 1"),
        (np.array([np.nan, 2.0]), "NaN or infinity, the first of example 0"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(y: object, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        as_targets(y, 2)


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA])
@pytest.mark.parametrize(
    "kind",
    [list, pd.Series, pd.Index, deque, pd.Categorical, pd.DataFrame, lambda y: np.array(y, dtype=object)],
    ids=["list", "series", "index", "deque", "categories", "frame", "objects"],
)
def test_missing_labels_are_refused_with_their_place(missing: object, kind: Callable) -> None:
    with pytest.raises(UsageError, match="no-labels: .* 1 labels are missing, the first of example 2"):
        as_targets(kind(["a", "b", missing, "a"]), 4)


@pytest.mark.parametrize("y", [[1, pd.NA, 2], [1, None, 2], pd.array([True, None, False]), [0, pd.NaT, 1]])
def test_missing_labels_among_numbers_are_refused_with_their_place(y: object) -> None:
    with pytest.raises(UsageError, match="no-labels: .* 1 labels are missing, the first of example 1"):
        as_targets(y, 3)


@pytest.mark.parametrize("y", [[1, True, 0], np.array([2, False, 1], dtype=object)])
def test_truth_values_beside_numbers_are_refused(y: object) -> None:
    with pytest.raises(UsageError, match=r"mixed-labels: y holds number .example 0. and bool .example 1"):
        as_targets(y, 3)


@pytest.mark.parametrize("y", [[1, "1", "a"], ["a", 2.5, "b"], [True, "a", "b"], pd.Series(["a", 1, "b"])])
def test_labels_of_two_kinds_are_refused(y: object) -> None:
    with pytest.raises(UsageError, match=r"mixed-labels: y holds text .example \d. and \w+ .example \d"):
        as_targets(y, 3)


def test_the_one_class_is_named_as_python_writes_it() -> None:
    with pytest.raises(UsageError, match="all labels are '1': a classifier"):
        as_targets(["1", "1"], 2)


def test_numbers_that_are_all_equal_are_refused() -> None:
    assert learnable_numbers([1, 2.5], 2).tolist() == [1.0, 2.5]
    with pytest.raises(UsageError, match="single-number: all numbers are 2.5: there is nothing to learn"):
        learnable_numbers([2.5, 2.5], 2)


@pytest.mark.parametrize("y", [7, [[1, 2], [3, 4]], [[1], [2, 3]]])
def test_what_is_no_column_of_numbers_is_refused(y: object) -> None:
    with pytest.raises(UsageError, match="not-numbers: "):
        learnable_numbers(y, 2)


@pytest.mark.parametrize("X", [[("a", None)], [["a", None]], pd.DataFrame({"a": ["a"], "b": [pd.NA]})])
def test_a_missing_text_of_a_pair_is_named(X: object) -> None:
    with pytest.raises(UsageError, match="not-texts: the second text of pair 0 is missing"):
        as_pairs(X)


@pytest.mark.parametrize(
    ("y", "named"),
    [
        ([["a"], ["b", "b"]], "repeated-label: example 1 names a label twice: 'b'"),
        (pd.DataFrame([[1, 0], [0, 1]], columns=[1, "1"]), "repeated-label: two columns are named '1'"),
        ([["a"], ["b", None]], "no-labels: .* the first of example 1"),
        ([["a", 1], ["b"]], r"mixed-labels: y holds text .example 0. and number .example 0"),
        ([["a"], [""]], "bad-labels: '' is no label .example 1"),
        ([[1.5], [2.5]], "bad-labels: 1.5 is no label .example 0"),
        ([[True], [False]], "bad-labels: True is no label .example 0"),
        (np.zeros((2, 2, 2)), "bad-labels: "),
        (7, "not-label-sets"),
    ],
)
def test_sets_of_labels_that_cannot_be_learnt_are_refused(y: object, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        as_label_sets(y, 2)


@pytest.mark.parametrize(
    ("y", "wanted"),
    [
        ([[10, 2], [2]], [2, 10]),
        ([["10", "2"], ["2"]], ["2", "10"]),
        ([np.array([10, 2]), np.array([2])], [2, 10]),
        (pd.DataFrame([[1, 1], [1, 0]], columns=[2, 10]), [2, 10]),
        (pd.DataFrame([[1, 1], [1, 0]], columns=["b", "a"]), ["b", "a"]),
        (np.array([[1, 1], [1, 0]]), [0, 1]),
    ],
)
def test_labels_of_sets_are_what_they_were(y: object, wanted: list) -> None:
    classes, given = as_label_sets(y, 2)
    assert classes.tolist() == wanted
    assert given.tolist() == [[True, True], [True, False]]
    assert as_label_sets(y, 2, labels=classes)[1].tolist() == given.tolist()


KNOWN = np.array(["a", "b", "c"])


@pytest.mark.parametrize(
    "y",
    [
        pd.DataFrame({"c": [0, 1], "a": [1, 0], "b": [1, 1]}),
        pd.DataFrame({"a": [1, 0], "b": [1, 1], "c": [0, 1]}),
        pd.DataFrame([[1, 1, 0], [0, 1, 1]]),
        [["b", "a"], ["c", "b"]],
    ],
    ids=["other-order", "same-order", "no-names", "lists"],
)
def test_the_columns_of_a_table_are_those_labels_that_they_name(y: object) -> None:
    labels, has = as_label_sets(y, 2, labels=KNOWN)
    assert labels.tolist() == ["a", "b", "c"]
    assert has.astype(int).tolist() == [[1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize(
    ("y", "named"),
    [
        (pd.DataFrame({"a": [1], "b": [1], "d": [0]}), "y has no column 'c'"),
        (pd.DataFrame({"a": [1], "b": [1], "c": [0], "d": [0]}), "'d' is a column of y and no label"),
        (pd.DataFrame({"a": [1], "b": [1]}), "y has no column 'c'"),
        (pd.DataFrame([[1, 1]]), r"shape \(1, 2\)"),
    ],
)
def test_columns_that_are_not_the_labels_are_refused(y: object, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        as_label_sets(y, 1, labels=KNOWN)
