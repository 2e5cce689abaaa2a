"""Procrustes recovers what was done to a configuration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import procrustes as scipys
from scipy.stats import ortho_group

from glassbert.lens.embedding.procrustes import procrustes


@pytest.mark.parametrize("width", [2, 3, 17])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_known_rotation_scale_and_shift_are_recovered(width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    moving = random.normal(size=(40, width))
    turn, shift = ortho_group.rvs(width, random_state=seed), random.normal(size=width)
    fixed = 2.5 * moving @ turn + shift
    found = procrustes(moving, fixed)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-10)
    assert found.scale == pytest.approx(2.5)
    np.testing.assert_allclose(found.apply(moving), fixed, atol=1e-10)
    assert found.disparity < 1e-12


def test_a_mirrored_map_is_turned_back() -> None:
    plane = np.random.default_rng(0).normal(size=(20, 2))
    found = procrustes(plane * [1, -1], plane)
    assert np.linalg.det(found.rotation) == pytest.approx(-1)
    np.testing.assert_allclose(found.apply(plane * [1, -1]), plane, atol=1e-12)


def test_disparity_is_that_of_scipy() -> None:
    random = np.random.default_rng(4)
    one, other = random.normal(size=(30, 3)), random.normal(size=(30, 3))
    assert procrustes(one, other).disparity == pytest.approx(scipys(other, one)[2])


def test_the_rotation_is_orthogonal_and_the_best_of_many() -> None:
    random = np.random.default_rng(5)
    one, other = random.normal(size=(25, 2)), random.normal(size=(25, 2))
    one, other = one - one.mean(0), other - other.mean(0)
    found = procrustes(one, other)
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(2), atol=1e-12)
    best = np.square(found.apply(one) - other).sum()
    for angle in np.linspace(0, 2 * np.pi, 90):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        for mirror in (1, -1):
            assert np.square(found.scale * one @ turn * [1, mirror] - other).sum() >= best - 1e-9


@pytest.mark.parametrize("count", [1, 3])
def test_points_in_one_place_are_only_shifted(count: int) -> None:
    found = procrustes(np.zeros((count, 2)), np.full((count, 2), 4.0))
    assert found.apply(np.zeros((count, 2))).tolist() == [[4.0, 4.0]] * count
    assert found.disparity == 0
