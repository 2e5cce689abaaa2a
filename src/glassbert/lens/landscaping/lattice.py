"""Where to measure next: squares (or intervals) that are halved where the middle is not what the corners say.

Nodes have whole coordinates on a lattice as fine as it can ever get, so that a point is never measured twice.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, product

Node = tuple[int, ...]
# measured losses of all surfaces at a node
Losses = tuple[float, ...]

# cells along each side to begin with, by dimensions; each is halved up to LEVELS times
FIRST = {1: 8, 2: 4}
LEVELS = 7
FINEST = 2**LEVELS
# a cell is even when no middle is further from its corners' mean than this share of the loss
EVEN = 0.003


@dataclass(frozen=True, order=True)
class Cell:
    """A square of `size` steps of the finest lattice, with its lowest corner."""

    corner: Node
    size: int

    def corners(self) -> list[Node]:
        """In the order of binary numbers, the last coordinate fastest."""
        return self._nodes((0, self.size))

    def middles(self) -> dict[Node, list[Node]]:
        """The nodes that halving adds, each with the corners around it, whose mean is the prediction."""
        nodes = self._nodes((0, self.size // 2, self.size))
        return {
            node: self._around(node) for node in nodes if any(2 * s == self.size for s in self._steps(node))
        }

    def halves(self) -> list[Cell]:
        size = self.size // 2
        return [Cell(corner, size) for corner in self._nodes((0, size))]

    def _nodes(self, steps: tuple[int, ...]) -> list[Node]:
        around = product(steps, repeat=len(self.corner))
        return [tuple(low + step for low, step in zip(self.corner, each, strict=True)) for each in around]

    def _steps(self, node: Node) -> list[int]:
        return [at - low for at, low in zip(node, self.corner, strict=True)]

    def _around(self, node: Node) -> list[Node]:
        inside = [2 * step == self.size for step in self._steps(node)]
        sides = [
            (low, low + self.size) if middle else (at,)
            for at, low, middle in zip(node, self.corner, inside, strict=True)
        ]
        return list(product(*sides))


@dataclass(kw_only=True)
class Lattice:
    """What has been measured, and which cells are whole; `explore` does the work."""

    dims: int
    measured: dict[Node, Losses] = field(default_factory=dict)
    cells: set[Cell] = field(default_factory=set)

    @property
    def side(self) -> int:
        """Steps along each side of the whole."""
        return FIRST[self.dims] * FINEST

    def first_nodes(self) -> list[Node]:
        """The coarse lattice that every landscape has, from the middle outwards."""
        steps = range(0, self.side + 1, FINEST)
        middle = self.side / 2
        return sorted(
            product(steps, repeat=self.dims), key=lambda node: math.dist(node, [middle] * self.dims)
        )

    def explore(self, measure: Callable[[Node], Losses], more: Callable[[], bool]) -> bool:
        """Measure until `more` says no (False) or no cell bends any more (True).

        A cell counts only once all its corners are measured; nodes of one that is left half-way stay as
        points.
        """
        for node in self.first_nodes():
            if not more():
                return False
            self.measured[node] = measure(node)
        steps = range(0, self.side, FINEST)
        roots = [Cell(corner, FINEST) for corner in product(steps, repeat=self.dims)]
        self.cells = set(roots)
        floor = 0.01 * _median(abs(value) for losses in self.measured.values() for value in losses)
        ticket = count()
        heap = [(-math.inf, next(ticket), cell) for cell in roots]
        while heap:
            _, _, cell = heapq.heappop(heap)
            middles = cell.middles()
            for node in (node for node in middles if node not in self.measured):
                if not more():
                    return False
                self.measured[node] = measure(node)
            self.cells.remove(cell)
            self.cells.update(cell.halves())
            error = max(self._surprise(node, around, floor) for node, around in middles.items())
            if error > EVEN and cell.size > 2:
                for half in cell.halves():
                    heapq.heappush(heap, (-error, next(ticket), half))
        return True

    def _surprise(self, node: Node, around: list[Node], floor: float) -> float:
        """How far the measured losses are from the corners' mean, as a share; 0 where one has diverged."""
        largest = 0.0
        for value, *corners in zip(
            self.measured[node], *(self.measured[corner] for corner in around), strict=True
        ):
            expected = sum(corners) / len(corners)
            if math.isfinite(value) and math.isfinite(expected):
                largest = max(largest, abs(value - expected) / max(abs(value), abs(expected), floor, 1e-300))
        return largest


def _median(values: Iterator[float]) -> float:
    finite = sorted(value for value in values if math.isfinite(value))
    return finite[len(finite) // 2] if finite else 0.0
