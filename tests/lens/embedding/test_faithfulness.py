"""Trustworthiness is scikit-learn's, continuity is its definition, and both are those of every point."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances

from glassbert.lens.embedding.distances import Metric
from glassbert.lens.embedding.faithfulness import judge, judged_neighbours


def cloud(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def by_definition(inside: np.ndarray, judged: np.ndarray, k: int) -> np.ndarray:
    """1 - 2 / (k (2n - 3k - 1)) times the sum of r - k over the neighbours in `judged` that are none inside.

    With (space, map): the trustworthiness of each point; with (map, space): its continuity. Venna and Kaski.
    """
    n = len(inside)
    found = []
    for i in range(n):
        order = [j for j in np.argsort(inside[i], kind="stable") if j != i]
        near = [j for j in np.argsort(judged[i], kind="stable") if j != i][:k]
        excess = sum(order.index(j) + 1 - k for j in near if j not in order[:k])
        found.append(1 - 2 / (k * (2 * n - 3 * k - 1)) * excess)
    return np.array(found)


@pytest.mark.parametrize("k", [1, 5, 12, 28])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_trustworthiness_is_that_of_scikit_learn(k: int, metric: Metric) -> None:
    space, plane = cloud(61, 9), cloud(61, 2, seed=1)
    plane[:, 0] += 2 * space[:, 0]
    found = judge(space, plane, k=k, metric=metric)
    wanted = trustworthiness(space, plane, n_neighbors=k, metric=metric)
    assert found.k == k and 0 < wanted < 1
    assert found.trustworthiness.mean(dtype=np.float64) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_every_point_has_the_measures_of_the_definition(metric: Metric) -> None:
    space, plane = cloud(40, 6, seed=2), cloud(40, 2, seed=3)
    plane += space[:, :2]
    found = judge(space, plane, k=6, metric=metric)
    distances = pairwise_distances(space.astype(np.float64), metric=metric), pairwise_distances(plane)
    np.testing.assert_allclose(found.trustworthiness, by_definition(*distances, 6), atol=1e-6)
    np.testing.assert_allclose(found.continuity, by_definition(*distances[::-1], 6), atol=1e-6)


def test_a_map_that_is_the_space_is_perfect() -> None:
    plane = cloud(50, 2)
    found = judge(plane, 3 * plane + 7, k=10, metric="euclidean")
    assert found.trustworthiness.tolist() == [1] * 50 and found.continuity.tolist() == [1] * 50


def test_a_point_that_was_put_among_strangers_is_found() -> None:
    plane = np.concatenate([cloud(30, 2), cloud(30, 2, seed=1) + 50])
    space, moved = plane.copy(), plane.copy()
    moved[0] = plane[45] + 0.01
    found = judge(space, moved, k=5, metric="euclidean")
    assert found.trustworthiness.argmin() == 0 and found.continuity.argmin() == 0


def test_neighbours_are_of_the_space_and_not_of_the_map() -> None:
    space, plane = cloud(30, 5), cloud(30, 2, seed=9)
    distances = pairwise_distances(space.astype(np.float64))
    np.fill_diagonal(distances, np.inf)
    found = judge(space, plane, k=4, metric="euclidean").near.neighbours
    assert found.tolist() == np.argsort(distances, axis=1)[:, :4].tolist()


@pytest.mark.parametrize(("count", "k", "judged"), [(1, 5, 0), (2, 5, 0), (3, 5, 1), (12, 5, 5), (9, 5, 4)])
def test_few_points_are_judged_by_fewer_neighbours(count: int, k: int, judged: int) -> None:
    assert judged_neighbours(count, k) == judged
    found = judge(cloud(count, 4), cloud(count, 2), k=k, metric="cosine")
    assert np.isnan(found.trustworthiness).all() == (judged == 0)
    assert found.near.neighbours.shape == (count, min(k, count - 1))
