"""The global norm, sparse gradients included, against torch's own clipping."""

import pytest
import torch
from torch import nn

from glassbert.train.clip import clip_factor, global_norm


def gradients(scale: float) -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(0)
    parameters = [nn.Parameter(torch.zeros(shape)) for shape in ((6, 3), (4,), (2, 2), (8,))]
    for parameter in parameters[1:3]:
        parameter.grad = scale * torch.randn(parameter.shape, generator=draw)
    rows, values = torch.tensor([[4, 1, 4, 4]]), scale * torch.randn(4, 3, generator=draw)
    parameters[0].grad = torch.sparse_coo_tensor(rows, values, (6, 3), check_invariants=True)
    return parameters  # the last has no gradient


@pytest.mark.parametrize("scale", [0.01, 7.0])
def test_clipping_equals_torch_on_dense_gradients(scale: float) -> None:
    ours, theirs = gradients(scale), gradients(scale)
    theirs[0].grad = theirs[0].grad.to_dense()
    norm = float(global_norm(ours))
    expected = torch.nn.utils.clip_grad_norm_(theirs, 1.0)
    assert norm == pytest.approx(float(expected), rel=1e-6)
    for mine, peers in zip(ours[:3], theirs[:3], strict=True):
        torch.testing.assert_close(mine.grad.to_dense() * clip_factor(norm, 1.0), peers.grad)


def test_the_norm_coalesces_the_gradient_it_leaves() -> None:
    parameters = gradients(1.0)
    global_norm(parameters)
    assert parameters[0].grad.is_coalesced()
    assert parameters[0].grad.indices().tolist() == [[1, 4]]


def test_no_bound_means_no_clipping() -> None:
    assert clip_factor(1e9, None) == clip_factor(1e9, float("inf")) == clip_factor(0.5, 1.0) == 1.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_broken_gradient_shows_in_the_norm(bad: float) -> None:
    parameters = gradients(1.0)
    parameters[0].grad = parameters[0].grad.coalesce()
    parameters[0].grad.values()[1, 1] = bad
    assert not torch.isfinite(global_norm(parameters))
