"""How much work an attribution may be, and where its chance comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glassbert.errors import Problem, UsageError

# (sequences passed so far, sequences expected in all)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class AttributionOptions:
    """What `attribution` does beyond the method; the defaults fit a sentence and stay bounded at 512 tokens.

    window            which window of a text longer than the model is explained, from 0
    seed              of permutations, perturbations, random orders, ties and random weights
    samples           forward passes a sampling method may take (Shapley: at least two permutations)
    random_orders     orders of the tokens that a method is compared with
    steps             points of a deletion or insertion curve, at most
    randomise         whether to repeat the method on a network with random weights
    tokens_per_batch  tokens of perturbed inputs in one forward pass: what bounds the memory
    progress          called after every batch
    """

    window: int = 0
    seed: int = 0
    samples: int = 1000
    random_orders: int = 20
    steps: int = 20
    randomise: bool = True
    tokens_per_batch: int = 4096
    progress: Progress | None = None

    def __post_init__(self) -> None:
        least = {
            "window": 0,
            "seed": 0,
            "samples": 10,
            "random_orders": 19,
            "steps": 2,
            "tokens_per_batch": 1,
        }
        for name, smallest in least.items():
            value = getattr(self, name)
            if type(value) is not int or value < smallest:
                fix = f"give a whole number of at least {smallest}"
                raise UsageError(Problem(code="bad-option", what=f"{name} is {value!r}", fix=fix))
