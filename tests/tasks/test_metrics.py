"""Scores equal scikit-learn's, on random classifiers and where definitions differ between libraries."""

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glassbert.errors import DataError
from glassbert.tasks import metrics
from glassbert.tasks.metrics import Counts, confusion_matrix

NUM_CLASSES = 5
CASES = {
    "one row, right": ([2], [2]),
    "one row, wrong": ([2], [4]),
    "constant prediction": ([0, 1, 1, 2], [1, 1, 1, 1]),
    "constant truth": ([3, 3, 3], [3, 0, 3]),
    "constant both, right": ([1, 1], [1, 1]),
    "constant both, wrong": ([1, 1], [0, 0]),
    "a class never predicted": ([0, 1, 2, 2], [0, 1, 1, 0]),
    "a class predicted but absent": ([0, 1, 1, 0], [0, 1, 4, 4]),
    "all wrong": ([0, 1, 2], [1, 2, 0]),
}
classes = arrays(np.int64, st.integers(1, 60), elements=st.integers(0, NUM_CLASSES - 1))


def check_against_scikit_learn(truth: np.ndarray, prediction: np.ndarray) -> None:
    everyone = list(range(NUM_CLASSES))
    confusion = confusion_matrix(truth, prediction, num_classes=NUM_CLASSES)
    counts = Counts.of(confusion)
    np.testing.assert_array_equal(confusion, oracle.confusion_matrix(truth, prediction, labels=everyone))
    assert metrics.accuracy(counts) == pytest.approx(oracle.accuracy_score(truth, prediction), abs=1e-12)
    expected_f1 = oracle.f1_score(truth, prediction, average="macro", zero_division=0)
    assert metrics.macro_f1(counts) == pytest.approx(expected_f1, abs=1e-12)
    assert metrics.mcc(counts) == pytest.approx(oracle.matthews_corrcoef(truth, prediction), abs=1e-12)
    per_class = oracle.precision_recall_fscore_support(truth, prediction, labels=everyone, zero_division=0)
    ours = [metrics.precision(counts), metrics.recall(counts), metrics.f1(counts), counts.actual]
    np.testing.assert_allclose(ours, per_class, atol=1e-12)


@pytest.mark.filterwarnings(
    "ignore:A single label was found"
)  # scikit-learn's, from inside matthews_corrcoef
@given(data=st.data())
def test_scores_equal_scikit_learns_on_any_classes(data: st.DataObject) -> None:
    truth = data.draw(classes)
    prediction = data.draw(arrays(np.int64, len(truth), elements=st.integers(0, NUM_CLASSES - 1)))
    check_against_scikit_learn(truth, prediction)


@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.parametrize("case", CASES)
def test_scores_equal_scikit_learns_at_the_edges(case: str) -> None:
    truth, prediction = (np.array(each) for each in CASES[case])
    check_against_scikit_learn(truth, prediction)


def test_mcc_is_exact_for_ten_million_rows() -> None:
    rows = 10_000_000
    balanced = Counts.of(np.array([[rows, 0], [0, rows]]))
    constant = Counts.of(np.array([[rows, 0], [rows - 1, 0]]))
    assert metrics.mcc(balanced) == 1.0
    assert metrics.mcc(constant) == 0.0


def test_scores_work_on_many_confusion_matrices_at_once() -> None:
    generator = np.random.default_rng(0)
    many = generator.integers(0, 9, size=(7, NUM_CLASSES, NUM_CLASSES))
    together = metrics.scores(Counts.of(many))
    for i, each in enumerate(many):
        for name, value in metrics.scores(Counts.of(each)).items():
            assert together[name][i] == value


def test_log_loss_equals_scikit_learns_even_for_certainties() -> None:
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.full(NUM_CLASSES, 0.3), size=200)
    probabilities[:2] = np.eye(NUM_CLASSES)[:2]
    truth = generator.integers(0, NUM_CLASSES, size=200)
    truth[:2] = [0, 3]  # certain and right, certain and wrong
    expected = oracle.log_loss(truth, probabilities, labels=list(range(NUM_CLASSES)))
    assert metrics.log_loss(probabilities, truth) == pytest.approx(expected, rel=1e-12)
    one = oracle.log_loss(truth[1:2], probabilities[1:2], labels=list(range(NUM_CLASSES)))
    assert metrics.log_loss(probabilities[1:2], truth[1:2]) == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize(
    ("truth", "prediction", "code"),
    [
        ([], [], "no-rows"),
        ([0, 1], [0], "no-rows"),
        ([0, 5], [0, 0], "bad-class"),
        ([0, 0], [0, -1], "bad-class"),
    ],
)
def test_confusion_matrix_refuses_what_cannot_be_counted(
    truth: list[int], prediction: list[int], code: str
) -> None:
    with pytest.raises(DataError) as caught:
        confusion_matrix(
            np.array(truth, dtype=np.int64), np.array(prediction, dtype=np.int64), num_classes=NUM_CLASSES
        )
    assert caught.value.problems[0].code == code
