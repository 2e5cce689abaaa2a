"""What a model is made of, recorded from a real forward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from glassbert.errors import Problem, UsageError
from glassbert.lens.seen import Inspectable, see
from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structuring.build import build
from glassbert.lens.structuring.gradients import Key, gradients_of
from glassbert.lens.structuring.graph import Statistics, StructureGraph
from glassbert.lens.structuring.memory import refuse_without_memory
from glassbert.lens.structuring.recorder import evaluating, record
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.products import all_by_torch

SAMPLE = "the structure of a model does not depend on the words ."
SAMPLE_TOKENS = 16
Inputs = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A module with what it is called with."""

    module: nn.Module
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    tokens: tuple[str, ...] = ()
    window: int = 0
    num_windows: int = 1


def structure(
    model: Inspectable | nn.Module,
    text: str | None = None,
    *,
    inputs: Inputs | None = None,
    gradients: bool = False,
    window: int = 0,
) -> StructureRecord:
    """The modules and operations of one forward pass, with parameters, shapes, FLOPs, bytes and times.

    `model` is a loaded model (looked at with `text`, or a sample sentence; of a text longer than the
    model one `window`, from 0), or any torch module with its `inputs`, positional or by name; our bare
    `Network` has a sample of its own.
    The pass runs in evaluation mode with torch's own products (`products.py`), twice: once to warm up. With
    `gradients`, modules also carry statistics of the gradient of the largest output. Raises UsageError for a
    module without inputs and a window that does not exist, DataError when the pass needs more memory than is
    free; errors of the module itself pass through.
    """
    chosen = _pass(model, text, inputs, window)
    notes = refuse_without_memory(chosen.module, chosen.args, chosen.kwargs)
    with all_by_torch(), torch.no_grad(), evaluating(chosen.module):
        chosen.module(*chosen.args, **chosen.kwargs)
    trace = record(chosen.module, chosen.args, chosen.kwargs)
    built = build(trace, chosen.module, name=chosen.name, inputs=_named_tensors(chosen))
    graph = built.graph
    if gradients:
        graph = _with_gradients(graph, gradients_of(chosen.module, chosen.args, chosen.kwargs))
    return StructureRecord(
        model=chosen.name,
        text=chosen.text,
        window=chosen.window,
        num_windows=chosen.num_windows,
        tokens=chosen.tokens,
        graph=graph,
        unread=built.unread,
        notes=notes,
    )


def _pass(model: Inspectable | nn.Module, text: str | None, inputs: Inputs | None, window: int) -> Pass:
    if not isinstance(model, nn.Module):
        if inputs is not None:
            raise _usage(
                "two-inputs", "a loaded model reads text", "leave inputs out, or hand over model.network"
            )
        return _pass_of_text(model, SAMPLE if text is None else text, window)
    name = type(model).__name__
    if text is not None:
        raise _usage("no-tokenizer", f"a bare {name} cannot read text", "give inputs=, or a loaded model")
    if window:
        raise _usage("no-such-window", f"a bare {name} reads no text in windows", "leave window out")
    if inputs is None and isinstance(model, Network):
        inputs = (_sample(model),)
    if inputs is None:
        raise _usage(
            "no-inputs", f"a {name} needs a sample to be run on", "give inputs=(tensor, ...) or a dict"
        )
    if isinstance(inputs, Tensor | Packed):
        inputs = (inputs,)
    if isinstance(inputs, Mapping):
        return Pass(module=model, name=name, kwargs=inputs)
    return Pass(module=model, name=name, args=tuple(inputs))


def _pass_of_text(model: Inspectable, text: str, window: int) -> Pass:
    seen = see(model, text, window=window)
    return Pass(
        module=model.network,
        name=model.name,
        args=(seen.packed(model.network),),
        text=text,
        tokens=seen.tokens,
        window=window,
        num_windows=seen.num_windows,
    )


def _sample(network: Network) -> Packed:
    """One sequence of token 0: what is computed does not depend on which tokens they are."""
    length = min(SAMPLE_TOKENS, network.config.max_length)
    blank = np.zeros(length, dtype=np.int64)
    offset, device = network.config.position_offset, next(network.parameters()).device
    return Packed.of(blank, blank, np.array([length]), position_offset=offset, device=device)


def _named_tensors(chosen: Pass) -> dict[str, Tensor]:
    """What the inputs are called in the graph."""
    if chosen.args and isinstance(chosen.args[0], Packed):
        packed = chosen.args[0]
        places = {"position_ids": packed.layout.position_ids, "first_rows": packed.layout.first_rows.index}
        return {"input_ids": packed.input_ids, "token_type_ids": packed.token_type_ids, **places}
    positional = [leaf for leaf in tree_leaves(chosen.args) if isinstance(leaf, Tensor)]
    named = {f"input {place}": leaf for place, leaf in enumerate(positional)}
    return named | {name: leaf for name, leaf in chosen.kwargs.items() if isinstance(leaf, Tensor)}


def _with_gradients(graph: StructureGraph, found: Mapping[Key, Statistics]) -> StructureGraph:
    calls: Counter[str] = Counter()
    nodes = []
    for node in graph.nodes:
        if node.kind == "module":
            nodes.append(replace(node, gradient=found.get((node.path, calls[node.path]))))
            calls[node.path] += 1
        else:
            nodes.append(node)
    return StructureGraph(nodes=tuple(nodes), edges=graph.edges)


def _usage(code: str, what: str, fix: str) -> UsageError:
    return UsageError(Problem(code=code, what=what, fix=fix))
