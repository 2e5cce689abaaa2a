"""The verdict says what the rows prove: five situations made on purpose, and its rate of false praise."""

import re

import numpy as np
import pytest

from glassbert.tasks.intervals import paired_differences
from glassbert.tasks.verdict import Verdict, compare

LABELS = ("neg", "pos", "rare")


def guesses(truth: np.ndarray, skill: float, *, seed: int) -> np.ndarray:
    """A classifier that is right on a share `skill` of the rows and answers the next class elsewhere."""
    right = np.random.default_rng(seed).permutation(len(truth)) < skill * len(truth)
    return np.where(right, truth, (truth + 1) % len(LABELS))


def judge(model: np.ndarray, baseline: np.ndarray, truth: np.ndarray, **options: int) -> Verdict:
    return compare(model, baseline, truth=truth, labels=LABELS, **options)


@pytest.fixture
def truth() -> np.ndarray:
    return np.arange(600) % 3


def test_verdict_praises_a_model_beyond_the_interval(truth: np.ndarray) -> None:
    found = judge(guesses(truth, 0.9, seed=1), guesses(truth, 0.8, seed=2), truth)
    assert found.better and found.outcome == "better"
    assert found.text.startswith("Better than TF-IDF + logistic regression.")
    assert "Accuracy 0.900 against 0.800" in found.text
    assert "600 rows" in found.text
    assert "+10.0 points" in found.text


def test_numbers_in_the_sentence_are_those_of_the_paired_bootstrap(truth: np.ndarray) -> None:
    model, baseline = guesses(truth, 0.9, seed=1), guesses(truth, 0.8, seed=2)
    found = paired_differences(truth, (model, baseline), num_classes=3)
    shown = [float(number) for number in re.findall(r"[+-]\d+\.\d", judge(model, baseline, truth).text)]
    expected = [
        100 * getattr(found[name], part)
        for name in ("accuracy", "macro_f1")
        for part in ("value", "low", "high")
    ]
    assert shown == pytest.approx(expected, abs=0.051)


def test_verdict_does_not_praise_what_may_be_chance(truth: np.ndarray) -> None:
    found = judge(guesses(truth, 0.81, seed=3), guesses(truth, 0.8, seed=4), truth)
    assert not found.better and found.outcome == "same"
    assert found.text.startswith("Not distinguishable from TF-IDF")


def test_verdict_says_worse(truth: np.ndarray) -> None:
    found = judge(guesses(truth, 0.6, seed=5), guesses(truth, 0.8, seed=6), truth)
    assert not found.better and found.outcome == "worse"
    assert found.text.startswith("Worse than TF-IDF")
    assert "-20.0 points" in found.text


def test_verdict_names_the_label_of_a_collapsed_model(truth: np.ndarray) -> None:
    found = judge(np.ones_like(truth), guesses(truth, 0.1, seed=7), truth)
    assert not found.better and found.outcome == "collapsed"
    assert '"pos" for all 600' in found.text


def test_verdict_does_not_praise_a_collapsed_model_that_beats_the_baseline() -> None:
    truth = np.repeat([0, 1], [570, 30])
    found = judge(np.zeros_like(truth), guesses(truth, 0.5, seed=8), truth)
    assert not found.better and found.outcome == "collapsed"


def test_verdict_needs_enough_rows(truth: np.ndarray) -> None:
    few = truth[:12]
    found = judge(few, guesses(few, 0.0, seed=9), few)
    assert not found.better and found.outcome == "too-few"
    assert (
        "Too few rows to tell whether the model beats TF-IDF + logistic regression: 12 evaluation rows"
        in found.text
    )
    assert "Accuracy 1.000 against 0.000" in found.text


def test_verdict_needs_two_labels_among_the_rows() -> None:
    truth = np.full(200, 2)
    found = judge(truth, guesses(truth, 0.5, seed=10), truth)
    assert not found.better and found.outcome == "too-few"
    assert 'all 200 evaluation rows carry the label "rare"' in found.text


def test_verdict_sees_a_gain_that_the_rare_labels_pay_for() -> None:
    truth = np.repeat([0, 1, 2], [900, 60, 60])
    baseline = np.where(np.arange(1020) < 250, 1, truth)
    model = np.where(truth == 2, 0, truth)
    found = judge(model, baseline, truth)
    assert not found.better and found.outcome == "mixed"
    assert "worse on the rarer labels" in found.text


def test_verdict_praises_equal_models_at_most_as_often_as_promised() -> None:
    generator = np.random.default_rng(11)
    truth = np.arange(150) % 3
    praised = 0
    for seed in range(400):
        wrong = generator.random((2, 150)) < 0.3
        model, baseline = (np.where(each, (truth + 1) % 3, truth) for each in wrong)
        praised += judge(model, baseline, truth, draws=300, seed=seed).better
    assert praised / 400 < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)


def test_verdict_is_the_same_every_time(truth: np.ndarray) -> None:
    model, baseline = guesses(truth, 0.85, seed=12), guesses(truth, 0.8, seed=13)
    assert judge(model, baseline, truth) == judge(model, baseline, truth)
