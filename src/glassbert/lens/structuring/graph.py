"""What one forward pass was made of: modules, operations and inputs as nodes, and what flows between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from glassbert.lens.records import Record

ROOT = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics(Record):
    """Mean, standard deviation and extremes of the numbers in one tensor; NaN where they are not finite."""

    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureNode(Record):
    """A module, an operation of it, a view (which computes nothing) or an input of the forward pass.

    `path` is the module's name; operations append a colon and their own. All numbers are the node's own:
    sums over a module with what lies in it are `StructureGraph.total`. `parameters` are counted here and
    nowhere else (names below `path`); `tied` names parameters that are used here and counted elsewhere.
    `flops` counts matrix products as torch does, 2 m n k; `activation_bytes` is fresh memory, not views.
    `activation` describes the first output, `gradient` the gradient of the module's first output.
    """

    path: str
    name: str
    kind: str
    parent: int
    parameters: tuple[str, ...] = ()
    num_parameters: int = 0
    tied: tuple[str, ...] = ()
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    dtype: str = ""
    flops: int = 0
    activation_bytes: int = 0
    seconds: float = 0.0
    activation: Statistics | None = None
    gradient: Statistics | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureGraph(Record):
    """Nodes in the order in which they began, so that a module's subtree is contiguous; node 0 is the model.

    An edge (a, b) says that operation b needs what a made, or must follow it because one of the two writes in
    place. Every edge leads forward: the order of the nodes is a topological order.
    """

    nodes: tuple[StructureNode, ...]
    edges: Int32[np.ndarray, "E 2"]

    def ends(self) -> list[int]:
        """For every node, the number that follows its subtree."""
        ends = list(range(1, len(self.nodes) + 1))
        for number in range(len(self.nodes) - 1, ROOT, -1):
            parent = self.nodes[number].parent
            ends[parent] = max(ends[parent], ends[number])
        return ends

    def total(self, number: int = ROOT) -> Total:
        """The sums over a node and all that lies in it."""
        return totals(self.nodes[number : self.ends()[number]])


@dataclass(frozen=True, kw_only=True)
class Total:
    """Sums over several nodes."""

    num_parameters: int
    flops: int
    activation_bytes: int
    seconds: float


def totals(nodes: tuple[StructureNode, ...]) -> Total:
    return Total(
        num_parameters=sum(node.num_parameters for node in nodes),
        flops=sum(node.flops for node in nodes),
        activation_bytes=sum(node.activation_bytes for node in nodes),
        seconds=sum(node.seconds for node in nodes),
    )
