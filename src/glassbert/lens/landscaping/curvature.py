"""How sharply the loss bends: the ends of its Hessian's spectrum, by Lanczos with Hessian-vector products.

H v is the derivative of <gradient, v>: exact, twice through autograd. Attention's fused kernels have no
second derivative; within this file they give way to the formula written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from glassbert.lens.landscaping.moving import movable
from glassbert.lens.landscaping.samples import Sample


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """The largest and smallest eigenvalue, how far each can be from a true one, and the products it took."""

    top: float
    top_residual: float
    lowest: float
    lowest_residual: float
    iterations: int


def hessian_product(module: nn.Module, sample: Sample, vector: Tensor) -> Tensor:
    """H v of the sample's mean loss at the module as it is, over all movable parameters end to end, [P]."""
    parameters = [each for each in movable(module).values() if each.requires_grad]
    pieces = [
        piece.view_as(each)
        for piece, each in zip(vector.split([p.numel() for p in parameters]), parameters, strict=True)
    ]
    total = torch.zeros_like(vector)
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        for part in sample.parts:
            slopes = torch.autograd.grad(part(), parameters, create_graph=True, allow_unused=True)
            pairs = [
                (slope, piece)
                for slope, piece in zip(slopes, pieces, strict=True)
                if slope is not None and slope.requires_grad
            ]
            if not pairs:
                continue  # a loss that is linear in every weight does not bend
            bent = torch.autograd.grad(
                [slope for slope, _ in pairs], parameters, [piece for _, piece in pairs], allow_unused=True
            )
            total += _flat(bent, parameters)
    return total / sample.weight


def extremes(
    module: nn.Module,
    sample: Sample,
    *,
    iterations: int,
    tolerance: float = 1e-3,
    seed: int = 0,
    more: Callable[[], bool] = lambda: True,
) -> Extremes | None:
    """The ends of the Hessian's spectrum; None where `more` ended it before the first product.

    Lanczos without reorthogonalisation: the ends come out right, inner eigenvalues may come twice. It ends
    when the residual of the top one is below `tolerance` of it.
    """
    parameters = [each for each in movable(module).values() if each.requires_grad]
    size = sum(each.numel() for each in parameters)
    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(size, generator=generator, dtype=parameters[0].dtype).to(parameters[0].device)
    current, previous = start / start.double().norm(), torch.zeros_like(start)
    diagonal: list[float] = []
    beside: list[float] = []
    found = None
    for number in range(1, min(iterations, size) + 1):
        if not more():
            break
        product = hessian_product(module, sample, current)
        diagonal.append(_dot(product, current))
        product = product - diagonal[-1] * current - (beside[-1] if beside else 0.0) * previous
        beside.append(_dot(product, product) ** 0.5)
        found = _ends(diagonal, beside, number)
        settled = found.top_residual <= tolerance * abs(found.top)
        if beside[-1] <= 1e-12 * max(map(abs, diagonal)) or settled or not np.isfinite(beside[-1]):
            break
        current, previous = product / beside[-1], current
    return found


def _ends(diagonal: Sequence[float], beside: Sequence[float], iterations: int) -> Extremes:
    if not np.isfinite([*diagonal, *beside]).all():
        nothing = float("nan")
        return Extremes(
            top=nothing, top_residual=nothing, lowest=nothing, lowest_residual=nothing, iterations=iterations
        )
    small = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    values, vectors = np.linalg.eigh(small)
    residuals = beside[-1] * np.abs(vectors[-1])
    return Extremes(
        top=float(values[-1]),
        top_residual=float(residuals[-1]),
        lowest=float(values[0]),
        lowest_residual=float(residuals[0]),
        iterations=iterations,
    )


def _flat(gradients: Sequence[Tensor | None], parameters: Sequence[Tensor]) -> Tensor:
    return torch.cat(
        [
            torch.zeros_like(parameter).flatten() if gradient is None else gradient.detach().flatten()
            for gradient, parameter in zip(gradients, parameters, strict=True)
        ]
    )


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.double(), other.double()))
