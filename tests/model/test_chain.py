"""The chain of tags against the enumeration of all paths."""

import itertools

import numpy as np
import pytest
import torch

from glassbert.model.chain import IMPOSSIBLE, Steps, log_likelihood, log_partition, marginals, path_score

LENGTHS = np.array([3, 1, 5, 3, 2])


def drawn(num_tags: int, *, seed: int = 0) -> tuple[torch.Tensor, Steps]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    steps = Steps(random(num_tags, num_tags), random(num_tags), random(num_tags))
    return random(int(LENGTHS.sum()), num_tags), steps


def score(path: tuple[int, ...], emissions: torch.Tensor, steps: Steps) -> float:
    total = float(steps.first[path[0]] + steps.last[path[-1]])
    total += sum(float(steps.steps[a, b]) for a, b in itertools.pairwise(path))
    return total + sum(float(emissions[t, tag]) for t, tag in enumerate(path))


@pytest.mark.parametrize("num_tags", [1, 2, 4])
def test_partition_and_marginals_are_sums_over_all_paths(num_tags: int) -> None:
    emissions, steps = drawn(num_tags)
    found = log_partition(emissions, LENGTHS, steps)
    shares = marginals(emissions, LENGTHS, steps)
    begin = 0
    for chain, length in enumerate(LENGTHS.tolist()):
        part = emissions[begin : begin + length]
        paths = list(itertools.product(range(num_tags), repeat=length))
        scores = torch.tensor([score(path, part, steps) for path in paths], dtype=torch.float64)
        assert found[chain].item() == pytest.approx(scores.logsumexp(0).item())
        p = scores.softmax(0)
        for t, tag in itertools.product(range(length), range(num_tags)):
            expected = sum(float(p[i]) for i, path in enumerate(paths) if path[t] == tag)
            assert shares[begin + t, tag].item() == pytest.approx(expected, abs=1e-12)
        begin += length


def test_score_of_a_path_and_its_likelihood() -> None:
    emissions, steps = drawn(4, seed=1)
    tags = torch.randint(0, 4, (int(LENGTHS.sum()),), generator=torch.Generator().manual_seed(2))
    parts = zip(emissions.split(LENGTHS.tolist()), tags.split(LENGTHS.tolist()), strict=True)
    expected = torch.tensor([score(tuple(t.tolist()), e, steps) for e, t in parts], dtype=torch.float64)
    torch.testing.assert_close(path_score(emissions, tags, LENGTHS, steps), expected)
    likelihood = log_likelihood(emissions, tags, LENGTHS, steps)
    torch.testing.assert_close(likelihood, expected - log_partition(emissions, LENGTHS, steps))
    assert (likelihood < 0).all()


def test_impossible_steps_have_no_share_and_finite_gradients() -> None:
    emissions, steps = drawn(3, seed=3)
    emissions, first = emissions.float().requires_grad_(True), steps.first.float()
    table = steps.steps.float().clone()
    table[0, 1] = IMPOSSIBLE
    masked = Steps(table.requires_grad_(True), first, steps.last.float())
    log_partition(emissions, LENGTHS, masked).sum().backward()
    assert torch.isfinite(emissions.grad).all() and masked.steps.grad[0, 1] == 0
    pair = log_partition(emissions[:2], np.array([2]), masked)
    masked, emissions = Steps(*(each.detach() for each in masked)), emissions.detach()
    allowed = [p for p in itertools.product(range(3), repeat=2) if p != (0, 1)]
    scores = torch.tensor([score(path, emissions[:2], masked) for path in allowed])
    assert pair.item() == pytest.approx(scores.logsumexp(0).item(), rel=1e-5)


def test_gradient_of_the_likelihood_is_right() -> None:
    emissions, steps = drawn(3, seed=4)
    tags = torch.zeros(len(emissions), dtype=torch.int64)

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return log_likelihood(given[0], tags, LENGTHS, Steps(*given[1:]))

    inputs = tuple(each.clone().requires_grad_(True) for each in (emissions, *steps))
    assert torch.autograd.gradcheck(loss, inputs)
