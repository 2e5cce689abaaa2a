"""A linear chain over tags (conditional random field): log likelihood, marginals and the best path.

A path y of L tags scores
s(y) = first[y_1] + sum_t emissions[t, y_t] + sum_t steps[y_t, y_t+1] + last[y_L],
and p(y) = exp s(y) / Z with Z the sum over all paths, by the forward algorithm in L steps of C x C.
Lafferty, McCallum and Pereira 2001. Letters: R rows of all chains end to end, B chains, L longest, C tags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

IMPOSSIBLE = -1e4
"""What a step that cannot be scores: exp of it is 0 in float32, and gradients stay finite."""


class Steps(NamedTuple):
    """Scores of a step from a tag (row) to the next (column), of beginning and of ending with a tag."""

    steps: Float[Tensor, "C C"]
    first: Float[Tensor, "C"]
    last: Float[Tensor, "C"]


def path_score(
    emissions: Float[Tensor, "R C"], tags: Int[Tensor, "R"], lengths: Int[np.ndarray, "B"], steps: Steps
) -> Float[Tensor, "B"]:
    """s(y) of the given path of every chain."""
    owner = torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths)).to(emissions.device)
    ends = torch.from_numpy(np.cumsum(lengths) - 1).to(emissions.device)
    begins = ends - torch.from_numpy(lengths - 1).to(emissions.device)
    total = torch.zeros(len(lengths), dtype=emissions.dtype, device=emissions.device)
    total = total.index_add(0, owner, emissions.gather(1, tags[:, None])[:, 0])
    inside = owner[1:] == owner[:-1]
    between = steps.steps[tags[:-1][inside], tags[1:][inside]].to(emissions.dtype)
    total = total.index_add(0, owner[1:][inside], between)
    return total + steps.first[tags[begins]] + steps.last[tags[ends]]


def log_partition(
    emissions: Float[Tensor, "R C"], lengths: Int[np.ndarray, "B"], steps: Steps
) -> Float[Tensor, "B"]:
    """ln Z of every chain, all chains a step at a time, the ended ones left out."""
    order = np.argsort(-lengths, kind="stable")
    begins = (np.cumsum(lengths) - lengths)[order]
    alpha = steps.first + emissions[torch.from_numpy(begins).to(emissions.device)]
    done = []
    for place in range(1, int(lengths.max(initial=0)) + 1):
        alive = int((lengths[order] > place).sum())
        done.append(alpha[alive:].flip(0))
        if not alive:
            break
        rows = torch.from_numpy(begins[:alive] + place).to(emissions.device)
        ways = alpha[:alive, :, None] + steps.steps
        alpha = ways.logsumexp(1) + emissions[rows]
    # ended shortest first, and of equal ones the last first: the other way round is `order`
    ended = torch.cat(done).flip(0)
    found = (ended + steps.last).logsumexp(1)
    back = torch.from_numpy(np.argsort(order, kind="stable")).to(emissions.device)
    return found[back]


def log_likelihood(
    emissions: Float[Tensor, "R C"], tags: Int[Tensor, "R"], lengths: Int[np.ndarray, "B"], steps: Steps
) -> Float[Tensor, "B"]:
    """ln p(y) of the given path of every chain; every chain has at least one row."""
    return path_score(emissions, tags, lengths, steps) - log_partition(emissions, lengths, steps)


def marginals(
    emissions: Float[Tensor, "R C"], lengths: Int[np.ndarray, "B"], steps: Steps
) -> Float[Tensor, "R C"]:
    """p(y_t = c) of every row: the gradient of ln Z by the emissions."""
    with torch.enable_grad():
        wanted = emissions.detach().clone().requires_grad_(True)
        fixed = Steps(*(each.detach() for each in steps))
        (found,) = torch.autograd.grad(log_partition(wanted, lengths, fixed).sum(), wanted)
    return found
