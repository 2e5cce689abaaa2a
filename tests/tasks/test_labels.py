"""Labels: a stable order, numbers for names, refusals that name the culprit, and weights."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from glassbert.errors import DataError, UsageError
from glassbert.tasks.labels import encode, in_order, learn_labels, weigh_classes

LABELS = ("neg", "neutral", "pos")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["10", "2", "1", "2"], ("1", "2", "10")),
        (["0", "-3", "12"], ("-3", "0", "12")),
        (["10", "2", "many"], ("10", "2", "many")),
        (["007", "10", "8"], ("007", "10", "8")),
        (["１", "2"], ("2", "１")),
        (["pos", "Neg", "neg"], ("Neg", "neg", "pos")),
        (["好", "差", "b"], ("b", "好", "差")),
        ([], ()),
    ],
)
def test_labels_are_ordered_as_numbers_or_by_code_point(found: list[str], expected: tuple[str, ...]) -> None:
    assert in_order(found) == expected


def test_labels_do_not_depend_on_the_order_of_rows() -> None:
    assert in_order(reversed(["b", "a", "c", "a"])) == in_order(["b", "a", "c", "a"])


def test_learning_refuses_a_single_label_unless_allowed() -> None:
    with pytest.raises(DataError, match=r"train.csv: single-label: every row of 'label' has the label 'pos'"):
        learn_labels(["pos", "pos"], source="train.csv", column="label")
    assert learn_labels(["pos", "pos"], source="train.csv", column="label", allow_single=True) == ("pos",)


def test_labels_become_their_numbers() -> None:
    codes = encode(["pos", "neg", "pos", "neutral"], LABELS, source="x", rows=np.arange(4))
    assert codes.dtype == np.int64
    assert codes.tolist() == [2, 0, 2, 1]


def test_labels_that_look_missing_are_ordinary_labels() -> None:
    labels = ("NA", "None", "nan", "null")
    assert encode(["nan", "NA", "null", "None"], labels, source="x", rows=np.arange(4)).tolist() == [
        2,
        0,
        3,
        1,
    ]


def test_unknown_labels_are_all_named_with_count_row_and_the_known_ones() -> None:
    values = ["neg", "posi", "pos", "other", "posi"]
    with pytest.raises(DataError) as caught:
        encode(values, LABELS, source="dev.csv", rows=np.array([2, 3, 5, 6, 9]))
    first, second = caught.value.problems
    assert (first.file, first.line, first.code) == ("dev.csv", 3, "unknown-label")
    assert "'posi' (2 rows, first here)" in first.what
    assert first.fix == "did you mean 'pos'? known labels: neg, neutral, pos"
    assert (second.line, "'other' (1 rows" in second.what) == (6, True)


def test_a_thousand_unknown_labels_are_counted_and_twenty_shown() -> None:
    values = [f"id-{i}" for i in range(1000)]
    with pytest.raises(DataError, match="and 980 more") as caught:
        encode(values, LABELS, source="dev.csv", rows=np.arange(1000))
    assert len(caught.value.problems) == 20


def test_balanced_weights_equal_scikit_learns() -> None:
    targets = np.repeat([0, 1, 2], [50, 30, 7])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    np.testing.assert_allclose(weigh_classes("balanced", targets, LABELS), expected)


def test_named_weights_leave_the_others_at_one() -> None:
    targets = np.array([0, 1, 2])
    np.testing.assert_array_equal(weigh_classes({"pos": 2.5}, targets, LABELS), [1, 1, 2.5])
    assert weigh_classes(None, targets, LABELS) is None


@pytest.mark.parametrize(
    "weights", [{"posi": 2.0}, {"pos": 0.0}, {"pos": float("nan")}, {"pos": True}, "equal"]
)
def test_weights_that_make_no_sense_are_refused(weights: object) -> None:
    with pytest.raises(UsageError):
        weigh_classes(weights, np.array([0, 1, 2]), LABELS)  # type: ignore[arg-type]
