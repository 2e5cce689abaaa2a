"""Scores of sets of labels equal scikit-learn's; thresholds are those of the highest F1."""

import numpy as np
import pytest
import sklearn.metrics as oracle

from glassbert.errors import DataError
from glassbert.tasks.set_metrics import (
    best_threshold,
    binary_log_loss,
    score_sets,
    set_differences,
    set_intervals,
)

DRAW = np.random.default_rng(3)
TRUTH = DRAW.random((80, 4)) < [0.5, 0.2, 0.1, 0.3]
GUESS = TRUTH ^ (DRAW.random((80, 4)) < 0.15)


def expected(truth: np.ndarray, guess: np.ndarray) -> dict[str, float]:
    occurring = truth.any(0) | guess.any(0)
    some = truth[:, occurring], guess[:, occurring]
    return {
        "micro_f1": oracle.f1_score(truth, guess, average="micro", zero_division=0),
        "macro_f1": oracle.f1_score(*some, average="macro", zero_division=0),
        "subset_accuracy": oracle.accuracy_score(truth, guess),
    }


def test_scores_equal_scikit_learn() -> None:
    found = score_sets(TRUTH, GUESS)
    assert {name: value[0] for name, value in found.items()} == pytest.approx(expected(TRUTH, GUESS))


def test_a_drawn_sample_scores_as_its_rows_written_out() -> None:
    weights = np.random.default_rng(0).multinomial(80, np.full(80, 1 / 80), size=4).astype(float)
    found = score_sets(TRUTH, GUESS, weights)
    for draw, counts in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(80), counts)
        for name, value in expected(TRUTH[rows], GUESS[rows]).items():
            assert found[name][draw] == pytest.approx(value), name


def test_no_label_anywhere_is_wholly_right_and_has_no_f1() -> None:
    none = np.zeros((5, 3), dtype=bool)
    found = {name: value[0] for name, value in score_sets(none, none).items()}
    assert found == {"micro_f1": 0.0, "macro_f1": 0.0, "subset_accuracy": 1.0}


def test_intervals_hold_the_score_and_differences_are_paired() -> None:
    found = {name: value[0] for name, value in score_sets(TRUTH, GUESS).items()}
    for name, (low, high) in set_intervals(TRUTH, GUESS).items():
        assert low < found[name] < high
    same = set_differences(TRUTH, (GUESS, GUESS))["micro_f1"]
    assert same.low == same.value == same.high == 0.0
    assert set_differences(TRUTH, (TRUTH, GUESS))["micro_f1"].low > 0


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no-rows"):
        score_sets(np.zeros((0, 2), dtype=bool), np.zeros((0, 2), dtype=bool))


def test_loss_equals_scikit_learn() -> None:
    scores = DRAW.random((80, 4))
    assert binary_log_loss(scores, TRUTH) == pytest.approx(oracle.log_loss(TRUTH.ravel(), scores.ravel()))


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_of_all(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth = draw.random(60) < 0.3
    scores = np.round(np.clip(0.3 * truth + draw.random(60) * 0.7, 0.01, 0.99), 2)
    chosen = best_threshold(scores, truth)
    reached = oracle.f1_score(truth, scores >= chosen)
    assert reached == pytest.approx(max(oracle.f1_score(truth, scores >= each) for each in scores))
    assert chosen not in scores


def test_of_equal_thresholds_the_one_nearest_to_a_half_is_taken() -> None:
    assert best_threshold(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, True, False, False])) == 0.55
