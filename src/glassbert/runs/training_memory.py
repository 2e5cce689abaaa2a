"""Whether training fits into the memory that is free, asked before a run directory is made."""

from __future__ import annotations

from glassbert.errors import DataError, Problem
from glassbert.model.memory import BYTES_PER_PARAMETER, free_memory
from glassbert.model.network import Network

# numbers per parameter besides the weight itself: its gradient, and what the optimiser remembers of it
NUMBERS = {"adamw": 3, "momentum": 2, "sgd": 1}


def check_training_memory(network: Network, *, optimizer: str, file: str) -> None:
    """Raise DataError with both numbers when gradients and optimiser alone exceed the free memory.

    Activations come on top: this refuses what cannot be, and promises nothing. The weights are in memory
    already; another device's memory is not asked.
    """
    if next(network.parameters()).device.type != "cpu":
        return
    count = sum(parameter.numel() for parameter in network.parameters())
    needed, free = NUMBERS[optimizer] * BYTES_PER_PARAMETER * count, free_memory()
    if free is None or needed <= free:
        return
    what = f"training needs {needed / 1e9:.2g} GB besides the weights, and {free / 1e9:.2g} GB are free"
    fix = "close other programs, or take a smaller model or --optimizer sgd"
    raise DataError(Problem(code="too-large", what=what, fix=fix, file=file))
