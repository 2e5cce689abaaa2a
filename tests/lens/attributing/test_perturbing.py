"""Shapley values equal their definition, LIME and occlusion what they promise."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from glassbert.lens.attributing.perturbing import exact_shapley, lime, occlusion, sampled_shapley
from tests.lens.attributing.planted import Bag, subject_of


def game(num_tokens: int, seed: int = 3) -> tuple[np.ndarray, object]:
    """Weights of single tokens and of pairs, and the function they make: no linear game."""
    draw = np.random.default_rng(seed)
    single, pairs = draw.normal(size=num_tokens), np.triu(draw.normal(size=(num_tokens, num_tokens)), 1)

    def value(kept: np.ndarray) -> np.ndarray:
        here = kept.astype(np.float64)
        return 0.7 + here @ single + np.einsum("ni,ij,nj->n", here, pairs, here)

    return single + (pairs + pairs.T).sum(1) / 2, value


@pytest.mark.parametrize("num_tokens", [1, 2, 5, 10])
def test_exact_shapley_equals_the_closed_form_of_a_game_of_pairs(num_tokens: int) -> None:
    wanted, value = game(num_tokens)
    np.testing.assert_allclose(exact_shapley(value, num_tokens), wanted, atol=1e-10)


def test_exact_shapley_is_the_mean_over_all_orders() -> None:
    draw = np.random.default_rng(0)
    table = draw.normal(size=2**4)

    def value(kept: np.ndarray) -> np.ndarray:
        return table[kept @ (1 << np.arange(4))]

    gains = np.zeros(4)
    for order in permutations(range(4)):
        kept = np.zeros((5, 4), dtype=bool)
        for place, token in enumerate(order):
            kept[place + 1 :, token] = True
        gains[list(order)] += np.diff(value(kept)) / 24
    np.testing.assert_allclose(exact_shapley(value, 4), gains, atol=1e-12)


def test_sampling_approaches_enumeration_and_sums_exactly() -> None:
    _, pair_value = game(9)

    def value(kept: np.ndarray) -> np.ndarray:
        return np.tanh(pair_value(kept))

    exact = exact_shapley(value, 9)
    errors = []
    for samples in (100, 20_000):
        found = sampled_shapley(value, 9, samples=samples, seed=1)
        ends = value(np.array([[False] * 9, [True] * 9]))
        assert abs(found.sum() - (ends[1] - ends[0])) < 1e-12
        errors.append(np.abs(found - exact).max())
    assert errors[1] < 0.03 < 0.2 * np.abs(exact).max()
    assert errors[1] < errors[0]


def test_pairs_of_opposite_orders_are_exact_for_a_game_of_pairs() -> None:
    wanted, value = game(12)
    np.testing.assert_allclose(sampled_shapley(value, 12, samples=1, seed=0), wanted, atol=1e-10)


def test_a_linear_bag_of_embeddings_has_the_closed_form() -> None:
    bag = Bag()
    subject = subject_of(bag)
    wanted = (bag.of_ids(subject.input_ids) - bag.of_ids([4]))[subject.content]
    count = subject.num_content
    for found in (
        exact_shapley(subject.values, count),
        sampled_shapley(subject.values, count, samples=1, seed=5),
        occlusion(subject.values, count),
    ):
        np.testing.assert_allclose(found, wanted, atol=2e-5)
    near = lime(subject.values, count, samples=4000, seed=0)
    np.testing.assert_allclose(near, wanted, rtol=0.01, atol=0.01)


def test_one_token_is_all_that_counts() -> None:
    def value(kept: np.ndarray) -> np.ndarray:
        return 2.0 * kept[:, 0]

    for found in (
        exact_shapley(value, 1),
        sampled_shapley(value, 1, samples=10, seed=0),
        occlusion(value, 1),
        lime(value, 1, samples=100, seed=0),
    ):
        assert found.tolist() == [2.0]
