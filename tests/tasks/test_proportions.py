"""Intervals and tests of shares against scipy, published values and brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from glassbert.tasks.proportions import difference, fisher, holm, wilson


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_is_that_of_scipy(total: int, share: float) -> None:
    hits = round(share * total)
    low, high = wilson(np.array(hits), np.array(total))
    expected = stats.binomtest(hits, total).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_of_no_row_says_nothing() -> None:
    assert tuple(map(float, wilson(np.array(0), np.array(0)))) == (0.0, 1.0)


def test_wilson_takes_arrays() -> None:
    low, high = wilson(np.array([0, 3, 7]), np.array([5, 5, 7]))
    assert low.shape == high.shape == (3,) and low[0] == 0 and high[2] == 1 and (low < high).all()


# Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
@pytest.mark.parametrize(
    ("first", "second", "ends"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ],
)
def test_difference_is_as_published(
    first: tuple[int, int], second: tuple[int, int], ends: tuple[float, float]
) -> None:
    (hits, total), (other_hits, other_total) = first, second
    found = difference(
        np.array(hits), np.array(total), other_hits=np.array(other_hits), other_total=np.array(other_total)
    )
    assert tuple(map(float, found)) == pytest.approx(ends, abs=6e-5)


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
def test_fisher_is_that_of_scipy(total: int, other_total: int, share: float, other_share: float) -> None:
    hits, other_hits = round(share * total), round(other_share * other_total)
    ours = fisher(hits, total, other_hits=other_hits, other_total=other_total)
    table = [[hits, total - hits], [other_hits, other_total - other_hits]]
    assert ours == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-6, abs=1e-14)


def test_fisher_of_a_million_rows_is_that_of_scipy() -> None:
    ours = fisher(180_400, 200_000, other_hits=721_000, other_total=800_000)
    theirs = stats.fisher_exact([[180_400, 19_600], [721_000, 79_000]]).pvalue
    assert ours == pytest.approx(theirs, rel=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float]) -> None:
    """A hypothesis falls when every set of hypotheses that holds it does: Marcus, Peritz and Gabriel 1976."""
    size = len(p_values)
    brute = [
        max(
            min(1.0, len(some) * min(p_values[j] for j in some))
            for count in range(1, size + 1)
            for some in combinations(range(size), count)
            if i in some
        )
        for i in range(size)
    ]
    np.testing.assert_allclose(holm(np.array(p_values)), brute, rtol=1e-12)


def test_holm_of_no_test_is_none() -> None:
    assert holm(np.zeros(0)).shape == (0,)
