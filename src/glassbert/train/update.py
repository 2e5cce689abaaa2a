"""One AdamW update of a list of tensors by torch's fused kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Betas:
    """The decay rates of the two running means, and the constant that bounds the division."""

    first: float
    second: float
    eps: float


@dataclass(frozen=True, kw_only=True)
class Update:
    """What one step brings: the rate, the decay coefficient, and the factor on every gradient."""

    learning_rate: float
    weight_decay: float
    scale: float


def fused_update(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    *,
    moments: Sequence[tuple[Tensor, Tensor]],
    steps: Sequence[Tensor],
    betas: Betas,
    update: Update,
) -> None:
    """Update parameters and moments in place: one pass over memory; `steps` already count this step.

    torch.optim.AdamW(fused=True) calls the same kernel; calling it ourselves gives the state plain names, and
    lets clipping ride along (the kernel divides each gradient by grad_scale, in place).
    """
    grad_scale = None
    if update.scale != 1.0:
        grad_scale = torch.full((), 1.0 / update.scale, device=parameters[0].device)
    torch._fused_adamw_(
        list(parameters),
        list(gradients),
        [first for first, _ in moments],
        [second for _, second in moments],
        [],
        list(steps),
        lr=update.learning_rate,
        beta1=betas.first,
        beta2=betas.second,
        weight_decay=update.weight_decay,
        eps=betas.eps,
        amsgrad=False,
        maximize=False,
        grad_scale=grad_scale,
    )
