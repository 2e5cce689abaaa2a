"""Temperature and calibration error against closed forms, simulation and a plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize
from scipy.special import log_softmax as scipy_log_softmax

from glassbert.tasks import calibration
from glassbert.tasks.calibration import (
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    softmax,
)


def simulated(rows: int, temperature: float, *, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn from softmax(logits / temperature)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, size=(rows, num_classes))
    noise = generator.gumbel(size=logits.shape)
    return logits, np.argmax(logits / temperature + noise, axis=1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 8.0])
@pytest.mark.parametrize("num_classes", [2, 7])
def test_temperature_of_simulated_logits_is_recovered(temperature: float, num_classes: int) -> None:
    logits, truth = simulated(40_000, temperature, num_classes=num_classes, seed=1)
    assert fit_temperature(logits, truth).value == pytest.approx(temperature, rel=0.06)


def test_temperature_equals_scipys_minimiser() -> None:
    logits, truth = simulated(500, 1.7, num_classes=4, seed=2)

    def loss(log_temperature: float) -> float:
        return float(
            -scipy_log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(500), truth].mean()
        )

    theirs = np.exp(
        optimize.minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10}).x
    )
    assert fit_temperature(logits, truth).value == pytest.approx(theirs, rel=1e-5)


@given(data=st.data())
def test_temperature_never_makes_the_fitted_rows_less_likely(data: st.DataObject) -> None:
    logits = data.draw(
        arrays(
            np.float32,
            st.tuples(st.integers(1, 12), st.integers(2, 4)),
            elements=st.floats(-50, 50, width=32),
        )
    )
    truth = data.draw(arrays(np.int64, len(logits), elements=st.integers(0, logits.shape[1] - 1)))
    fitted = fit_temperature(logits, truth).value
    assert MIN_TEMPERATURE * 0.999 <= fitted <= MAX_TEMPERATURE * 1.001
    before = negative_log_likelihood(logits, truth)
    assert negative_log_likelihood(logits, truth, temperature=fitted) <= before + 1e-9 * (1 + before)


def test_temperature_stays_one_when_every_row_is_right() -> None:
    logits, _ = simulated(50, 1.0, num_classes=3, seed=3)
    fitted = fit_temperature(logits, logits.argmax(1))
    assert fitted.value == 1.0
    assert "no validation row is classified wrongly" in fitted.reason


def test_temperature_stays_one_for_constant_logits() -> None:
    fitted = fit_temperature(np.full((20, 3), 0.1, dtype=np.float32), np.arange(20) % 3)
    assert fitted.value == 1.0
    assert "equal" in fitted.reason


def test_temperature_is_bounded_for_logits_that_point_the_wrong_way() -> None:
    logits, _ = simulated(50, 1.0, num_classes=3, seed=4)
    fitted = fit_temperature(logits, logits.argmin(1))
    assert fitted.value == MAX_TEMPERATURE
    assert "no better than chance" in fitted.reason


def test_temperature_is_bounded_for_logits_of_a_tiny_scale() -> None:
    logits, truth = simulated(2000, 1.0, num_classes=3, seed=5)
    fitted = fit_temperature(logits * 1e-6, truth)
    assert fitted.value == MIN_TEMPERATURE


def test_temperature_of_one_wrong_row_among_extreme_logits_is_finite_and_better() -> None:
    logits = np.array([[1e4, 0.0], [0.0, 1e4], [10.0, 0.0]])
    truth = np.array([0, 1, 1])
    fitted = fit_temperature(logits, truth).value
    after = negative_log_likelihood(logits, truth, temperature=fitted)
    assert np.isfinite(after)
    assert after < negative_log_likelihood(logits, truth)


def test_softmax_leaves_the_order_of_classes_alone_and_sums_to_one() -> None:
    logits, _ = simulated(200, 1.0, num_classes=5, seed=6)
    for temperature in (0.01, 0.5, 3.0, 100.0):
        scores = softmax(logits.astype(np.float32), temperature=temperature)
        np.testing.assert_allclose(scores.sum(1), 1, atol=1e-12)
        np.testing.assert_array_equal(scores.argmax(1), logits.astype(np.float32).argmax(1))


def test_reliability_and_its_error_equal_a_plain_loop() -> None:
    logits, truth = simulated(3000, 2.0, num_classes=4, seed=7)
    probabilities = softmax(logits)
    total, expected = 0.0, []
    for i in range(15):
        low, high = i / 15, (i + 1) / 15
        rows = [r for r in range(3000) if low < probabilities[r].max() <= high]
        if rows:
            sure = sum(probabilities[r].max() for r in rows) / len(rows)
            right = sum(probabilities[r].argmax() == truth[r] for r in rows) / len(rows)
            expected.append((low, high, len(rows), pytest.approx(sure), pytest.approx(right)))
            total += len(rows) / 3000 * abs(sure - right)
    bins = reliability(probabilities, truth)
    found = [(each.low, each.high, each.count, each.confidence, each.accuracy) for each in bins]
    assert found == expected
    assert expected_calibration_error(bins) == pytest.approx(total)


def test_reliability_puts_a_confidence_on_an_edge_into_the_lower_bin() -> None:
    probabilities = np.array([[0.6, 0.4], [0.8, 0.2], [1.0, 0.0]])
    bins = reliability(probabilities, np.array([0, 0, 0]), num_bins=5)
    assert [(each.high, each.count) for each in bins] == [(0.6, 1), (0.8, 1), (1.0, 1)]


def test_calibration_error_falls_on_rows_that_were_not_fitted() -> None:
    logits, truth = simulated(20_000, 3.0, num_classes=3, seed=8)
    fitted = fit_temperature(logits[:10_000], truth[:10_000])
    found = calibration.measure(fitted, logits[10_000:], truth[10_000:])
    assert found.temperature == fitted.value
    assert found.ece_before > 0.15
    assert found.ece_after < 0.02
    assert sum(each.count for each in found.bins) == 10_000
