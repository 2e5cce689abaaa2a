"""Identical layers written once: "x 12", and back again without loss.

Neighbouring layers `stem.0`, `stem.1`, ... are identical when their subtrees are (classes, operations,
shapes, parameters, FLOPs), when each takes the same things from the layer before it, and when all take the
same things from elsewhere. What was measured differs in every layer, and is kept for every one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.lens.records import Record
from glassbert.lens.structuring.graph import Statistics, StructureGraph, StructureNode

NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)
Pairs = frozenset[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Repeat(Record):
    """Layers that follow one another: the first one's node, the nodes of each, and what differs.

    `chain` are edges from a layer to the next, both ends counted within their layer; `shared` are edges from
    a node outside to a place within every layer but the first. `measured` holds, for every layer and node,
    seconds and the two statistics (mean, std, low, high), NaN where there are none.
    """

    first: int
    size: int
    chain: Int32[np.ndarray, "C 2"]
    shared: Int32[np.ndarray, "S 2"]
    measured: Float64[np.ndarray, "count size 9"]

    @property
    def count(self) -> int:
        return len(self.measured)

    @property
    def end(self) -> int:
        return self.first + self.count * self.size


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldedGraph(Record):
    """A graph without layers that repeat the one before; edges use the numbers of the whole graph."""

    nodes: tuple[StructureNode, ...]
    edges: Int32[np.ndarray, "E 2"]
    repeats: tuple[Repeat, ...]


def fold(graph: StructureGraph) -> FoldedGraph:
    """Write runs of identical layers once; outermost runs first, and none within another."""
    incoming = _incoming(graph)
    repeats = tuple(_runs(graph, incoming))
    left_out = {number for run in repeats for number in range(run.first + run.size, run.end)}
    kept = [pair for pair in graph.edges.tolist() if pair[1] not in left_out]
    return FoldedGraph(
        nodes=tuple(node for number, node in enumerate(graph.nodes) if number not in left_out),
        edges=_array(kept),
        repeats=repeats,
    )


def unfold(folded: FoldedGraph) -> StructureGraph:
    """The graph that was folded, every bit of it."""
    nodes: list[StructureNode] = []
    edges = {(int(source), int(target)) for source, target in folded.edges}
    runs = {run.first: run for run in folded.repeats}
    waiting = iter(folded.nodes)
    for node in waiting:
        nodes.append(node)
        run = runs.get(len(nodes) - 1)
        if run is not None:
            nodes += [next(waiting) for _ in range(run.size - 1)]
            nodes += _copies(nodes[run.first : run.end], run)
            edges |= _copied_edges(edges, run)
    return StructureGraph(nodes=tuple(nodes), edges=_array(sorted(edges)))


def _runs(graph: StructureGraph, incoming: Sequence[Sequence[int]]) -> Iterator[Repeat]:
    ends = graph.ends()
    number = 0
    while number < len(graph.nodes):
        run = _run_at(graph, number, ends, incoming)
        if run is not None:
            yield run
        number = number + 1 if run is None else run.end


def _run_at(
    graph: StructureGraph, first: int, ends: Sequence[int], incoming: Sequence[Sequence[int]]
) -> Repeat | None:
    """The longest run of identical layers that begins at this node."""
    size = ends[first] - first
    wanted = _form(graph, first, size)
    starts, links = [first], None
    while _follows(graph, starts[-1], size) and wanted == _form(graph, starts[-1] + size, size):
        start = starts[-1] + size
        found = _links(incoming, first, start, size)
        inner = _inner(incoming, start, size)
        if found is None or inner != _inner(incoming, first, size) or links not in (None, found):
            break
        links = found
        starts.append(start)
    if links is None:
        return None
    return Repeat(
        first=first,
        size=size,
        chain=_array(sorted(links[0])),
        shared=_array(sorted(links[1])),
        measured=np.array([[_measured(node) for node in graph.nodes[at : at + size]] for at in starts]),
    )


def _follows(graph: StructureGraph, start: int, size: int) -> bool:
    """Whether the next subtree is called like this one with the next number, and lies beside it."""
    if start + size >= len(graph.nodes):
        return False
    here, there = graph.nodes[start], graph.nodes[start + size]
    one, two = NUMBERED.fullmatch(here.path), NUMBERED.fullmatch(there.path)
    if one is None or two is None or here.kind != "module" or here.parent != there.parent:
        return False
    return one[1] == two[1] and two[2] == str(int(one[2]) + 1)


def _form(graph: StructureGraph, start: int, size: int) -> list[StructureNode | tuple[object, ...]]:
    """All of a subtree that has to be equal in equal layers."""
    stem = graph.nodes[start].path
    return [_form_of(node, start, stem) for node in graph.nodes[start : start + size]]


def _form_of(node: StructureNode, start: int, stem: str) -> tuple[object, ...]:
    inner = node.path[len(stem) :] if node.path.startswith(stem) else None
    shapes = (node.input_shape, node.output_shape, node.dtype)
    counted = (node.parameters, node.num_parameters, node.tied, node.flops, node.activation_bytes)
    described = (node.activation is None, node.gradient is None)
    parent = max(node.parent - start, -1)
    return (inner, inner is None and node.path, node.name, node.kind, parent, shapes, counted, described)


def _incoming(graph: StructureGraph) -> list[list[int]]:
    incoming: list[list[int]] = [[] for _ in graph.nodes]
    for source, target in graph.edges.tolist():
        incoming[target].append(source)
    return incoming


def _inner(incoming: Sequence[Sequence[int]], start: int, size: int) -> Pairs:
    """Edges within a layer, both ends counted from its start."""
    return frozenset(
        (source - start, target - start)
        for target in range(start, start + size)
        for source in incoming[target]
        if source >= start
    )


def _links(
    incoming: Sequence[Sequence[int]], first: int, start: int, size: int
) -> tuple[Pairs, Pairs] | None:
    """Edges from the layer before, and from outside; None when something comes from a layer further back."""
    chain, shared = set(), set()
    for target in range(start, start + size):
        for source in incoming[target]:
            if start - size <= source < start:
                chain.add((source - (start - size), target - start))
            elif source < first:
                shared.add((source, target - start))
            elif source < start:
                return None
    return frozenset(chain), frozenset(shared)


def _measured(node: StructureNode) -> list[float]:
    return [node.seconds, *_numbers(node.activation), *_numbers(node.gradient)]


def _numbers(found: Statistics | None) -> list[float]:
    return [np.nan] * 4 if found is None else [found.mean, found.std, found.low, found.high]


def _copies(template: Sequence[StructureNode], run: Repeat) -> Iterator[StructureNode]:
    stem = template[0].path
    match = NUMBERED.fullmatch(stem)
    assert match is not None
    for layer in range(1, run.count):
        path = f"{match[1]}{int(match[2]) + layer}"
        for place, node in enumerate(template):
            seconds, *numbers = run.measured[layer, place].tolist()
            yield replace(
                node,
                path=path + node.path[len(stem) :] if node.path.startswith(stem) else node.path,
                parent=node.parent + layer * run.size if node.parent >= run.first else node.parent,
                seconds=seconds,
                activation=_statistics(numbers[:4]) if node.activation else None,
                gradient=_statistics(numbers[4:]) if node.gradient else None,
            )


def _statistics(numbers: Sequence[float]) -> Statistics:
    mean, std, low, high = numbers
    return Statistics(mean=mean, std=std, low=low, high=high)


def _copied_edges(edges: set[tuple[int, int]], run: Repeat) -> set[tuple[int, int]]:
    """The edges that end in the layers behind the first."""
    inside = range(run.first, run.first + run.size)
    inner = [pair for pair in edges if pair[0] in inside and pair[1] in inside]
    found = set()
    for layer in range(1, run.count):
        start, before = run.first + layer * run.size, run.first + (layer - 1) * run.size
        found |= {(source - run.first + start, target - run.first + start) for source, target in inner}
        found |= {(before + source, start + target) for source, target in run.chain.tolist()}
        found |= {(source, start + target) for source, target in run.shared.tolist()}
    return found


def _array(pairs: Sequence[Sequence[int]]) -> np.ndarray:
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)
