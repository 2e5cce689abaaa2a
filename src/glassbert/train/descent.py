"""Gradient descent, plain and with momentum, classical (Polyak) or Nesterov."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from glassbert.train.group import ParameterGroup, misfit, named_parameters


class Descent:
    """With g the gradient plus wd p and v the velocity (v_0 = 0):

    momentum 0:  p <- p - lr g
    classical:   v <- mu v + g;  p <- p - lr v
    Nesterov:    v <- mu v + g;  p <- p - lr (g + mu v)

    The formulas are torch.optim.SGD's; wd is an L2 term in the gradient, not AdamW's decoupled decay.
    """

    def __init__(
        self, groups: Sequence[ParameterGroup], *, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        self.groups = groups
        self.momentum = momentum
        self.nesterov = nesterov
        self._velocity: dict[str, Tensor] = {}

    @torch.no_grad()
    def step(self, learning_rate: float, *, scale: float = 1.0) -> None:
        for group in self.groups:
            rate = learning_rate * group.lr_scale
            for name, parameter in group.parameters:
                if parameter.grad is None:
                    continue
                gradient = parameter.grad * scale if scale != 1.0 else parameter.grad
                if group.weight_decay:
                    gradient = gradient.to_dense() if gradient.is_sparse else gradient
                    gradient = gradient.add(parameter, alpha=group.weight_decay)
                parameter.add_(self._direction(name, gradient), alpha=-rate)

    def _direction(self, name: str, gradient: Tensor) -> Tensor:
        if self.momentum == 0.0:
            return gradient
        gradient = gradient.to_dense() if gradient.is_sparse else gradient
        if name in self._velocity:
            self._velocity[name].mul_(self.momentum).add_(gradient)
        else:
            self._velocity[name] = gradient.clone()
        velocity = self._velocity[name]
        return gradient.add(velocity, alpha=self.momentum) if self.nesterov else velocity

    def will_read(self, name: str, rows: Tensor) -> None:
        """Nothing is ever put off."""

    def write_back(self) -> None:
        """Nothing is ever put off."""

    def settle(self) -> None:
        """Nothing is ever put off."""

    def state_tensors(self) -> dict[str, Tensor]:
        return {f"{name}/velocity": velocity for name, velocity in self._velocity.items()}

    def load_state_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        parameters = dict(named_parameters(self.groups))
        velocity = {}
        for key, tensor in tensors.items():
            name, _, part = key.rpartition("/")
            if part != "velocity" or name not in parameters or parameters[name].shape != tensor.shape:
                raise misfit(f"{key} of shape {list(tensor.shape)} belongs to no parameter")
            velocity[name] = tensor.to(parameters[name].device).clone()
        self._velocity = velocity
