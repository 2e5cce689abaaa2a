"""The norm of all gradients together, and the factor that keeps it within a bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


def global_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """The 2-norm of all gradients as one vector, a tensor on their device (reading it is the caller's wait).

    Row-sparse gradients are coalesced in place: several micro-batches leave several entries for one row, and
    the norm of a sum is not the sum of the norms.
    """
    values = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            values.append(parameter.grad.values())
        else:
            values.append(parameter.grad)
    if all(value.device.type == "cpu" and value.is_contiguous() for value in values):
        return _norm_on_cpu(values)
    return torch.nn.utils.get_total_norm(values)


def _norm_on_cpu(values: Sequence[Tensor]) -> Tensor:
    """sqrt(sum g . g): torch's dot product reads memory twice as fast as its norm (42 MB in 2.5 ms)."""
    flat = [value.detach().view(-1) for value in values]
    squares = [torch.dot(value, value) for value in flat]
    return torch.stack(squares).double().sum().sqrt().float() if squares else torch.zeros(())


def clip_factor(norm: float, max_norm: float | None) -> float:
    """The factor in (0, 1] for every gradient: min(1, max_norm / (norm + 1e-6)), as torch's clip_grad_norm_.

    None means no clipping. The optimiser applies the factor inside its update, which saves a pass over
    memory.
    """
    if max_norm is None or math.isinf(max_norm):
        return 1.0
    return min(1.0, max_norm / (norm + 1e-6))
