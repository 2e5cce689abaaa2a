"""Directions: as long as the filters, orthogonal; principal ones equal to a singular value decomposition."""

import numpy as np
import pytest
import torch

from glassbert.errors import UsageError
from glassbert.lens.landscaping.directions import (
    filter_normalised,
    inner_products,
    length,
    mixed,
    principal,
)
from tests.lens.landscaping.material import Small


def test_random_directions_have_the_norms_of_the_filters_and_are_orthogonal() -> None:
    weights = {name: each.detach() for name, each in Small().network.named_parameters()}
    weights["padding"] = torch.zeros(3, 6)  # nothing is as long as nothing
    for seed in (0, 1):
        one, two = filter_normalised(weights, seed=seed)
        overlap = 0.0
        for name, weight in weights.items():
            if weight.ndim < 2:
                assert not one[name].any() and not two[name].any()
                continue
            for direction in (one, two):
                assert direction[name].dtype == weight.dtype
                torch.testing.assert_close(direction[name].norm(dim=1), weight.norm(dim=1), rtol=1e-5, atol=0)
            by_filter = (one[name].double() * two[name].double()).sum(dim=1)
            assert by_filter.abs().max() <= 1e-6 * weight.double().square().sum(dim=1).max()
            overlap += float(by_filter.sum())
        assert abs(overlap) <= 1e-6 * length(one) * length(two)


def test_random_directions_are_a_function_of_the_seed() -> None:
    weights = {name: each.detach() for name, each in Small().network.named_parameters()}
    first, again, other = (filter_normalised(weights, seed=seed)[0] for seed in (4, 4, 5))
    assert all(torch.equal(first[name], again[name]) for name in weights)
    assert any(not torch.equal(first[name], other[name]) for name in weights)


def test_principal_directions_are_those_of_a_singular_value_decomposition() -> None:
    draw = np.random.default_rng(0)
    flat = np.cumsum(draw.normal(size=(6, 40)) * ([5.0] * 3 + [1.0] * 37), axis=0)
    models = [
        {"a": torch.from_numpy(row[:30].reshape(5, 6)), "b": torch.from_numpy(row[30:])} for row in flat
    ]
    origin = models[4]
    found = principal(inner_products(models, origin, ["a", "b"]))
    centred = flat - flat.mean(axis=0)
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.variance, (values**2 / (values**2).sum())[:2], rtol=1e-9)
    axes = [mixed(models, origin, ["a", "b"], mix=mix) for mix in found.mix]
    dense = np.stack([torch.cat([axis["a"].flatten(), axis["b"]]).numpy() for axis in axes])
    np.testing.assert_allclose(np.abs(dense @ vectors[:2].T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(dense @ dense.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.positions, (flat - flat[4]) @ dense.T, atol=1e-9)
    rest = (flat - flat[4]) - found.positions @ dense
    np.testing.assert_allclose(found.off_plane, np.linalg.norm(rest, axis=1), atol=1e-9)
    assert found.off_plane[4] == 0 and (found.positions[0] <= 0).all()


@pytest.mark.parametrize("count", [1, 2, 4])
def test_models_on_one_line_have_no_plane(count: int) -> None:
    along = np.outer(np.arange(count), np.arange(count)).astype(float)
    with pytest.raises(UsageError, match="no-plane"):
        principal(along)
