"""Scores of numbers equal scipy's and scikit-learn's, whole and resampled."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as oracle

from glassbert.errors import DataError
from glassbert.tasks.number_metrics import (
    NAMES,
    number_differences,
    number_intervals,
    score_numbers,
)

DRAW = np.random.default_rng(7)
TRUTH = DRAW.normal(3, 2, 60)
MATERIAL = {
    "plain": (TRUTH, TRUTH + DRAW.normal(0, 1, 60)),
    "ties": (np.round(TRUTH), np.round(TRUTH + DRAW.normal(0, 1, 60))),
    "far from zero": (TRUTH * 1e-3 + 1e6, TRUTH * 2e-3 + 1e6 + DRAW.normal(0, 1e-3, 60)),
    "tiny": (TRUTH * 1e-9, -TRUTH * 1e-9 + DRAW.normal(0, 1e-9, 60)),
    "huge": (TRUTH * 1e150, TRUTH * 1e150 + DRAW.normal(0, 1e150, 60)),
    "three": (np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.5, 1.0])),
}


def expected(truth: np.ndarray, guess: np.ndarray) -> dict[str, float]:
    return {
        "pearson": scipy.stats.pearsonr(truth, guess).statistic,
        "spearman": scipy.stats.spearmanr(truth, guess).statistic,
        "mae": oracle.mean_absolute_error(truth, guess),
        "rmse": oracle.root_mean_squared_error(truth, guess),
        "mse": oracle.mean_squared_error(truth, guess),
    }


@pytest.mark.parametrize("name", MATERIAL)
def test_scores_equal_scipy_and_scikit_learn(name: str) -> None:
    found = score_numbers(*MATERIAL[name])
    assert tuple(found) == NAMES
    for each, value in expected(*MATERIAL[name]).items():
        assert found[each][0] == pytest.approx(value, rel=1e-7), each


@pytest.mark.parametrize("name", ["plain", "ties"])
def test_a_drawn_sample_scores_as_its_rows_written_out(name: str) -> None:
    truth, guess = MATERIAL[name]
    weights = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=5)
    found = score_numbers(truth, guess, weights)
    for draw, counts in enumerate(weights):
        rows = np.repeat(np.arange(60), counts)
        for each, value in expected(truth[rows], guess[rows]).items():
            assert found[each][draw] == pytest.approx(value, rel=1e-9), each


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9, -3.7])
def test_a_constant_side_has_no_correlation(constant: float) -> None:
    for pair in ((TRUTH, np.full(60, constant)), (np.full(60, constant), TRUTH)):
        found = score_numbers(*pair)
        assert found["pearson"][0] == found["spearman"][0] == 0.0


def test_a_perfect_guess_is_exactly_perfect() -> None:
    found = score_numbers(TRUTH, TRUTH)
    assert found["pearson"][0] == pytest.approx(1.0) and found["pearson"][0] <= 1.0
    assert found["rmse"][0] == found["mae"][0] == 0.0


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match="no-rows"):
        score_numbers(np.zeros(0), np.zeros(0))


def test_the_interval_of_a_correlation_is_fishers() -> None:
    """For normal data the bootstrap must agree with the closed form tanh(atanh r +- 1.96 / sqrt(n - 3))."""
    draw = np.random.default_rng(1)
    truth = draw.normal(size=400)
    guess = 0.7 * truth + draw.normal(size=400)
    r = scipy.stats.pearsonr(truth, guess).statistic
    low, high = number_intervals(truth, guess)["pearson"]
    margin = 1.96 / np.sqrt(397)
    assert low == pytest.approx(np.tanh(np.arctanh(r) - margin), abs=0.015)
    assert high == pytest.approx(np.tanh(np.arctanh(r) + margin), abs=0.015)


def test_intervals_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = number_intervals(*MATERIAL["plain"], draws=300)
    monkeypatch.setattr("glassbert.tasks.number_metrics.MAX_NUMBERS", 4 * 60 * 7)
    parts = number_intervals(*MATERIAL["plain"], draws=300)
    assert parts == {name: pytest.approx(ends, rel=1e-12) for name, ends in whole.items()}


def test_a_difference_is_measured_on_the_same_rows() -> None:
    """Two guesses that are equally wrong on every row differ by nothing, however hard the rows."""
    truth, guess = MATERIAL["plain"]
    found = number_differences(truth, (guess, 2 * truth - guess))
    nothing = (found["mae"].value, found["mae"].low, found["mae"].high)
    assert nothing == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    better = number_differences(truth, (truth, guess))
    assert better["rmse"].high < 0 < better["pearson"].low
