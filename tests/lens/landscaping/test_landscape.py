"""The landscape lens: closed forms, exact values at models, and a module that is the same afterwards."""

import numpy as np
import pytest
import torch

import glassbert as gb
from glassbert.errors import Interrupted, UsageError
from glassbert.lens.landscape_record import LandscapeRecord
from glassbert.lens.landscaping.moving import digest
from glassbert.lens.landscaping.options import Cost, LandscapeOptions
from glassbert.lens.landscaping.planes import Plane
from glassbert.lens.landscaping.samples import mean_loss
from tests.lens.landscaping.material import Quadratic, Small, samples_of

LOOK = gb.lens.landscape


def quadratic_plane(kind: str, module: Quadratic) -> Plane:
    models = [module.weights(seed=seed) for seed in range(5)]
    if kind == "random":
        return Plane.random(module, seed=2)
    if kind == "trajectory":
        return Plane.trajectory(module, dict(enumerate(models)))
    count = {"line": 2, "between": 3}[kind]
    return Plane.between(module, {str(number): models[number] for number in range(count)})


@pytest.mark.parametrize("kind", ["line", "between", "random", "trajectory"])
def test_a_quadratic_equals_its_closed_form_at_every_point(kind: str) -> None:
    module = Quadratic().train()
    plane = quadratic_plane(kind, module)
    expected_top = np.linalg.eigvalsh(module.a.numpy())[-1]
    held_out = lambda: 2 * module.loss() + 1  # noqa: E731
    options = LandscapeOptions(points=120, iterations=30)
    record = LOOK(module, samples_of(module.loss, held_out), plane=plane, options=options)
    assert record.kind == kind and record.points.shape[1] == len(plane.axes)
    for point, loss, held in zip(
        record.points, record.surfaces[0].values, record.surfaces[1].values, strict=True
    ):
        there = {
            name: plane.origin[name]
            + sum(at * axis[name] for at, axis in zip(point, plane.axes, strict=True))
            for name in plane.origin
        }
        assert loss == pytest.approx(module.closed_form(there), rel=1e-9)
        assert held == pytest.approx(2 * module.closed_form(there) + 1, rel=1e-9)
    assert record.curvature.top == pytest.approx(expected_top, rel=1e-3)
    assert module.training and module.dropout.training
    assert LandscapeRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes()


@pytest.mark.parametrize("kind", ["line", "between", "trajectory"])
def test_the_value_at_a_model_is_that_model_s_loss_exactly(kind: str) -> None:
    small = Small()
    models = {str(seed): small.weights(seed=seed) for seed in range(3 if kind != "line" else 2)}
    if kind == "trajectory":
        plane = Plane.trajectory(small.network, {int(name): each for name, each in models.items()})
    else:
        plane = Plane.between(small.network, models)
    record = LOOK(
        small.network, [small.sample], plane=plane, options=LandscapeOptions(points=60, iterations=0)
    )
    for waypoint, weights in zip(record.waypoints, models.values(), strict=True):
        fresh = Small()
        fresh.network.load_state_dict(weights, strict=False)
        alone = mean_loss(fresh.sample)
        assert waypoint.off_plane == 0
        assert waypoint.losses[0] == alone
        assert record.at(waypoint.position)[0] == alone
    with pytest.raises(UsageError, match="no loss was measured"):
        record.at([0.123456] * record.points.shape[1])


def test_a_random_plane_has_the_module_itself_in_its_middle() -> None:
    small = Small()
    alone = mean_loss(small.sample)
    record = LOOK(
        small.network, [small.sample], plane=Plane.random(small.network), options=LandscapeOptions(points=40)
    )
    assert record.at((0, 0))[0] == alone == record.waypoints[0].losses[0]
    assert record.curvature.surface == "training" and np.isfinite(record.curvature.top)


