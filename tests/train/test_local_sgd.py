"""Local steps and meetings against the algorithm written out, on sums of squares; threads are processes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glassbert.train.adamw import AdamW
from glassbert.train.descent import Descent
from glassbert.train.group import ParameterGroup
from glassbert.train.local_sgd import LocalSteps
from glassbert.train.world import World

SIZE, WIDTH = 3, 5
RATE = 0.05


class Hall:
    """Where threads meet that stand for processes."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(SIZE, timeout=20)
        self.brought: list[Any] = [None] * SIZE


class Thread(World):
    """A member of a world whose sums are made in memory."""

    def __init__(self, rank: int, hall: Hall) -> None:
        super().__init__(rank=rank, size=SIZE)
        object.__setattr__(self, "hall", hall)

    def add(self, tensors: list[Tensor]) -> None:  # type: ignore[override]
        hall: Hall = self.hall  # type: ignore[attr-defined]
        hall.brought[self.rank] = [tensor.clone() for tensor in tensors]
        hall.barrier.wait()
        for tensor, *parts in zip(tensors, *hall.brought, strict=True):
            tensor.copy_(sum(parts[1:], parts[0]))
        hall.barrier.wait()


def targets() -> Tensor:
    return torch.randn(SIZE, WIDTH, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def gradient(weights: Tensor, rank: int) -> Tensor:
    """Of the sum of (k + 1) (w_k - t_k)^2 / 2: each process pulls to another place."""
    return torch.arange(1.0, WIDTH + 1, dtype=torch.float64) * (weights - targets()[rank])


def trained(inner: Callable[[list[ParameterGroup]], Any], steps: int, **options: Any) -> list[Tensor]:
    """The weights of every process after so many steps by ours."""
    hall = Hall()
    found: list[Any] = [None] * SIZE

    def work(rank: int) -> None:
        weights = nn.Parameter(torch.zeros(WIDTH, dtype=torch.float64))
        group = ParameterGroup(name="all", parameters=[("weights", weights)])
        optimizer = LocalSteps(inner([group]), Thread(rank, hall), **options)
        for _ in range(steps):
            weights.grad = gradient(weights.detach(), rank)
            optimizer.step(RATE)
        optimizer.meet()
        found[rank] = weights.detach()

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(SIZE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def written_out(steps: int, every: int, *, outer_rate: float = 0.7, momentum: float = 0.9) -> Tensor:
    """DiLoCo (arXiv 2311.08105, algorithm 1) with torch's AdamW inside and torch's Nesterov SGD outside."""
    shared = nn.Parameter(torch.zeros(WIDTH, dtype=torch.float64))
    outer = torch.optim.SGD([shared], lr=outer_rate, momentum=momentum, nesterov=momentum > 0)
    copies = [nn.Parameter(shared.detach().clone()) for _ in range(SIZE)]
    inner = [torch.optim.AdamW([each], lr=RATE, weight_decay=0.0) for each in copies]
    for start in range(0, steps, every):
        for rank, copy in enumerate(copies):
            copy.data.copy_(shared.data)
            for _ in range(min(every, steps - start)):
                copy.grad = gradient(copy.detach(), rank)
                inner[rank].step()
        shared.grad = torch.stack([shared.data - copy.data for copy in copies]).mean(dim=0)
        outer.step()
    return shared.detach()


@pytest.mark.parametrize("steps", [24, 26], ids=["whole rounds", "a short last round"])
def test_local_steps_are_diloco(steps: int) -> None:
    expected = written_out(steps, 4)
    assert float(expected.abs().max()) > 0.1
    for found in trained(AdamW, steps, every=4):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_meeting_every_step_without_momentum_averages_the_weights() -> None:
    averaged = torch.zeros(WIDTH, dtype=torch.float64)
    for _ in range(10):
        averaged = torch.stack([averaged - RATE * gradient(averaged, rank) for rank in range(SIZE)]).mean(0)
    for found in trained(Descent, 10, every=1, outer_rate=1.0, momentum=0.0):
        torch.testing.assert_close(found, averaged, rtol=0, atol=1e-13)


def test_the_processes_come_to_the_least_of_the_sum() -> None:
    """Plain inner steps have the mean of equally steep valleys as their fixed point."""
    (found, *_) = trained(Descent, 600, every=5)
    assert float((found - targets().mean(dim=0)).abs().max()) < 1e-6


def test_a_state_of_a_meeting_continues_exactly() -> None:
    def run(steps: int, optimizer: LocalSteps, weights: nn.Parameter) -> None:
        for _ in range(steps):
            weights.grad = gradient(weights.detach(), 0)
            optimizer.step(RATE)

    def begin() -> tuple[nn.Parameter, LocalSteps]:
        weights = nn.Parameter(torch.zeros(WIDTH, dtype=torch.float64))
        group = ParameterGroup(name="all", parameters=[("weights", weights)], weight_decay=0.1)
        return weights, LocalSteps(AdamW([group]), World(), every=3)

    whole, optimizer = begin()
    run(12, optimizer, whole)
    part, optimizer = begin()
    run(6, optimizer, part)
    again, resumed = begin()
    again.data.copy_(part.data)
    resumed.load_state_tensors({name: each.clone() for name, each in optimizer.state_tensors().items()})
    run(6, resumed, again)
    assert torch.equal(again, whole)
    assert {"inner/weights/exp_avg", "outer/weights/velocity"} <= resumed.state_tensors().keys()
