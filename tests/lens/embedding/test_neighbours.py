"""Neighbours are those of a brute comparison, in both metrics, whatever the size of a block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from glassbert.lens.embedding import distances
from glassbert.lens.embedding.neighbours import near, ranks_in


def cloud(count: int = 137, width: int = 19, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, width)) + 3 * random.normal(size=width)).astype(np.float32)


@pytest.fixture(params=["one block", "blocks of few rows", "float32"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "blocks of few rows":
        monkeypatch.setattr(distances, "BLOCK_BYTES", 137 * 8 * 5)
    if request.param == "float32":
        monkeypatch.setattr(distances, "EXACT_POINTS", 10)
    return request.param


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_brute_force(memory: str, metric: distances.Metric) -> None:
    points = cloud()
    all_distances = pairwise_distances(points.astype(np.float64), metric=metric)
    np.fill_diagonal(all_distances, np.inf)
    order = np.argsort(all_distances, axis=1)[:, :7]
    found = near(points, 7, metric=metric)
    assert found.neighbours.tolist() == order.tolist()
    wanted = np.take_along_axis(all_distances, order, axis=1)
    np.testing.assert_allclose(found.distances, wanted, rtol=1e-5, atol=1e-7)


def test_ranks_count_what_lies_nearer(memory: str) -> None:
    points = cloud()
    random = np.random.default_rng(1)
    named = np.array([random.choice(np.delete(np.arange(137), i), 4) for i in range(137)], np.int32)
    all_distances = pairwise_distances(points.astype(np.float64))
    np.fill_diagonal(all_distances, np.inf)
    places = np.argsort(np.argsort(all_distances, axis=1), axis=1)
    wanted = 1 + np.take_along_axis(places, named, axis=1)
    assert ranks_in(points, named).tolist() == wanted.tolist()
    ranks = near(points, 3, ranks_of=named).ranks
    assert ranks is not None and ranks.tolist() == wanted.tolist()


def test_nothing_is_its_own_neighbour_even_among_equals() -> None:
    points = np.repeat(cloud(4, 3), 5, axis=0)
    found = near(points, 4, metric="cosine")
    assert not (found.neighbours == np.arange(20)[:, None]).any()
    groups = found.neighbours // 5
    assert (groups == np.arange(20)[:, None] // 5).all(), "the copies are nearest"
    assert np.abs(found.distances).max() < 1e-12


def test_a_vector_of_zeros_has_neighbours() -> None:
    points = cloud(9, 4)
    points[3] = 0
    found = near(points, 8, metric="cosine")
    assert np.isfinite(found.distances).all()
    assert sorted(found.neighbours[3].tolist()) == [0, 1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_have_few_neighbours(count: int) -> None:
    found = near(cloud(count, 4), count - 1)
    assert found.neighbours.shape == (count, count - 1)


def test_progress_is_heard_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK_BYTES", 137 * 8 * 50)
    heard: list[float] = []
    near(cloud(), 3, progress=heard.append)
    assert heard == pytest.approx([50 / 137, 100 / 137, 1.0])


def test_memory_does_not_grow_with_the_pairs() -> None:
    for count in (1_000, 100_000, 1_000_000):
        rows = distances.rows_per_block(count, np.dtype(np.float32))
        assert rows >= 1 and rows * count * 4 <= distances.BLOCK_BYTES
