"""The nearest semi-orthogonal matrix, roughly and fast: five steps of a quintic Newton-Schulz iteration.

    X <- a X + b (X X^T) X + c (X X^T)^2 X,      a, b, c = 3.4445, -4.7750, 2.0315

from X = G / |G|_F. Each singular value s becomes a s + b s^3 + c s^5: the slope at zero is steep, so that
small ones grow fast, and after five steps all but the tiniest lie between 0.68 and 1.2, not at 1 (Jordan et
al. 2024, kellerjordan.github.io/posts/muon). Exact orthogonality buys nothing; matrix products are what
computers are good at.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.products import linear, product_onto, suits

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5
SMALLEST = 1e-7  # of a norm, before it divides


def newton_schulz(matrices: Float[Tensor, "K m n"], *, steps: int = STEPS) -> Float[Tensor, "K m n"]:
    """U V^T of every matrix U S V^T, roughly; m <= n, in the matrices' own precision. Zeros stay zeros."""
    norms = matrices.flatten(1).norm(dim=1).clamp(min=SMALLEST)
    found = matrices / norms[:, None, None]
    if suits(found[0], found[0]):
        return torch.stack([_alone(each, steps) for each in found])
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        gram = found @ found.mT
        change = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        found = torch.baddbmm(found, change, found, beta=a)
    return found


def _alone(found: Float[Tensor, "m n"], steps: int) -> Float[Tensor, "m n"]:
    """The same for one matrix: batches go to the slower library."""
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        gram = linear(found, found)
        change = linear(gram, gram).mul_(c).add_(gram, alpha=b)  # the second factor is its own transpose
        found = product_onto(found * a, change, found)
    return found


def orthogonalised(matrices: Sequence[Float[Tensor, "_ _"]]) -> list[Float[Tensor, "_ _"]]:
    """Each matrix orthogonalised, those of one shape, lying or standing, in one batch."""
    lying = [each.mT if each.shape[0] > each.shape[1] else each for each in matrices]
    found: list[Tensor] = list(matrices)
    for shape in dict.fromkeys(each.shape for each in lying):
        places = [place for place, each in enumerate(lying) if each.shape == shape]
        batch = newton_schulz(torch.stack([lying[place] for place in places]))
        for place, each in zip(places, batch.unbind(0), strict=True):
            found[place] = each if matrices[place].shape == shape else each.mT
    return found
