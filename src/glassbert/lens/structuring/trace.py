"""A forward pass written down call by call, and played again from what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from glassbert.lens.structuring.graph import Statistics

NOBODY = -1


@dataclass(frozen=True)
class Ref:
    """The place of a tensor among the arguments of a recorded call: its number in the trace."""

    value: int


@dataclass(frozen=True, kw_only=True)
class Passed:
    """What a call was given and gave: shapes of the first tensors, and the numbers in the result."""

    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    dtype: str = ""
    activation: Statistics | None = None


@dataclass(kw_only=True)
class Visit:
    """One call of a module; `parent` is the event of the module that called it."""

    path: str
    name: str
    parent: int
    passed: Passed = Passed()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a torch operation, `Ref`s in the places of tensors.

    `reads` are the numbers of the tensors it was given, `after` the events that have to come before it.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: Any
    parent: int
    reads: frozenset[int]
    after: frozenset[int]
    is_view: bool
    flops: int
    seconds: float
    fresh_bytes: int
    passed: Passed


@dataclass(kw_only=True)
class Trace:
    """Events in the order in which they began, the tensors that came from outside, and what was returned."""

    events: list[Visit | Call] = field(default_factory=list)
    leaves: dict[int, Tensor] = field(default_factory=dict)
    overwritten: set[int] = field(default_factory=set)
    output: Any = None

    def run(self, order: Sequence[int] | None = None) -> Any:
        """The module's output, from playing the calls in the order of the events or another topological
        one.
        """
        values = {
            number: leaf.clone() if number in self.overwritten else leaf
            for number, leaf in self.leaves.items()
        }
        for index in range(len(self.events)) if order is None else order:
            call = self.events[index]
            if isinstance(call, Call):
                made = call.function(*_filled(call.args, values), **_filled(call.kwargs, values))
                for ref, tensor in zip(tree_leaves(call.results), tree_leaves(made), strict=True):
                    if isinstance(ref, Ref):
                        values[ref.value] = tensor
        return _filled(self.output, values)


def _filled(tree: Any, values: Mapping[int, Tensor]) -> Any:
    return tree_map(lambda leaf: values[leaf.value] if isinstance(leaf, Ref) else leaf, tree)
