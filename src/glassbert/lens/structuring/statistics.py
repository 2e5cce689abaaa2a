"""Four numbers that describe a tensor."""

from __future__ import annotations

import torch
from torch import Tensor

from glassbert.lens.structuring.graph import Statistics


def statistics_of(tensor: Tensor | None) -> Statistics | None:
    """Mean, standard deviation (over all elements) and extremes; None where there are no real numbers."""
    if tensor is None or tensor.is_meta or not tensor.numel() or not tensor.is_floating_point():
        return None
    values = tensor.detach().float()
    std, mean = torch.std_mean(values, correction=0)
    low, high = torch.aminmax(values)
    return Statistics(mean=float(mean), std=float(std), low=float(low), high=float(high))
