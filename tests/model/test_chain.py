"""The chain of tags against the enumeration of all paths."""

import itertools

import numpy as np
import pytest
import torch

from glassbert.model.chain import (
    IMPOSSIBLE,
    Chains,
    Steps,
    best_paths,
    log_likelihood,
    log_partition,
    marginals,
    path_score,
)

LENGTHS = np.array([3, 1, 5, 3, 2])
# pieces of longer chains: neither, one or both of their ends count
CHAINS = Chains(
    LENGTHS, np.array([True, False, True, False, True]), np.array([True, True, False, False, True])
)


def drawn(num_tags: int, *, seed: int = 0) -> tuple[torch.Tensor, Steps]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    steps = Steps(random(num_tags, num_tags), random(num_tags), random(num_tags))
    return random(int(LENGTHS.sum()), num_tags), steps


def score(
    path: tuple[int, ...], emissions: torch.Tensor, steps: Steps, *, opens: bool = True, closes: bool = True
) -> float:
    total = float(opens * steps.first[path[0]] + closes * steps.last[path[-1]])
    total += sum(float(steps.steps[a, b]) for a, b in itertools.pairwise(path))
    return total + sum(float(emissions[t, tag]) for t, tag in enumerate(path))


@pytest.mark.parametrize("num_tags", [1, 2, 4])
@pytest.mark.parametrize("chains", [Chains.whole(LENGTHS), CHAINS], ids=["whole", "pieces"])
def test_all_that_is_said_of_a_chain_is_found_by_enumerating_its_paths(num_tags: int, chains: Chains) -> None:
    emissions, steps = drawn(num_tags)
    found = log_partition(emissions, chains, steps)
    shares, best = marginals(emissions, chains, steps), best_paths(emissions, chains, steps)
    for number, (begin, length) in enumerate(zip(chains.begins, LENGTHS.tolist(), strict=True)):
        part = emissions[begin : begin + length]
        paths = list(itertools.product(range(num_tags), repeat=length))
        ends = {"opens": chains.opens[number], "closes": chains.closes[number]}
        scores = torch.tensor([score(path, part, steps, **ends) for path in paths], dtype=torch.float64)
        assert found[number].item() == pytest.approx(scores.logsumexp(0).item())
        assert tuple(best[begin : begin + length].tolist()) == paths[int(scores.argmax())]
        p = scores.softmax(0)
        for t, tag in itertools.product(range(length), range(num_tags)):
            expected = sum(float(p[i]) for i, path in enumerate(paths) if path[t] == tag)
            assert shares[begin + t, tag].item() == pytest.approx(expected, abs=1e-12)


def test_score_of_a_path_and_its_likelihood() -> None:
    emissions, steps = drawn(4, seed=1)
    tags = torch.randint(0, 4, (int(LENGTHS.sum()),), generator=torch.Generator().manual_seed(2))
    parts = zip(
        emissions.split(LENGTHS.tolist()),
        tags.split(LENGTHS.tolist()),
        CHAINS.opens,
        CHAINS.closes,
        strict=True,
    )
    expected = torch.tensor(
        [score(tuple(t.tolist()), e, steps, opens=o, closes=c) for e, t, o, c in parts], dtype=torch.float64
    )
    torch.testing.assert_close(path_score(emissions, tags, CHAINS, steps), expected)
    likelihood = log_likelihood(emissions, tags, CHAINS, steps)
    torch.testing.assert_close(likelihood, expected - log_partition(emissions, CHAINS, steps))
    assert (likelihood < 0).all()


def test_impossible_steps_have_no_share_and_finite_gradients() -> None:
    emissions, steps = drawn(3, seed=3)
    emissions, table = emissions.float().requires_grad_(True), steps.steps.float().clone()
    table[0, 1] = IMPOSSIBLE
    masked = Steps(table.requires_grad_(True), steps.first.float(), steps.last.float())
    log_partition(emissions, CHAINS, masked).sum().backward()
    assert torch.isfinite(emissions.grad).all() and masked.steps.grad[0, 1] == 0
    pair = log_partition(emissions[:2], Chains.whole(np.array([2])), masked)
    masked, emissions = Steps(*(each.detach() for each in masked)), emissions.detach()
    allowed = [p for p in itertools.product(range(3), repeat=2) if p != (0, 1)]
    scores = torch.tensor([score(path, emissions[:2], masked) for path in allowed])
    assert pair.item() == pytest.approx(scores.logsumexp(0).item(), rel=1e-5)


def test_gradient_of_the_likelihood_is_right() -> None:
    emissions, steps = drawn(3, seed=4)
    tags = torch.zeros(len(emissions), dtype=torch.int64)

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return log_likelihood(given[0], tags, CHAINS, Steps(*given[1:]))

    inputs = tuple(each.clone().requires_grad_(True) for each in (emissions, *steps))
    assert torch.autograd.gradcheck(loss, inputs)


def test_padded_chains_of_another_implementation_say_the_same() -> None:
    """pytorch-crf 0.7.2 by Kemal Kurniawan, on the same chains with padding and a mask."""
    torchcrf = pytest.importorskip("torchcrf")
    emissions, steps = drawn(4, seed=5)
    tags = torch.randint(0, 4, (len(emissions),), generator=torch.Generator().manual_seed(6))
    theirs = torchcrf.CRF(4, batch_first=True).double()
    with torch.no_grad():
        theirs.transitions.copy_(steps.steps)
        theirs.start_transitions.copy_(steps.first)
        theirs.end_transitions.copy_(steps.last)
    chains = Chains.whole(LENGTHS)
    inside = torch.arange(5) < torch.from_numpy(LENGTHS)[:, None]
    padded, truth = torch.zeros(5, 5, 4, dtype=torch.float64), torch.zeros(5, 5, dtype=torch.int64)
    padded[inside], truth[inside] = emissions, tags
    expected = theirs(padded, truth, mask=inside, reduction="none").detach()
    torch.testing.assert_close(log_likelihood(emissions, tags, chains, steps), expected)
    assert best_paths(emissions, chains, steps).tolist() == sum(theirs.decode(padded, mask=inside), [])


def test_no_chain_at_all_is_no_error() -> None:
    emissions, steps = drawn(3)
    none = Chains.whole(np.zeros(0, dtype=np.int64))
    assert marginals(emissions[:0], none, steps).shape == (0, 3)
    assert best_paths(emissions[:0], none, steps).tolist() == []
