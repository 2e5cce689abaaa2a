"""Curvature: a quadratic's eigenvalues in closed form; a transformer's against differences of gradients."""

import numpy as np
import pytest
import torch

from glassbert.lens.landscaping.curvature import extremes, hessian_product
from glassbert.lens.landscaping.samples import Sample
from tests.lens.landscaping.material import Quadratic, Small, samples_of


def test_the_ends_of_a_quadratic_are_its_eigenvalues() -> None:
    module = Quadratic().eval()
    found = extremes(module, samples_of(module.loss)[0], iterations=100, tolerance=1e-9)
    values = np.linalg.eigvalsh(module.a.numpy())
    assert found.top == pytest.approx(values[-1], rel=1e-9)
    assert found.lowest == pytest.approx(values[0], rel=1e-6)
    assert found.iterations <= len(values)


@pytest.mark.parametrize("iterations", [2, 5, 9])
def test_an_eigenvalue_lies_within_the_residual(iterations: int) -> None:
    module = Quadratic(seed=3).eval()
    found = extremes(module, samples_of(module.loss)[0], iterations=iterations, tolerance=0)
    values = np.linalg.eigvalsh(module.a.numpy())
    assert np.abs(values - found.top).min() <= found.top_residual + 1e-9
    assert np.abs(values - found.lowest).min() <= found.lowest_residual + 1e-9


@pytest.mark.parametrize("model_type", ["bert", "roberta", "distilbert"])
def test_a_product_is_the_difference_of_gradients(model_type: str) -> None:
    small = Small(model_type, dtype=torch.float64)
    small.network.eval()
    parameters = list(small.network.parameters())
    size = sum(each.numel() for each in parameters)
    vector = torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def gradient(shift: float) -> torch.Tensor:
        pieces = vector.split([each.numel() for each in parameters])
        with torch.no_grad():
            for each, piece in zip(parameters, pieces, strict=True):
                each.add_(piece.view_as(each), alpha=shift)
        found = torch.autograd.grad(small.loss() / 3, parameters, allow_unused=True)
        with torch.no_grad():
            for each, piece in zip(parameters, pieces, strict=True):
                each.sub_(piece.view_as(each), alpha=shift)
        return torch.cat(
            [torch.zeros(p.numel()) if g is None else g.flatten()
             for g, p in zip(found, parameters, strict=True)]
        )  # fmt: skip

    step = 1e-6
    expected = (gradient(step) - gradient(-step)) / (2 * step)
    torch.testing.assert_close(
        hessian_product(small.network, small.sample, vector), expected, rtol=1e-4, atol=1e-5
    )


def test_lanczos_finds_the_top_of_a_network_s_whole_hessian() -> None:
    class Curve(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
            ).double()

    module, draw = Curve(), torch.Generator().manual_seed(2)
    inputs = torch.randn(20, 4, generator=draw, dtype=torch.float64)
    labels = torch.randint(3, (20,), generator=draw)
    loss = lambda: torch.nn.functional.cross_entropy(module.layers(inputs), labels, reduction="sum")  # noqa: E731
    sample = Sample(name="training", rows=20, total_rows=20, weight=20.0, parts=(loss,))
    size = sum(each.numel() for each in module.parameters())
    columns = [hessian_product(module, sample, row) for row in torch.eye(size, dtype=torch.float64)]
    whole = torch.stack(columns)
    torch.testing.assert_close(whole, whole.T, rtol=0, atol=1e-12)
    found = extremes(module, sample, iterations=size, tolerance=1e-8)
    values = np.linalg.eigvalsh(whole.numpy())
    assert found.top == pytest.approx(values[-1], rel=1e-6)


def test_a_loss_that_is_straight_has_no_curvature() -> None:
    module = Quadratic().eval()
    straight = lambda: (module.b * module.flat()).sum()  # noqa: E731
    found = extremes(module, samples_of(straight)[0], iterations=5)
    assert found.top == found.lowest == 0
