"""Bootstrap intervals: the same distribution as resampling rows, the promised coverage, and the speed."""

import math

import numpy as np
import pytest
import sklearn.metrics as oracle
from scipy import stats

from glassbert.tasks import intervals
from glassbert.tasks.intervals import bootstrap_intervals, paired_differences
from glassbert.tasks.metrics import Counts, confusion_matrix, scores


def classifier(rows: int, skill: float, *, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, num_classes, rows)
    guess = generator.integers(0, num_classes, rows)
    return truth, np.where(generator.random(rows) < skill, truth, guess)


def drawn_scores(confusion: np.ndarray, draws: int, seed: int) -> dict[str, np.ndarray]:
    truth, prediction = np.nonzero(confusion)
    (drawn,) = intervals._resample(confusion[truth, prediction], draws, seed)
    return scores(intervals._counts(drawn, truth, prediction, len(confusion)))


def test_multinomial_draws_are_distributed_like_resampled_rows() -> None:
    truth, prediction = classifier(60, 0.6, num_classes=3, seed=3)
    ours = drawn_scores(confusion_matrix(truth, prediction, num_classes=3), 1000, 4)
    generator = np.random.default_rng(5)
    brute: dict[str, list[float]] = {"accuracy": [], "macro_f1": [], "mcc": []}
    for _ in range(1000):
        rows = generator.integers(0, 60, 60)
        brute["accuracy"].append(oracle.accuracy_score(truth[rows], prediction[rows]))
        brute["macro_f1"].append(
            oracle.f1_score(truth[rows], prediction[rows], average="macro", zero_division=0)
        )
        brute["mcc"].append(oracle.matthews_corrcoef(truth[rows], prediction[rows]))
    for name, values in brute.items():
        assert stats.ks_2samp(ours[name], values).pvalue > 0.01, name


def test_accuracy_interval_equals_the_binomial_quantiles() -> None:
    rows, hits = 400, 312
    low, high = bootstrap_intervals(np.array([[hits, 0], [rows - hits, 0]]), draws=40_000)["accuracy"]
    exact = stats.binom(rows, hits / rows).ppf([0.025, 0.975]) / rows
    assert (low, high) == pytest.approx(tuple(exact), abs=1 / rows)


def test_interval_equals_scipys_percentile_bootstrap() -> None:
    truth, prediction = classifier(300, 0.5, num_classes=4, seed=8)
    ours = bootstrap_intervals(confusion_matrix(truth, prediction, num_classes=4), draws=10_000)["mcc"]

    def mcc(truth: np.ndarray, prediction: np.ndarray) -> float:
        return float(scores(Counts.of(confusion_matrix(truth, prediction, num_classes=4)))["mcc"])

    theirs = stats.bootstrap(
        (truth, prediction), mcc, paired=True, vectorized=False, n_resamples=3000, method="percentile", rng=1
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.01)


@pytest.mark.parametrize(("rows", "skill"), [(200, 0.7), (1000, 0.9)])
def test_interval_covers_the_truth_nineteen_times_in_twenty(rows: int, skill: float) -> None:
    generator = np.random.default_rng(9)
    trials = 600
    covered = 0
    for seed in range(trials):
        hits = int(generator.binomial(rows, skill))
        confusion = np.array([[hits, rows - hits], [0, 0]])
        low, high = bootstrap_intervals(confusion, draws=500, seed=seed)["accuracy"]
        covered += low <= skill <= high
    spread = 3 * math.sqrt(0.05 * 0.95 / trials)
    assert abs(covered / trials - 0.95) < spread + 0.01


def test_paired_difference_equals_resampling_both_classifiers_on_the_same_rows() -> None:
    truth, first = classifier(150, 0.8, num_classes=3, seed=10)
    second = np.where(np.random.default_rng(11).random(150) < 0.7, first, (first + 1) % 3)
    found = paired_differences(truth, (first, second), num_classes=3, draws=8000)["accuracy"]
    generator = np.random.default_rng(12)
    right = (first == truth).astype(float) - (second == truth)
    brute = [right[generator.integers(0, 150, 150)].mean() for _ in range(8000)]
    assert found.value == pytest.approx(right.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(brute, [0.025, 0.975])), abs=0.01)


def test_paired_interval_is_narrower_than_an_unpaired_one_for_classifiers_that_agree() -> None:
    truth, first = classifier(500, 0.7, num_classes=2, seed=13)
    second = first.copy()
    second[:10] = 1 - second[:10]
    found = paired_differences(truth, (first, second), num_classes=2)["accuracy"]
    alone = bootstrap_intervals(confusion_matrix(truth, first, num_classes=2))["accuracy"]
    assert found.high - found.low < 0.5 * (alone[1] - alone[0])


def test_difference_of_equal_classifiers_is_exactly_zero() -> None:
    truth, first = classifier(80, 0.7, num_classes=3, seed=14)
    for difference in paired_differences(truth, (first, first.copy()), num_classes=3).values():
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_difference_changes_sign_when_the_classifiers_change_places() -> None:
    truth, first = classifier(80, 0.7, num_classes=3, seed=15)
    second = np.roll(first, 1)
    forward = paired_differences(truth, (first, second), num_classes=3, draws=20_000)["macro_f1"]
    backward = paired_differences(truth, (second, first), num_classes=3, draws=20_000)["macro_f1"]
    assert backward.value == -forward.value
    assert (-backward.high, -backward.low) == pytest.approx((forward.low, forward.high), abs=0.01)


@pytest.mark.parametrize("confusion", [[[1]], [[0, 0], [0, 1]], [[7, 0], [0, 9]], [[0, 5], [0, 0]]])
def test_interval_without_variety_has_no_width(confusion: list[list[int]]) -> None:
    low, high = bootstrap_intervals(np.array(confusion))["accuracy"]
    assert low == high


def test_intervals_depend_on_the_seed_alone() -> None:
    truth, prediction = classifier(200, 0.6, num_classes=3, seed=16)
    confusion = confusion_matrix(truth, prediction, num_classes=3)
    assert bootstrap_intervals(confusion, seed=1) == bootstrap_intervals(confusion, seed=1)
    assert bootstrap_intervals(confusion, seed=1) != bootstrap_intervals(confusion, seed=2)


def test_draws_in_several_goes_equal_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, prediction = classifier(200, 0.6, num_classes=3, seed=17)
    confusion = confusion_matrix(truth, prediction, num_classes=3)
    at_once = bootstrap_intervals(confusion)
    monkeypatch.setattr(intervals, "MAX_NUMBERS", 100)
    assert bootstrap_intervals(confusion) == at_once
