"""From a trace to the graph of the record: who contains whom, who needs what, who owns which parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor, nn

from glassbert.lens.structuring.graph import ROOT, StructureGraph, StructureNode
from glassbert.lens.structuring.trace import NOBODY, Call, Trace, Visit


@dataclass(frozen=True, kw_only=True)
class Built:
    """A graph, the node of every event of its trace, and the parameters that no operation read."""

    graph: StructureGraph
    node_of: list[int]
    unread: tuple[str, ...]


def build(trace: Trace, module: nn.Module, *, name: str, inputs: Mapping[str, Tensor]) -> Built:
    """Node 0 is the model, then come its inputs, then modules and operations in the order of the trace."""
    parameters = {id(each): path for path, each in module.named_parameters()}
    stored = set(parameters) | {id(each) for each in module.buffers()}
    outside = {number: leaf for number, leaf in trace.leaves.items() if id(leaf) not in stored}
    names = _input_names(outside, inputs)
    shift = len(outside)
    node_of = [index if index == ROOT else index + shift for index in range(len(trace.events))]
    of_leaf = {number: place for place, number in enumerate(outside, start=1)}
    nodes = _nodes(trace, node_of)
    top = replace(nodes[0], name=name)
    given = [_input_node(names[number], leaf) for number, leaf in outside.items()]
    owned = _owned([top, *given, *nodes[1:]], module)
    read = {
        id(trace.leaves[number]) for call in _calls(trace) for number in call.reads if number in trace.leaves
    }
    return Built(
        graph=StructureGraph(nodes=tuple(owned), edges=_edges(trace, node_of, of_leaf)),
        node_of=node_of,
        unread=tuple(path for key, path in parameters.items() if key not in read),
    )


def _calls(trace: Trace) -> list[Call]:
    return [event for event in trace.events if isinstance(event, Call)]


def _nodes(trace: Trace, node_of: list[int]) -> list[StructureNode]:
    counts: Counter[tuple[int, str]] = Counter()
    nodes = []
    for event in trace.events:
        parent = NOBODY if event.parent == NOBODY else node_of[event.parent]
        seen = event.passed
        if isinstance(event, Visit):
            node = StructureNode(path=event.path, name=event.name, kind="module", parent=parent)
        else:
            name = operation_name(event)
            counts[event.parent, name] += 1
            owner = trace.events[event.parent]
            assert isinstance(owner, Visit)
            node = StructureNode(
                path=f"{owner.path}:{name}.{counts[event.parent, name] - 1}",
                name=name,
                kind="view" if event.is_view else "operation",
                parent=parent,
                flops=event.flops,
                activation_bytes=event.fresh_bytes,
                seconds=event.seconds,
            )
        nodes.append(
            replace(
                node,
                input_shape=seen.input_shape,
                output_shape=seen.output_shape,
                dtype=seen.dtype,
                activation=seen.activation,
            )
        )
    return nodes


def operation_name(call: Call) -> str:
    """torch's name without its home: `addmm`, `_scaled_dot_product_flash_attention_for_cpu`."""
    return str(call.function).split(".")[1]


def _input_names(outside: Mapping[int, Tensor], inputs: Mapping[str, Tensor]) -> dict[int, str]:
    """The names under which tensors were handed over; the others are constants of the code."""
    known = {id(tensor): name for name, tensor in inputs.items()}
    constants = (f"constant {place}" for place in range(len(outside)))
    return {number: known.get(id(leaf)) or next(constants) for number, leaf in outside.items()}


def _input_node(name: str, leaf: Tensor) -> StructureNode:
    shape, dtype = tuple(leaf.shape), str(leaf.dtype).removeprefix("torch.")
    return StructureNode(path=name, name=name, kind="input", parent=ROOT, output_shape=shape, dtype=dtype)


def _edges(trace: Trace, node_of: list[int], of_leaf: Mapping[int, int]) -> np.ndarray:
    pairs = set()
    for index, event in enumerate(trace.events):
        if isinstance(event, Call):
            pairs |= {(node_of[before], node_of[index]) for before in event.after}
            pairs |= {(of_leaf[number], node_of[index]) for number in event.reads if number in of_leaf}
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)


def _owned(nodes: list[StructureNode], module: nn.Module) -> list[StructureNode]:
    """Nodes with their parameters: each is counted once, at the module that owns it under its first name.

    A module whose weights are read without calling it has no node: what it owns belongs to the nearest
    module round it that has one.
    """
    first_visit: dict[str, int] = {}
    for number, node in enumerate(nodes):
        if node.kind == "module":
            first_visit.setdefault(node.path, number)
    owned, tied, sizes = (dict[int, list[str]](), dict[int, list[str]](), Counter[int]())
    first_name: dict[int, str] = {}
    for path, parameter in module.named_parameters(remove_duplicate=False):
        number = _nearest(path, first_visit)
        if id(parameter) in first_name:
            tied.setdefault(number, []).append(first_name[id(parameter)])
            continue
        first_name[id(parameter)] = path
        inner = path[len(nodes[number].path) :].lstrip(".")
        owned.setdefault(number, []).append(inner)
        sizes[number] += parameter.numel()
    return [
        replace(
            node,
            parameters=tuple(owned.get(number, ())),
            num_parameters=sizes[number],
            tied=tuple(tied.get(number, ())),
        )
        for number, node in enumerate(nodes)
    ]


def _nearest(path: str, first_visit: Mapping[str, int]) -> int:
    owner = path
    while owner:
        owner = owner.rpartition(".")[0]
        if owner in first_visit:
            return first_visit[owner]
    return ROOT
