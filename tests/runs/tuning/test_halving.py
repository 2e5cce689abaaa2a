"""Rungs and who goes on, by hand."""

from glassbert.runs.tuning.halving import goes_on, rung_of


def test_a_trial_is_looked_at_once_at_each_rung() -> None:
    assert rung_of(0.19, {}) is None
    assert rung_of(0.2, {}) == "0.2"
    assert rung_of(0.4, {"0.2": 1.0}) is None
    assert rung_of(0.5, {"0.2": 1.0}) == "0.5"
    assert rung_of(0.9, {}) == "0.5"


def test_the_best_third_goes_on_and_the_first_three_always() -> None:
    assert goes_on(0.0, [1.0, 2.0])
    assert not goes_on(0.5, [1.0, 2.0, 3.0]), "of four, two go on"
    assert not goes_on(1.5, [2.0, 2.5, 3.0])
    assert goes_on(2.2, [2.0, 2.1, 3.0])
    assert goes_on(3.0, [3.0, 3.0, 3.0]), "equals are kept"