def test_every_point_is_a_true_evaluation() -> None:
    small = Small()
    plane = Plane.between(small.network, {str(seed): small.weights(seed=seed) for seed in range(3)})
    record = LOOK(
        small.network, [small.sample], plane=plane, options=LandscapeOptions(points=70, iterations=0)
    )
    assert len(record.points) <= 70 and len({tuple(point) for point in record.points}) == len(record.points)
    for point, value in zip(record.points, record.surfaces[0].values, strict=True):
        plane.put(small.network, tuple(point))
        assert mean_loss(small.sample) == value


class Unlucky(Exception):
    pass


@pytest.mark.parametrize("when", ["finished", "failed", "interrupted"])
def test_weights_and_modes_are_the_same_afterwards(when: str) -> None:
    small = Small()
    small.network.train()
    small.network.encoder.blocks[0].eval()
    modes = [each.training for each in small.network.modules()]
    before = digest(small.network)
    calls = []

    def loss() -> torch.Tensor:
        calls.append(1)
        if len(calls) == 30:
            if when == "failed":
                raise Unlucky
            if when == "interrupted":
                raise KeyboardInterrupt
        return small.loss()

    sample = samples_of(loss)
    plane = Plane.random(small.network, seed=1)
    options = LandscapeOptions(points=40, iterations=2)
    if when == "finished":
        assert LOOK(small.network, sample, plane=plane, options=options).digest == before
    else:
        with pytest.raises(Unlucky if when == "failed" else KeyboardInterrupt):
            LOOK(small.network, sample, plane=plane, options=options)
    assert digest(small.network) == before
    assert [each.training for each in small.network.modules()] == modes
    assert all(parameter.grad is None for parameter in small.network.parameters())


def test_what_was_measured_before_an_interruption_comes_back() -> None:
    module = Quadratic()
    done = []
    options = LandscapeOptions(
        iterations=0, progress=lambda *counts: done.append(counts), stopped=lambda: len(done) >= 50
    )
    record = LOOK(module, samples_of(module.loss), plane=Plane.random(module), options=options)
    assert record.stopped == "interrupted" and len(record.points) == 50
    assert done[-1] == (50, 200)
    early = LandscapeOptions(iterations=0, stopped=lambda: True)
    with pytest.raises(Interrupted, match="stopped after 0 evaluations, before the coarsest picture of 26"):
        LOOK(module, samples_of(module.loss), plane=Plane.random(module), options=early)


def test_the_cost_is_told_before_and_a_budget_that_is_too_small_is_refused() -> None:
    module = Quadratic()
    told: list[Cost] = []
    options = LandscapeOptions(points=40, iterations=0, told=told.append)
    record = LOOK(module, samples_of(module.loss), plane=Plane.random(module), options=options)
    assert [cost.evaluations for cost in told] == [40] and told[0].seconds > 0
    assert record.stopped == "points" and len(record.points) == 40
    with pytest.raises(UsageError, match="do not suffice: the coarsest picture takes"):
        LOOK(
            module,
            samples_of(module.loss),
            plane=Plane.random(module),
            options=LandscapeOptions(seconds=1e-9),
        )
    with pytest.raises(UsageError, match="points is 25 — give at least 26"):
        few = LandscapeOptions(points=25)
        LOOK(module, samples_of(module.loss), plane=Plane.random(module), options=few)


def test_a_budget_ends_the_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    module = Quadratic()
    options = LandscapeOptions(points=500, iterations=0, seconds=60.0)
    record = LOOK(module, samples_of(module.loss), plane=Plane.random(module), options=options)
    assert record.stopped == "budget" and 25 <= len(record.points) < 100


def test_losses_that_diverge_are_recorded_as_they_are() -> None:
    module = Quadratic()
    far = lambda: module.loss() / (module.flat().square().sum() < 40)  # noqa: E731
    record = LOOK(
        module,
        samples_of(far),
        plane=Plane.random(module, radius=3.0),
        options=LandscapeOptions(points=100, iterations=0),
    )
    values = record.surfaces[0].values
    assert 0 < np.isfinite(values).sum() < len(values)


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(UsageError, match="the sample 'training' has no rows"):
        gb.lens.Sample(name="training", rows=0, total_rows=0, weight=0.0, parts=())
