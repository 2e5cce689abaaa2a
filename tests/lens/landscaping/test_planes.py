"""Planes: what stands at a point, exactly where a model lies there; models that span none are refused."""

import numpy as np
import pytest
import torch
from torch import Tensor

from glassbert.errors import DataError, UsageError
from glassbert.lens.landscaping.directions import length
from glassbert.lens.landscaping.planes import Plane, put
from tests.lens.landscaping.material import Quadratic, Small


def standing(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in module.named_parameters()}


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("count", [2, 3])
def test_at_a_model_stands_that_model_to_the_bit(count: int) -> None:
    small = Small()
    models = {str(seed): small.weights(seed=seed) for seed in range(count)}
    plane = Plane.between(small.network, models)
    for place in plane.places:
        plane.put(small.network, place.position)
        assert equal(standing(small.network), models[place.name])


def test_beside_a_model_the_plane_says_the_same_up_to_rounding() -> None:
    small = Small(dtype=torch.float64)
    models = {str(seed): small.weights(seed=seed) for seed in range(3)}
    plane = Plane.between(small.network, models)
    for place in plane.places:
        plane.put(small.network, tuple(at + 1e-12 for at in place.position))
        for name, tensor in standing(small.network).items():
            torch.testing.assert_close(tensor, models[place.name][name], rtol=0, atol=1e-9)


def test_the_axes_of_three_models_are_orthogonal_and_reach_the_second_and_the_third() -> None:
    small = Small(dtype=torch.float64)
    models = {str(seed): small.weights(seed=seed) for seed in range(3)}
    plane = Plane.between(small.network, models)
    apart = length({name: models["1"][name] - models["0"][name] for name in models["0"]})
    assert plane.axis_norms[0] == pytest.approx(apart, rel=1e-12)
    third = plane.places[2].position
    far = length({name: models["2"][name] - models["0"][name] for name in models["0"]})
    assert np.hypot(third[0] * plane.axis_norms[0], plane.axis_norms[1]) == pytest.approx(far, rel=1e-12)
    assert third[1] == 1
    overlap = sum(float((plane.axes[0][name] * plane.axes[1][name]).sum()) for name in plane.axes[0])
    assert abs(overlap) < 1e-12 * far**2
    assert [place.position for place in plane.places][:2] == [(0.0, 0.0), (1.0, 0.0)]
    assert all(low < min(p) and max(p) < high for low, high, p in zip(
        plane.low, plane.high, zip(*(place.position for place in plane.places), strict=True), strict=True
    ))  # fmt: skip


def test_a_trajectory_passes_through_its_centre_to_the_bit_and_says_how_far_off_the_others_are() -> None:
    small = Small(dtype=torch.float64)
    steps = {10 * seed: small.weights(seed=seed) for seed in range(5)}
    plane = Plane.trajectory(small.network, steps, centre=30)
    assert [place.step for place in plane.places] == [0, 10, 20, 30, 40]
    (inside,) = plane.inside()
    assert inside.step == 30
    assert inside.position == pytest.approx((0, 0), abs=1e-12)
    plane.put(small.network, inside.position)
    assert equal(standing(small.network), steps[30])
    for place in plane.places:
        plane.put(small.network, place.position)
        shadow = standing(small.network)
        off = length({name: shadow[name] - steps[place.step][name] for name in shadow})
        assert off == pytest.approx(place.off_plane, abs=1e-9)
    assert sum(plane.variance) < 1 and plane.variance[0] >= plane.variance[1]


def test_three_checkpoints_lie_in_their_plane() -> None:
    small = Small()
    steps = {seed: small.weights(seed=seed) for seed in range(3)}
    plane = Plane.trajectory(small.network, steps)
    assert len(plane.inside()) == 3
    assert sum(plane.variance) == pytest.approx(1)


def test_models_that_span_nothing_are_refused() -> None:
    module = Quadratic()
    one, two = module.weights(seed=1), module.weights(seed=2)
    middle = {name: (one[name] + two[name]) / 2 for name in one}
    for models, what in (
        ({"a": one}, "1 models span no line"),
        ({"a": one, "b": dict(one)}, "a and b have the same weights"),
        ({"a": one, "b": two, "c": middle}, "c lies on the line through a and b"),
    ):
        with pytest.raises(UsageError, match=what):
            Plane.between(module, models)
    with pytest.raises(UsageError, match="lie on one line"):
        Plane.trajectory(module, {0: one, 1: two, 2: middle})


def test_weights_of_another_model_are_refused_with_their_names() -> None:
    module = Quadratic()
    one, two = module.weights(seed=1), module.weights(seed=2)
    two["matrix"] = two["matrix"][:3]
    del two["vector"]
    with pytest.raises(DataError) as caught:
        Plane.between(module, {"one": one, "two": two})
    assert "matrix of two has shape [3, 3], not [5, 3]" in str(caught.value)
    assert "two has no vector" in str(caught.value)


def test_put_copies_every_bit() -> None:
    small = Small()
    weights = small.weights(seed=9)
    put(small.network, weights)
    assert equal(standing(small.network), weights)
