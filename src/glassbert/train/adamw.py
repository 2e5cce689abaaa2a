"""AdamW (Loshchilov and Hutter, arXiv 1711.05101): dense by torch's fused kernel, tables by rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glassbert.train.group import ParameterGroup, misfit, named_parameters
from glassbert.train.rows import RowMoments
from glassbert.train.update import Betas, Update, fused_update


@dataclass(kw_only=True)
class Moments:
    """The dense state of one parameter: its own step count and two running means of the parameter's shape."""

    step: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor

    @classmethod
    def of(cls, parameter: Tensor) -> Moments:
        zeros = torch.zeros_like(parameter, requires_grad=False)
        step = torch.zeros((), dtype=torch.float32, device=parameter.device)
        return cls(step=step, exp_avg=zeros, exp_avg_sq=zeros.clone())

    def tensors(self) -> dict[str, Tensor]:
        return {"step": self.step, "exp_avg": self.exp_avg, "exp_avg_sq": self.exp_avg_sq}


class AdamW:
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  p <- (1 - lr wd) p - lr m^ / (sqrt(v^) + eps).

    A parameter whose first gradient is a sparse tensor keeps moments only for rows that ever had a gradient
    (`rows.py`); the result equals the dense update. Every row of the table is brought up to date in each
    step, unless `announced` says that rows are announced by `will_read` before a forward pass reads them:
    then the others are put off until they are announced or everything is settled, and a gradient of a row
    that was not announced is an error. A parameter without a gradient is left alone, as torch does. Defaults
    are the paper's.
    """

    def __init__(
        self,
        groups: Sequence[ParameterGroup],
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        announced: bool = False,
    ) -> None:
        self.groups = groups
        self.betas = Betas(first=betas[0], second=betas[1], eps=eps)
        self.announced = announced
        self._state: dict[str, Moments | RowMoments] = {}

    @torch.no_grad()
    def step(self, learning_rate: float, *, scale: float = 1.0) -> None:
        for group in self.groups:
            update = Update(
                learning_rate=learning_rate * group.lr_scale, weight_decay=group.weight_decay, scale=scale
            )
            dense = []
            for name, parameter in group.parameters:
                if parameter.grad is None:
                    continue
                state = self._state_of(name, parameter)
                if isinstance(state, RowMoments):
                    state.update(_rows_of(parameter.grad), self.betas, update)
                else:
                    dense.append((parameter, state))
            self._update_dense(dense, update)

    def _update_dense(self, pairs: list[tuple[nn.Parameter, Moments]], update: Update) -> None:
        if not pairs:
            return
        torch._foreach_add_([state.step for _, state in pairs], 1.0)
        fused_update(
            [parameter for parameter, _ in pairs],
            [_dense(parameter.grad) for parameter, _ in pairs],
            moments=[(state.exp_avg, state.exp_avg_sq) for _, state in pairs],
            steps=[state.step for _, state in pairs],
            betas=self.betas,
            update=update,
        )

    def _state_of(self, name: str, parameter: nn.Parameter) -> Moments | RowMoments:
        if name not in self._state:
            sparse = parameter.grad is not None and parameter.grad.is_sparse
            self._state[name] = self._new_state(name, parameter, by_rows=sparse)
        return self._state[name]

    def _new_state(self, name: str, parameter: nn.Parameter, *, by_rows: bool) -> Moments | RowMoments:
        return RowMoments(name, parameter, announced=self.announced) if by_rows else Moments.of(parameter)

    @torch.no_grad()
    def will_read(self, name: str, rows: Tensor) -> None:
        state = self._state.get(name)
        if isinstance(state, RowMoments):
            state.announce(rows)

    @torch.no_grad()
    def write_back(self) -> None:
        for state in self._state.values():
            if isinstance(state, RowMoments):
                state.write_back()

    @torch.no_grad()
    def settle(self) -> None:
        for state in self._state.values():
            if isinstance(state, RowMoments):
                state.settle()

    def state_tensors(self) -> dict[str, Tensor]:
        return {
            f"{name}/{part}": tensor
            for name, state in self._state.items()
            for part, tensor in state.tensors().items()
        }

    def load_state_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        parts: dict[str, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            name, _, part = key.rpartition("/")
            parts.setdefault(name, {})[part] = tensor
        parameters = dict(named_parameters(self.groups))
        if unknown := sorted(set(parts) - set(parameters)):
            raise misfit(f"there is state for {', '.join(unknown[:5])}, which the model does not have")
        self._state = {name: self._restore(name, parameters[name], saved) for name, saved in parts.items()}

    def _restore(self, name: str, parameter: nn.Parameter, saved: dict[str, Tensor]) -> Moments | RowMoments:
        state = self._new_state(name, parameter, by_rows="rows" in saved)
        if set(saved) != set(state.tensors()):
            raise misfit(f"{name} has the state {sorted(saved)}")
        if isinstance(state, RowMoments):
            state.load(saved)
            return state
        for part, tensor in state.tensors().items():
            if tensor.shape != saved[part].shape:
                raise misfit(f"{name}/{part} has shape {list(saved[part].shape)}, not {list(tensor.shape)}")
            tensor.copy_(saved[part])
        return state


def _dense(gradient: Tensor | None) -> Tensor:
    assert gradient is not None
    return gradient.to_dense() if gradient.is_sparse else gradient


def _rows_of(gradient: Tensor) -> Tensor:
    """A table that began with sparse gradients may meet a dense one: its zero rows count as no gradient."""
    return gradient.coalesce() if gradient.is_sparse else gradient.to_sparse(1).coalesce()
