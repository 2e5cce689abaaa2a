"""AttnLRP: layer-wise relevance propagation through a transformer (Achtibat et al. 2024).

Relevance is input times a derivative in which four operations have other derivatives than their own:

    normalisation    the standard deviation counts as a constant
    f(x), f an activation     f(x)/x counts as a constant
    A B, A * B, both computed        each factor takes half
    softmax, linear           their own

The network runs as it is; `Rules` gives these operations their other derivatives while it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.model.taps import capture

# f(x)/x at x = 0 would be 0/0
SMALLEST = 1e-9


def attnlrp(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """h_i . dF/dh_i with the derivatives of AttnLRP."""
    hidden = subject.embedded()[None].requires_grad_()
    # watched weights are computed by the formula, whose operations can be told apart
    with capture(subject.network, ["attention.weights"]), Rules():
        value = subject.of_embedded(hidden)
    (gradient,) = torch.autograd.grad(value.sum(), hidden)
    return (hidden.detach() * gradient)[0].double().sum(-1).cpu().numpy()


class Rules(TorchFunctionMode):
    """Replaces the derivatives, never the values, of normalisations, activations and products."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        rule = RULES.get(func)
        given = kwargs or {}
        return func(*args, **given) if rule is None else rule(func, *args, **given)


def _normalised(func: Callable[..., Tensor], inputs: Tensor, shape: Any, *args: Any, **given: Any) -> Tensor:
    weight, bias, eps = (*args, *given.values())
    centred = inputs - inputs.mean(-1, keepdim=True)
    spread = (centred.detach().pow(2).mean(-1, keepdim=True) + eps).sqrt()
    scaled = centred / spread * weight
    return scaled if bias is None else scaled + bias


def _activated(func: Callable[..., Tensor], inputs: Tensor, **given: Any) -> Tensor:
    fixed = inputs.detach()
    safe = torch.where(fixed.abs() < SMALLEST, SMALLEST, fixed)
    return inputs * (func(safe, **given) / safe)


def _halved(func: Callable[..., Tensor], left: Tensor, right: Tensor) -> Tensor:
    product = func(left, right)
    if not (is_computed(left) and is_computed(right)):
        return product
    return (product + product.detach()) / 2


def is_computed(factor: object) -> bool:
    """Whether relevance can reach it: the cosine of a rotary position is a number like a weight."""
    return isinstance(factor, Tensor) and factor.requires_grad


RULES: dict[Any, Callable[..., Tensor]] = {
    F.layer_norm: _normalised,
    **dict.fromkeys((F.gelu, F.relu, F.silu, torch.tanh, Tensor.tanh), _activated),
    **dict.fromkeys((torch.matmul, Tensor.matmul, Tensor.__matmul__, Tensor.__mul__, Tensor.mul), _halved),
}
