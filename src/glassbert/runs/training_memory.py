"""Whether training fits into the memory that is free, asked before a run directory is made."""

from __future__ import annotations

from glassbert.model.memory import BYTES_PER_PARAMETER, free_memory, refuse_beyond
from glassbert.model.network import Network
from glassbert.runs.learnt import count_learning

# numbers per parameter besides the weight itself: its gradient, and what the optimiser remembers of it (muon:
# of a matrix; of embeddings and norms it remembers as much as adamw)
NUMBERS = {"adamw": 3, "momentum": 2, "sgd": 1, "muon": 2}


def check_training_memory(network: Network, *, optimizer: str, file: str) -> None:
    """Raise DataError with both numbers when gradients and optimiser of what learns exceed the free memory.

    Activations come on top: this refuses what cannot be, and promises nothing. The weights are in memory
    already; another device's memory is not asked.
    """
    if next(network.parameters()).device.type != "cpu":
        return
    count = count_learning(network)
    needed = NUMBERS[optimizer] * BYTES_PER_PARAMETER * count
    what = "besides the weights, training needs"
    fix = "close other programs, or take a smaller model, --lora 8 or --optimizer sgd"
    refuse_beyond(free_memory(), needed, what=what, fix=fix, file=file)
