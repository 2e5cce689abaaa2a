"""What every optimiser is given, groups of named parameters, and what it offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from glassbert.errors import DataError, Problem


@dataclass(frozen=True, kw_only=True)
class ParameterGroup:
    """Parameters that share a learning-rate scale and a weight decay.

    lr_scale multiplies the schedule's rate (layer-wise decay); weight_decay is the coefficient of the decay.
    """

    name: str
    parameters: list[tuple[str, nn.Parameter]]
    lr_scale: float = 1.0
    weight_decay: float = 0.0


class Optimizer(Protocol):
    """Moves parameters along their gradients; its state is a flat dictionary of named tensors."""

    groups: Sequence[ParameterGroup]

    def step(self, learning_rate: float, *, scale: float = 1.0) -> None:
        """Update every parameter that has a gradient; gradients count `scale` times (clipping)."""

    def will_read(self, name: str, rows: Tensor) -> None:
        """The next forward pass reads these rows of a row-sparse parameter: bring them up to date."""

    def write_back(self) -> None:
        """Bring what has moved up to date in the parameters, for a save: no later number depends on it."""

    def settle(self) -> None:
        """Bring every parameter up to date for anyone to read, the decay that was put off included."""

    def state_tensors(self) -> dict[str, Tensor]:
        """The state by name, not copied."""

    def load_state_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Take a state that `state_tensors` gave. Errors: DataError where it belongs to other parameters."""


def named_parameters(groups: Sequence[ParameterGroup]) -> Iterator[tuple[str, nn.Parameter]]:
    """Every (name, parameter) of the groups, in order."""
    for group in groups:
        yield from group.parameters


def misfit(what: str) -> DataError:
    """The error for a state that does not belong to these parameters."""
    fix = "resume with the same model and optimiser that the checkpoint was written with"
    return DataError(Problem(code="optimizer-state", what=what, fix=fix))
