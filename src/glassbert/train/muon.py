"""Muon (Jordan et al. 2024): momentum, orthogonalised, for the matrices inside; AdamW for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.train.adamw import AdamW
from glassbert.train.group import ParameterGroup, misfit, named_parameters
from glassbert.train.orthogonal import orthogonalised

MOMENTUM = 0.95
# of an orthogonalised update's root mean square, 1 / sqrt(max(m, n)), to the 0.2 to 0.4 of AdamW's
# (Liu et al. 2025, arXiv 2502.16982, section 2.2): rates and decays of AdamW carry over
MATCHED = 0.2
STATE = "momentum"


class Muon:
    """v <- mu v + (1 - mu) g;  u <- mu v + (1 - mu) g (Nesterov's);  W <- (1 - lr wd) W - lr r O(u).

    O makes all singular values about 1, r = 0.2 sqrt(max(m, n)). `matrices` names what is moved so, and of
    how many matrices standing on one another each consists: a fused query-key-value projection of 3, which
    act apart, so that each is orthogonalised by itself (as one, the largest of the three would decide what
    is left to the others). Everything else, embeddings, norms, biases and head, is AdamW's, with the same
    rates. Errors: UsageError when no matrix is named, or one that is not there, not a matrix, or not
    divisible.
    """

    def __init__(
        self,
        groups: Sequence[ParameterGroup],
        *,
        matrices: Mapping[str, int],
        momentum: float = MOMENTUM,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        announced: bool = False,
    ) -> None:
        self.groups = groups
        self.momentum = momentum
        self.matrices = dict(matrices)
        _check(self.matrices, dict(named_parameters(groups)))
        others = [_without(group, self.matrices) for group in groups]
        self._others = AdamW(others, betas=betas, eps=eps, announced=announced)
        self._momentum: dict[str, Tensor] = {}

    @torch.no_grad()
    def step(self, learning_rate: float, *, scale: float = 1.0) -> None:
        self._others.step(learning_rate, scale=scale)
        moved, updates = list[Tensor](), list[Tensor]()
        factors = list[tuple[float, float]]()
        for group in self.groups:
            rate = learning_rate * group.lr_scale
            for name, parameter in group.parameters:
                if name not in self.matrices or parameter.grad is None:
                    continue
                parts = self.matrices[name]
                moved += parameter.chunk(parts)
                updates += self._direction(name, parameter.grad, scale).chunk(parts)
                factors += [(rate, group.weight_decay)] * parts
        for matrix, update, (rate, decay) in zip(moved, orthogonalised(updates), factors, strict=True):
            matrix.mul_(1.0 - rate * decay)
            matrix.add_(update, alpha=-rate * MATCHED * max(matrix.shape) ** 0.5)

    def _direction(self, name: str, gradient: Tensor, scale: float) -> Tensor:
        gradient = gradient * scale if scale != 1.0 else gradient
        if name not in self._momentum:
            self._momentum[name] = torch.zeros_like(gradient)
        return gradient.lerp(self._momentum[name].lerp_(gradient, 1.0 - self.momentum), self.momentum)

    def will_read(self, name: str, rows: Tensor) -> None:
        self._others.will_read(name, rows)

    def write_back(self) -> None:
        self._others.write_back()

    def settle(self) -> None:
        self._others.settle()

    def state_tensors(self) -> dict[str, Tensor]:
        mine = {f"{name}/{STATE}": tensor for name, tensor in self._momentum.items()}
        return self._others.state_tensors() | mine

    def load_state_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        parameters, found, rest = (
            dict(named_parameters(self.groups)),
            dict[str, Tensor](),
            dict[str, Tensor](),
        )
        for key, tensor in tensors.items():
            name, _, part = key.rpartition("/")
            if part != STATE and name not in self.matrices:
                rest[key] = tensor
                continue
            if part != STATE or name not in self.matrices or parameters[name].shape != tensor.shape:
                raise misfit(f"{key} of shape {list(tensor.shape)} belongs to no matrix")
            found[name] = tensor.to(parameters[name].device).clone()
        self._others.load_state_tensors(rest)
        self._momentum = found


def _without(group: ParameterGroup, names: Mapping[str, int]) -> ParameterGroup:
    return replace(group, parameters=[pair for pair in group.parameters if pair[0] not in names])


def refuse_no_matrices(matrices: Mapping[str, int]) -> None:
    """Raise UsageError where nothing is left for Muon to move, and it would be AdamW under another name."""
    if not matrices:
        what = "muon moves the matrices inside an encoder, and none of them learns"
        fix = "choose adamw for adapters or a head alone"
        raise UsageError(Problem(code="no-matrices", what=what, fix=fix))


def _check(matrices: Mapping[str, int], parameters: Mapping[str, Tensor]) -> None:
    refuse_no_matrices(matrices)
    for name, parts in matrices.items():
        shape = list(parameters[name].shape) if name in parameters else None
        if shape is None or len(shape) != 2 or parts < 1 or shape[0] % parts:
            what = f"{name} of shape {shape} is not {parts} matrices"
            raise UsageError(Problem(code="no-such-matrix", what=what, fix="name matrices that learn"))
