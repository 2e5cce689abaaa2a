"""Gradient descent, plain and with momentum, against torch.optim.SGD and the closed form of a parabola."""

import pytest
import torch
from torch import nn

from glassbert.errors import DataError, UsageError
from glassbert.train.adamw import AdamW
from glassbert.train.descent import Descent
from glassbert.train.group import ParameterGroup
from glassbert.train.optimizer import make_optimizer


def table_and_bias() -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=draw)) for shape in ((9, 4), (5,))]


def groups_of(parameters: list[nn.Parameter], weight_decay: float) -> list[ParameterGroup]:
    return [
        ParameterGroup(
            name="table", parameters=[("t", parameters[0])], lr_scale=0.5, weight_decay=weight_decay
        ),
        ParameterGroup(name="bias", parameters=[("b", parameters[1])]),
    ]


def sparse_rows(step: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(step)
    rows = torch.randint(0, 9, (1, 3), generator=draw)
    return torch.sparse_coo_tensor(rows, torch.randn(3, 4, generator=draw), (9, 4), check_invariants=True)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("sparse", [False, True])
def test_descent_equals_torch(weight_decay: float, momentum: float, nesterov: bool, sparse: bool) -> None:
    ours, theirs = table_and_bias(), table_and_bias()
    optimizer = Descent(groups_of(ours, weight_decay), momentum=momentum, nesterov=nesterov)
    groups = [{"params": [theirs[0]], "weight_decay": weight_decay}, {"params": [theirs[1]]}]
    peer = torch.optim.SGD(groups, lr=1.0, momentum=momentum, nesterov=nesterov)
    for step in range(50):
        rate = 0.05 / (1 + step)
        gradient = sparse_rows(step)
        ours[0].grad = gradient if sparse else gradient.to_dense()
        ours[1].grad = torch.full((5,), 0.1 * step)
        theirs[0].grad, theirs[1].grad = gradient.to_dense() * 0.6, torch.full((5,), 0.06 * step)
        peer.param_groups[0]["lr"], peer.param_groups[1]["lr"] = 0.5 * rate, rate
        optimizer.step(rate, scale=0.6)
        peer.step()
    for mine, peers in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, peers, rtol=1e-6, atol=1e-6)


def test_plain_descent_on_a_parabola_follows_its_closed_form() -> None:
    point = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    curvature = torch.tensor([0.5, 3.0], dtype=torch.float64)
    optimizer = make_optimizer("sgd", [ParameterGroup(name="all", parameters=[("x", point)])])
    for step in range(1, 21):
        point.grad = curvature * point.detach()
        optimizer.step(0.1)
        expected = torch.tensor([1.0, -2.0], dtype=torch.float64) * (1 - 0.1 * curvature) ** step
        torch.testing.assert_close(point.detach(), expected)
    assert optimizer.state_tensors() == {}


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_velocity_round_trips(nesterov: bool) -> None:
    first, second = table_and_bias(), table_and_bias()
    optimizer = make_optimizer("momentum", groups_of(first, 0.1), nesterov=nesterov)
    twin = make_optimizer("momentum", groups_of(second, 0.1), nesterov=nesterov)
    for step in range(8):
        if step == 4:
            for mine, other in zip(first, second, strict=True):
                other.data.copy_(mine.data)
            twin.load_state_tensors(optimizer.state_tensors())
        for each, parameters in ((optimizer, first), (twin, second))[: 1 + (step >= 4)]:
            parameters[0].grad, parameters[1].grad = sparse_rows(step), torch.ones(5)
            each.step(0.1)
    assert all(torch.equal(mine, other) for mine, other in zip(first, second, strict=True))
    with pytest.raises(DataError, match="t/velocity"):
        twin.load_state_tensors({"t/velocity": torch.zeros(2)})


def test_an_optimiser_has_a_name() -> None:
    assert isinstance(make_optimizer("adamw", []), AdamW)
    assert make_optimizer("momentum", [], nesterov=True).nesterov
    with pytest.raises(UsageError, match="no optimiser 'adam' — choose one of adamw, sgd, momentum"):
        make_optimizer("adam", [])
