"""What the loop says to the other processes of a run, and when; a process alone says nothing.

The loop knows this protocol and not how many processes there are, nor what they send one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from glassbert.train.group import Optimizer
from glassbert.train.state import State


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is to happen between two steps: stop on request, end for the deadline's sake, save."""

    stop: bool = False
    late: bool = False
    save: bool = False


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Of a step's micro-batches: the summed loss over `Exchange.divisor`, their weight, their tokens."""

    loss: Tensor
    weight: float
    tokens: int


class Exchange(Protocol):
    """What happens between the processes of a run. Every method is called by all of them in one order."""

    def agree(self, wishes: Wishes) -> Wishes:
        """What all processes do next, given what this one would."""

    def divisor(self, weight: float) -> float:
        """By what a process divides its losses before the backward pass, given their weight."""

    def reduce(self, sums: Sums, optimizer: Optimizer) -> Sums:
        """Put into `grad` what the optimiser is to step by; the mean loss, weight and tokens of all."""

    def meet(self) -> None:
        """Bring the processes' weights together, before anybody judges them."""

    def of_first(self, work: Callable[[], dict[str, float]]) -> dict[str, float]:
        """What the first process's `work` gives, in all of them."""

    def begin(self, load: Callable[[], State], optimizer: Optimizer) -> State:
        """The first process's state, weights and optimiser, as `load` made them, in all of them."""

    def follow(self, state: State) -> None:
        """Make the state that of the first process."""


class Alone:
    """One process: what it would do is done, and its gradient is divided by its own weight."""

    def agree(self, wishes: Wishes) -> Wishes:
        return wishes

    def divisor(self, weight: float) -> float:
        return weight

    def reduce(self, sums: Sums, optimizer: Optimizer) -> Sums:
        return sums

    def meet(self) -> None:
        """Nobody else has weights."""

    def of_first(self, work: Callable[[], dict[str, float]]) -> dict[str, float]:
        return work()

    def begin(self, load: Callable[[], State], optimizer: Optimizer) -> State:
        return load()

    def follow(self, state: State) -> None:
        """The state is its own."""
