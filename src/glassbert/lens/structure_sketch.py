"""A structure as the page holds it: columns in place of nodes, and every word once.

All layers are there, with what was measured in each; the page folds equal ones as it draws. Letters: n nodes,
E edges, R runs of equal layers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8

from glassbert.lens.records import Record
from glassbert.lens.structuring.drawing import FUSED
from glassbert.lens.structuring.fold import fold
from glassbert.lens.structuring.graph import Statistics, StructureGraph, StructureNode
from glassbert.lens.structuring.words import shape_of

KINDS = ("module", "operation", "view", "input")
NO_WORD = NO_LAYER = -1
# how our encoder calls its blocks: the layers that the attention view counts
BLOCK = re.compile(r"(?:.*\.)?encoder\.blocks\.(\d+)(?:[.:].*)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True, eq=False)
class GraphSketch(Record):
    """A structure graph in columns.

    `kind` counts module, operation, view, input; names, paths (of modules and inputs), shapes and parameters'
    names are places in `words`, -1 where there are none. Numbers are the node's own. `activation` and
    `gradient` are mean, standard deviation, lowest and highest, NaN where nothing was recorded. `layer` is
    the layer of the attention view that the node belongs to, or -1. A run is its first node, the nodes of
    one layer, and how many layers follow one another.
    """

    words: tuple[str, ...]
    kind: UInt8[np.ndarray, " n"]
    parent: Int32[np.ndarray, " n"]
    layer: Int32[np.ndarray, " n"]
    path: Int32[np.ndarray, " n"]
    name: Int32[np.ndarray, " n"]
    given: Int32[np.ndarray, " n"]
    made: Int32[np.ndarray, " n"]
    dtype: Int32[np.ndarray, " n"]
    parameters: Int32[np.ndarray, " n"]
    tied: Int32[np.ndarray, " n"]
    num_parameters: Float64[np.ndarray, " n"]
    flops: Float64[np.ndarray, " n"]
    activation_bytes: Float64[np.ndarray, " n"]
    seconds: Float64[np.ndarray, " n"]
    activation: Float32[np.ndarray, "n 4"]
    gradient: Float32[np.ndarray, "n 4"]
    edges: Int32[np.ndarray, "E 2"]
    runs: Int32[np.ndarray, "R 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureSketch(Record):
    """StructureRecord for the page, and how it is drawn at first: `heat`, `depth` and `folded` of a Look."""

    model: str
    text: str | None
    window: int
    num_windows: int
    num_tokens: int
    heat: str
    depth: int | None
    folded: bool
    graph: GraphSketch
    unread: tuple[str, ...]
    notes: tuple[str, ...]


def columns(graph: StructureGraph) -> GraphSketch:
    """The graph as the page holds it; numbers survive exactly, statistics as 32-bit floats."""
    nodes, words = graph.nodes, _Words()

    def of_words(text: Callable[[StructureNode], str | None]) -> np.ndarray:
        return np.array([words.place(text(node)) for node in nodes], np.int32)

    def of_numbers(number: Callable[[StructureNode], float]) -> np.ndarray:
        return np.array([number(node) for node in nodes], np.float64)

    runs = [(run.first, run.size, run.count) for run in fold(graph).repeats]
    return GraphSketch(
        kind=np.array([KINDS.index(node.kind) for node in nodes], np.uint8),
        parent=np.array([node.parent for node in nodes], np.int32),
        layer=np.array([_layer(node.path) for node in nodes], np.int32),
        path=of_words(lambda node: node.path if node.kind in ("module", "input") else None),
        name=of_words(lambda node: FUSED.sub("scaled_dot_product_attention", node.name)),
        given=of_words(lambda node: _shape(node.input_shape)),
        made=of_words(lambda node: _shape(node.output_shape)),
        dtype=of_words(lambda node: node.dtype or None),
        parameters=of_words(lambda node: ", ".join(node.parameters) or None),
        tied=of_words(lambda node: ", ".join(node.tied) or None),
        num_parameters=of_numbers(lambda node: node.num_parameters),
        flops=of_numbers(lambda node: node.flops),
        activation_bytes=of_numbers(lambda node: node.activation_bytes),
        seconds=of_numbers(lambda node: node.seconds),
        activation=_statistics([node.activation for node in nodes]),
        gradient=_statistics([node.gradient for node in nodes]),
        edges=graph.edges,
        runs=np.array(runs, np.int32).reshape(-1, 3),
        words=words.all(),
    )


class _Words:
    """A place for every text, the same for the same."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str | None) -> int:
        return NO_WORD if text is None else self._places.setdefault(text, len(self._places))

    def all(self) -> tuple[str, ...]:
        return tuple(self._places)


def _layer(path: str) -> int:
    found = BLOCK.fullmatch(path)
    return NO_LAYER if found is None else int(found[1])


def _shape(shape: tuple[int, ...] | None) -> str | None:
    return None if shape is None else shape_of(shape)


def _statistics(found: Sequence[Statistics | None]) -> np.ndarray:
    missing = (np.nan,) * 4
    rows = [missing if each is None else (each.mean, each.std, each.low, each.high) for each in found]
    return np.array(rows, np.float32).reshape(-1, 4)
