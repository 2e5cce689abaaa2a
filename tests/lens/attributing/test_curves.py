"""Curves tell a good order from a bad one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from glassbert.lens.attributing.curves import (
    comprehensiveness,
    deletion,
    insertion,
    order_of,
    points,
    random_orders,
    rank_correlation,
    sufficiency,
)
from glassbert.lens.attributing.perturbing import occlusion

WEIGHTS = np.random.default_rng(0).normal(size=17)


def value(kept: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(kept @ WEIGHTS)))


def noisy() -> np.ndarray:
    """Scores of a method that is right most of the time."""
    return WEIGHTS + np.random.default_rng(1).normal(size=17)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 20, 21, 25, 510])
def test_points_reach_from_nothing_to_all_and_are_the_same_backwards(count: int) -> None:
    found = points(count, 20)
    assert found[0] == 0 and found[-1] == count and len(found) <= 22
    assert (count - found[::-1]).tolist() == found.tolist()
    if 0 < count <= 20:
        assert found.tolist() == list(range(count + 1))


def test_the_oracle_beats_the_method_beats_chance_beats_the_inverse() -> None:
    counts = points(17, 20)
    random = random_orders(value, counts, num_tokens=17, count=200, seed=0)
    orders = [order_of(scores, seed=0) for scores in (WEIGHTS, noisy(), -WEIGHTS)]
    oracle, method, inverse = (comprehensiveness(deletion(value, order, counts)) for order in orders)
    assert oracle > method > comprehensiveness(random.deletion).mean() > inverse
    assert oracle >= comprehensiveness(random.deletion).max()
    oracle, method, inverse = (sufficiency(insertion(value, order, counts)) for order in orders)
    assert oracle < method < sufficiency(random.insertion).mean() < inverse


def test_a_curve_masks_the_highest_scores_first() -> None:
    counts = points(3, 20)
    weights = np.array([1.0, 4.0, 2.0])
    order = order_of(weights, seed=0)
    assert order.tolist() == [1, 2, 0]
    assert deletion(lambda kept: kept @ weights, order, counts).tolist() == [7.0, 3.0, 1.0, 0.0]
    assert insertion(lambda kept: kept @ weights, order, counts).tolist() == [0.0, 4.0, 6.0, 7.0]
    assert comprehensiveness(np.array([7.0, 3.0, 1.0, 0.0])) == pytest.approx(7 - 4 / 3)
    assert sufficiency(np.array([0.0, 4.0, 6.0, 7.0])) == pytest.approx(7 - 17 / 3)


def test_insertion_of_a_random_order_is_deletion_of_its_reverse() -> None:
    counts, draw = points(17, 8), np.random.default_rng(5)
    orders = [draw.permutation(17) for _ in range(30)]
    random = random_orders(value, counts, num_tokens=17, count=30, seed=5)
    for number, order in enumerate(orders):
        np.testing.assert_allclose(random.deletion[number], deletion(value, order, counts))
        np.testing.assert_allclose(random.insertion[number], insertion(value, order[::-1], counts))


def test_equal_scores_are_ordered_by_the_seed_not_by_their_place() -> None:
    orders = {tuple(order_of(np.zeros(8), seed=seed)) for seed in range(20)}
    assert len(orders) == 20
    assert tuple(order_of(np.zeros(8), seed=3)) in orders


def test_rank_correlation_is_spearmans() -> None:
    draw = np.random.default_rng(2)
    left, right = draw.integers(0, 6, 40).astype(float), draw.normal(size=40)
    right += left / 4
    assert rank_correlation(left, right) == pytest.approx(scipy.stats.spearmanr(left, right).statistic)
    assert np.isnan(rank_correlation(left, np.ones(40)))
    assert np.isnan(rank_correlation(np.array([]), np.array([])))


def test_occlusion_of_a_sum_finds_the_oracle() -> None:
    found = occlusion(lambda kept: kept @ WEIGHTS, 17)
    assert order_of(found, seed=0).tolist() == np.argsort(-WEIGHTS).tolist()
