"""Paired tests against scipy, against all sign flips written out, and at their nominal level."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from glassbert.tasks.paired import mcnemar, sign_flips, swaps


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
def test_mcnemar_is_the_binomial_test_of_the_rows_that_differ(b: int, c: int, same: int) -> None:
    first = np.array([True] * b + [False] * c + [True] * same, dtype=bool)
    second = np.array([False] * b + [True] * c + [True] * same, dtype=bool)
    wanted = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted, rel=1e-9)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_of_many_rows_does_not_underflow() -> None:
    first, second = np.zeros(20_000, dtype=bool), np.zeros(20_000, dtype=bool)
    first[:10_100], second[10_100:] = True, True
    assert mcnemar(first, second) == pytest.approx(binomtest(10_100, 20_000, 0.5).pvalue, rel=1e-6)


@given(st.lists(st.integers(-5, 5), max_size=9))
def test_few_differences_are_flipped_in_every_way(drawn: list[int]) -> None:
    values = [value for value in drawn if value]
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True)))
        for signs in product((1, -1), repeat=len(values))
    ]
    wanted = np.mean([each >= abs(sum(values)) for each in sums])
    assert sign_flips(np.array(drawn, dtype=np.float64)) == pytest.approx(wanted)


def test_differences_of_nothing_are_refused_at_the_nominal_rate() -> None:
    draw = np.random.default_rng(0)
    found = np.array([sign_flips(draw.normal(size=30), seed=i) for i in range(200)])
    # 200 tests at level 0.05: 10 expected, 21 or more with probability 0.001
    assert (found < 0.05).sum() <= 20
    assert 0.4 < found.mean() < 0.6


def test_a_clear_difference_is_found() -> None:
    draw = np.random.default_rng(1)
    assert sign_flips(draw.normal(1.0, size=100)) == pytest.approx(1 / 20_001)
    assert sign_flips(np.zeros(5)) == 1.0


def f1(sums: np.ndarray) -> np.ndarray:
    hits, predicted = sums[..., 0], sums[..., 1]
    return 2 * hits / (20 + predicted)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=8))
def test_few_answers_are_swapped_in_every_way(rows: list[tuple[int, ...]]) -> None:
    first, second = np.array(rows)[:, :2], np.array(rows)[:, 2:]
    gaps = []
    for swapped in product((False, True), repeat=len(rows)):
        mask = np.array(swapped)[:, None]
        ours, theirs = np.where(mask, second, first), np.where(mask, first, second)
        gaps.append(abs(f1(ours.sum(0)) - f1(theirs.sum(0))))
    wanted = np.mean([gap >= gaps[0] - 1e-12 for gap in gaps])
    assert swaps(first, second, f1) == pytest.approx(wanted)
    assert swaps(second, first, f1) == swaps(first, second, f1)


def test_swaps_of_a_sum_are_sign_flips() -> None:
    draw = np.random.default_rng(1)
    first, second = draw.integers(0, 5, (2, 60, 1))
    wanted = sign_flips((first - second)[:, 0].astype(np.float64))
    assert swaps(first, second, lambda sums: sums[..., 0]) == wanted
    assert 0.0 < wanted < 1.0
