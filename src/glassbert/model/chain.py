"""A linear chain over tags (conditional random field): log likelihood, marginals and the best path.

A path y of L tags scores
s(y) = first[y_1] + sum_t emissions[t, y_t] + sum_t steps[y_t, y_t+1] + last[y_L],
and p(y) = exp s(y) / Z with Z the sum over all paths, by the forward algorithm in L steps of C x C.
Lafferty, McCallum and Pereira 2001; the best path by Viterbi 1967.
Letters: R rows of all chains end to end, B chains, L longest, C tags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

IMPOSSIBLE = -1e4
"""What a step that cannot be scores: exp of it is 0 in float32, and gradients stay finite."""


class Steps(NamedTuple):
    """Scores of a step from a tag (row) to the next (column), of beginning and of ending with a tag."""

    steps: Float[Tensor, "C C"]
    first: Float[Tensor, "C"]
    last: Float[Tensor, "C"]

    def like(self, emissions: Tensor) -> Steps:
        """The same in the precision of these emissions, and beside them."""
        return Steps(*(each.to(emissions) for each in self))


class Chains(NamedTuple):
    """How many rows each chain has, and whether `first` and `last` count for it.

    They do not for a piece of a longer chain: what stands before and after it may be any tag.
    """

    lengths: Int[np.ndarray, "B"]
    opens: Bool[np.ndarray, "B"]
    closes: Bool[np.ndarray, "B"]

    @classmethod
    def whole(cls, lengths: Int[np.ndarray, "B"]) -> Chains:
        """Chains that are no pieces."""
        yes = np.ones(len(lengths), dtype=bool)
        return cls(lengths, yes, yes)

    @property
    def begins(self) -> Int[np.ndarray, "B"]:
        """The first row of every chain."""
        begins: np.ndarray = np.cumsum(self.lengths) - self.lengths
        return begins


def path_score(
    emissions: Float[Tensor, "R C"], tags: Int[Tensor, "R"], chains: Chains, steps: Steps
) -> Float[Tensor, "B"]:
    """s(y) of the given path of every chain."""
    device = emissions.device
    owner = torch.from_numpy(np.repeat(np.arange(len(chains.lengths)), chains.lengths)).to(device)
    begins = torch.from_numpy(chains.begins).to(device)
    ends = torch.from_numpy(chains.begins + chains.lengths - 1).to(device)
    total = emissions.new_zeros(len(chains.lengths))
    total = total.index_add(0, owner, emissions.gather(1, tags[:, None])[:, 0])
    inside = owner[1:] == owner[:-1]
    total = total.index_add(0, owner[1:][inside], steps.steps[tags[:-1][inside], tags[1:][inside]])
    total = total + _if(chains.opens, steps.first[tags[begins]])
    return total + _if(chains.closes, steps.last[tags[ends]])


def log_partition(emissions: Float[Tensor, "R C"], chains: Chains, steps: Steps) -> Float[Tensor, "B"]:
    """ln Z of every chain, all chains a step at a time, the ended ones left out."""
    order = _longest_first(chains)
    start, *others = _place_by_place(emissions, chains)
    alpha = start + _for(chains.opens[order], steps.first)
    done = []
    for part in others:
        done.append(alpha[len(part) :].flip(0))
        alpha = (alpha[: len(part), :, None] + steps.steps).logsumexp(1) + part
    # ended shortest first, and of equal ones the last first: the other way round is `order`
    ended = torch.cat([*done, alpha.flip(0)]).flip(0)
    found = (ended + _for(chains.closes[order], steps.last)).logsumexp(1)
    return found[torch.from_numpy(np.argsort(order, kind="stable")).to(found.device)]


def log_likelihood(
    emissions: Float[Tensor, "R C"], tags: Int[Tensor, "R"], chains: Chains, steps: Steps
) -> Float[Tensor, "B"]:
    """ln p(y) of the given path of every chain; every chain has at least one row."""
    return path_score(emissions, tags, chains, steps) - log_partition(emissions, chains, steps)


def marginals(emissions: Float[Tensor, "R C"], chains: Chains, steps: Steps) -> Float[Tensor, "R C"]:
    """p(y_t = c) of every row: the gradient of ln Z by the emissions."""
    with torch.inference_mode(False), torch.enable_grad():
        wanted = emissions.detach().clone().requires_grad_(True)
        fixed = Steps(*(each.detach().clone() for each in steps))
        (found,) = torch.autograd.grad(log_partition(wanted, chains, fixed).sum(), wanted)
    return found


def best_paths(emissions: Float[Tensor, "R C"], chains: Chains, steps: Steps) -> Int[Tensor, "R"]:
    """The path of the highest score of every chain."""
    order = _longest_first(chains)
    start, *others = _place_by_place(emissions.detach(), chains)
    total = start + _for(chains.opens[order], steps.first.detach())
    done, back = [], []
    for part in others:
        done.append(total[len(part) :].flip(0))
        best, came = (total[: len(part), :, None] + steps.steps.detach()).max(1)
        back.append(came)
        total = best + part
    ended = torch.cat([*done, total.flip(0)]).flip(0) + _for(chains.closes[order], steps.last.detach())
    final = ended.argmax(1)
    tags = [final[: len(total)]]
    for came in reversed(back):
        before = came.gather(1, tags[-1][:, None])[:, 0]
        longer, ending = len(came), len(done[len(back) - len(tags)])
        tags.append(torch.cat([before, final[longer : longer + ending]]))
    found = final.new_zeros(len(emissions))
    found[torch.from_numpy(by_place(chains.lengths)[0]).to(found.device)] = torch.cat(tags[::-1])
    return found


def by_place(lengths: Int[np.ndarray, "B"]) -> tuple[Int[np.ndarray, "R"], Int[np.ndarray, "L"]]:
    """(the rows place by place, those of the longest sequences first; how many sequences have each place)."""
    rank = np.argsort(np.argsort(-lengths, kind="stable"))
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(owner)) - (np.cumsum(lengths) - lengths)[owner]
    return np.lexsort((rank[owner], place)), np.bincount(place)


def _place_by_place(emissions: Tensor, chains: Chains) -> tuple[Tensor, ...]:
    """The first rows of all chains, longest first, then the second rows of those that have one, and so on.

    One gathering for all: an index per place would make the backward pass quadratic in the length.
    """
    rows, counts = by_place(chains.lengths)
    ordered = emissions.index_select(0, torch.from_numpy(rows).to(emissions.device))
    return ordered.split(counts.tolist()) if len(counts) else (ordered,)


def _longest_first(chains: Chains) -> Int[np.ndarray, "B"]:
    order: np.ndarray = np.argsort(-chains.lengths, kind="stable")
    return order


def _if(flags: Bool[np.ndarray, "B"], values: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Each value where its flag is set, else 0."""
    return torch.where(torch.from_numpy(flags).to(values.device), values, 0.0)


def _for(flags: Bool[np.ndarray, "B"], scores: Float[Tensor, "C"]) -> Float[Tensor, "B C"]:
    """The scores for every chain whose flag is set, else 0."""
    return torch.where(torch.from_numpy(flags).to(scores.device)[:, None], scores, 0.0)
