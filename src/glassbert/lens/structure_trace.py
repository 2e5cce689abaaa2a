"""A real forward pass, written down call by call, and played again from what was written.

Below autograd every tensor operation passes torch's dispatcher, where a mode can note it, whatever Python
code it came from: the trace is what ran, for any module, with our packed batches or another's dictionaries.
Hooks on the modules say which of them each call belongs to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakIdKeyDictionary

from glassbert.lens.structure_flops import flops_of
from glassbert.lens.structure_graph import Statistics
from glassbert.lens.structure_statistics import statistics_of
from glassbert.model.taps import Tap

NOBODY = -1


@dataclass(frozen=True)
class Ref:
    """The place of a tensor among the arguments of a recorded call: its number in the trace."""

    value: int


@dataclass(kw_only=True)
class Visit:
    """One call of a module; `parent` is the event of the module that called it."""

    path: str
    name: str
    parent: int
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    dtype: str = ""
    activation: Statistics | None = None


@dataclass(kw_only=True)
class Call:
    """One call of a torch operation, with `Ref`s where tensors stood; `after` are events it depends on."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    parent: int
    results: Any
    leaves: tuple[int, ...]
    after: frozenset[int]
    is_view: bool
    flops: int
    seconds: float
    fresh_bytes: int
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    dtype: str
    activation: Statistics | None


@dataclass(kw_only=True)
class Trace:
    """Events in the order in which they began, the tensors that came from outside, and what was returned."""

    events: list[Visit | Call] = field(default_factory=list)
    leaves: dict[int, Tensor] = field(default_factory=dict)
    overwritten: set[int] = field(default_factory=set)
    output: Any = None

    def run(self, order: Sequence[int] | None = None) -> Any:
        """Play the calls again, in the order of the events or another topological one; the module's output."""
        values = {
            number: tensor.clone() if number in self.overwritten else tensor
            for number, tensor in self.leaves.items()
        }
        for index in range(len(self.events)) if order is None else order:
            call = self.events[index]
            if isinstance(call, Call):
                made = call.function(*_filled(call.args, values), **_filled(call.kwargs, values))
                for ref, tensor in zip(tree_leaves(call.results), tree_leaves(made), strict=True):
                    if isinstance(ref, Ref):
                        values[ref.value] = tensor
        return _filled(self.output, values)


def trace(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Trace:
    """Record one forward pass of the module as it stands, without gradients."""
    recorder = _Recorder()
    with torch.no_grad(), _visits(module, recorder), recorder:
        output = module(*args, **(kwargs or {}))
    recorder.trace.output = tree_map(recorder.reference, output)
    return recorder.trace


def main_tensor(value: Any) -> Tensor | None:
    """The first tensor in arguments or results."""
    return next((leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)), None)


class _Recorder(TorchDispatchMode):
    """Notes every call; tensors are known by identity, and none is kept alive but those from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.stack: list[int] = [NOBODY]
        self._numbers: Any = WeakIdKeyDictionary()
        self._count = 0
        self._order = _Order()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        with self:  # a composite operation becomes those it is made of
            made = func.decompose(*args, **named)
        if made is not NotImplemented:
            return made
        return self._noted(func, args, named)

    def _noted(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        refs = tree_map(self.reference, (args, kwargs))
        written = _written(func, args, kwargs)
        for tensor in written:
            self._keep_before_writing(tensor)
        roots = {id(tensor): self._order.root(tensor, self._number(tensor)) for tensor in given}
        result, seconds = _timed(func, args, kwargs, given)
        storages = {tensor.untyped_storage()._cdata: roots[id(tensor)] for tensor in given}
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        fresh = [tensor for tensor in made if tensor.untyped_storage()._cdata not in storages]
        results = tree_map(self._numbered, result)
        for tensor in made:
            number = self._number(tensor)
            self._order.roots.setdefault(number, storages.get(tensor.untyped_storage()._cdata, number))
        index = len(self.trace.events)
        values = {self._number(tensor) for tensor in given}
        after = self._order.after(
            index, values, set(roots.values()), {roots[id(tensor)] for tensor in written}
        )
        for tensor in made:
            self._order.maker[self._number(tensor)] = index
        first, shape = main_tensor(result), main_tensor((args, kwargs))
        is_view = bool(made) and not fresh and not written
        self.trace.events.append(
            Call(
                function=func,
                args=refs[0],
                kwargs=refs[1],
                parent=self.stack[-1],
                results=results,
                leaves=tuple(sorted(values & self.trace.leaves.keys())),
                after=after,
                is_view=is_view,
                flops=flops_of(func, args, kwargs, result),
                seconds=seconds,
                fresh_bytes=sum(tensor.nbytes for tensor in fresh),
                input_shape=None if shape is None else tuple(shape.shape),
                output_shape=None if first is None else tuple(first.shape),
                dtype="" if first is None else str(first.dtype).removeprefix("torch."),
                activation=None if is_view else statistics_of(first),
            )
        )
        return result
