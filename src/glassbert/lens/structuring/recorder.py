"""A real forward pass, noted while it runs.

Below autograd every tensor operation passes torch's dispatcher, where a mode can note it, whatever Python
code it came from: the trace is what ran, for any module, with our packed batches or another's dictionaries.
torch.fx and torch.export would have to understand the code, and our batches are no tensors to them. Hooks on
the modules say which of them each call belongs to; taps stay unwatched, so that the usual kernels run. Of
products those of torch run, whatever the processor: what a model is made of does not depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakIdKeyDictionary

from glassbert.lens.structuring.flops import flops_of
from glassbert.lens.structuring.order import Order
from glassbert.lens.structuring.statistics import statistics_of
from glassbert.lens.structuring.trace import NOBODY, Call, Passed, Ref, Trace, Visit
from glassbert.model.taps import Tap
from glassbert.products import all_by_torch


def record(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Trace:
    """One forward pass of the module in evaluation mode, without gradients."""
    recorder = Recorder()
    with all_by_torch(), torch.no_grad(), evaluating(module), visits(module, recorder), recorder:
        output = module(*args, **(kwargs or {}))
    recorder.trace.output = tree_map(recorder.reference, output)
    return recorder.trace


def tensors_in(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


class Recorder(TorchDispatchMode):
    """Notes every call; tensors are known by identity, and only those from outside are kept alive."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.inside = NOBODY
        self._numbers: Any = WeakIdKeyDictionary()
        self._count = 0
        self._order = Order()
        self._storage_of_leaf: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func is torch.ops.prim.device.default:
            return func(*args, **named)
        with self:  # an operation that is made of others becomes those
            made = func.decompose(*args, **named)
        return self._noted(func, args, named) if made is NotImplemented else made

    def reference(self, leaf: Any) -> Any:
        """A `Ref` for a tensor; one never seen before came from outside."""
        if not isinstance(leaf, Tensor):
            return leaf
        if leaf not in self._numbers:
            number = self._new_number(leaf)
            self.trace.leaves[number] = leaf
            self._order.root[number] = self._storage_of_leaf.setdefault(storage_of(leaf), number)
        return Ref(self._numbers[leaf])

    def _noted(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = tensors_in((args, kwargs))
        given_refs = tree_map(self.reference, (args, kwargs))
        written = written_by(func, args, kwargs)
        self._save_before_writing(written)
        result, seconds = timed(func, args, kwargs, tensors=given)
        fresh = self._number_results(result, given)
        event = len(self.trace.events)
        reads = frozenset(self._numbers[tensor] for tensor in given)
        after = self._order.after(event, reads=reads, writes=[self._numbers[each] for each in written])
        for tensor in tensors_in(result):
            self._order.maker[self._numbers[tensor]] = event
        is_view = bool(tensors_in(result)) and not fresh and not written
        self.trace.events.append(
            Call(
                function=func,
                args=given_refs[0],
                kwargs=given_refs[1],
                results=tree_map(self.reference, result),
                parent=self.inside,
                reads=reads,
                after=after,
                is_view=is_view,
                flops=flops_of(func, args, kwargs, result),
                seconds=seconds,
                fresh_bytes=sum(tensor.nbytes for tensor in fresh),
                passed=passed(given, result, described=not is_view),
            )
        )
        return result

    def _number_results(self, result: Any, given: list[Tensor]) -> list[Tensor]:
        """Number what a call made; returns those results that own fresh memory."""
        roots = {storage_of(tensor): self._order.root[self._numbers[tensor]] for tensor in given}
        fresh = []
        for tensor in tensors_in(result):
            shared = roots.get(storage_of(tensor))
            if shared is None:
                fresh.append(tensor)
            if tensor not in self._numbers:
                number = self._new_number(tensor)
                self._order.root[number] = number if shared is None else shared
        return fresh

    def _new_number(self, tensor: Tensor) -> int:
        self._count += 1
        self._numbers[tensor] = self._count
        return self._count

    def _save_before_writing(self, written: list[Tensor]) -> None:
        for tensor in written:
            number = self._numbers[tensor]
            if number in self.trace.leaves and number not in self.trace.overwritten:
                self.trace.leaves[number] = tensor.clone()
                self.trace.overwritten.add(number)


def storage_of(tensor: Tensor) -> int:
    """What tells two living tensors' memory apart, also on the meta device, where all addresses are 0."""
    return int(tensor.untyped_storage()._cdata)


def written_by(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that a call writes in place, by its schema."""
    if not func._schema.is_mutable:
        return []
    named = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False))
    named.update(kwargs)
    marked = [each.name for each in func._schema.arguments if each.alias_info and each.alias_info.is_write]
    return tensors_in([named[name] for name in marked if name in named])


def timed(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], *, tensors: list[Tensor]
) -> tuple[Any, float]:
    """The result and the seconds; a GPU is waited for before and after."""
    wait = torch.cuda.synchronize if any(tensor.is_cuda for tensor in tensors) else lambda: None
    wait()
    start = time.perf_counter()
    result = func(*args, **kwargs)
    wait()
    return result, time.perf_counter() - start


def passed(given: Any, result: Any, *, described: bool = True) -> Passed:
    """Shapes of the first tensors that went in and came out."""
    first_in, first_out = next(iter(tensors_in(given)), None), next(iter(tensors_in(result)), None)
    return Passed(
        input_shape=None if first_in is None else tuple(first_in.shape),
        output_shape=None if first_out is None else tuple(first_out.shape),
        dtype="" if first_out is None else str(first_out.dtype).removeprefix("torch."),
        activation=statistics_of(first_out) if described else None,
    )


@contextmanager
def visits(module: nn.Module, recorder: Recorder) -> Iterator[None]:
    """While the block runs, modules note when they are entered and left."""
    events = recorder.trace.events

    def enter(path: str) -> Callable[..., None]:
        def hook(entered: nn.Module, _args: Any, _kwargs: Any) -> None:
            events.append(Visit(path=path, name=type(entered).__name__, parent=recorder.inside))
            recorder.inside = len(events) - 1

        return hook

    def leave(_left: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        visit = events[recorder.inside]
        assert isinstance(visit, Visit)
        with torch.utils._python_dispatch._disable_current_modes():
            visit.passed = passed((args, kwargs), output)
        recorder.inside = visit.parent

    handles = []
    for path, each in module.named_modules():
        if not isinstance(each, Tap):
            handles.append(each.register_forward_pre_hook(enter(path), with_kwargs=True))
            handles.append(each.register_forward_hook(leave, with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode while the block runs; then every module is as it was."""
    training = [each for each in module.modules() if each.training]
    module.eval()
    try:
        yield
    finally:
        for each in training:
            each.training = True
