"""Modules whose structure is known, and ways through a graph that keep its arrows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassbert.lens.structuring.build import Built, build
from glassbert.lens.structuring.graph import StructureGraph
from glassbert.lens.structuring.recorder import record
from glassbert.lens.structuring.trace import Trace
from tests.show.texts import HOSTILE as PAGE

OWN = (
    'say "hi"',
    "</script><script>alert(1)</script>",
    "back\\slash\\",
    "&lt; &quot; &#38;",
    "emoji 🎬 好看",
    "line\nbreak\ttab",
    "right \u202eto left",
    "] --> n1; end",
    "`code` #35; <b>",
    "\ud800",
    "x" * 500,
)
HOSTILE = tuple(dict.fromkeys([*OWN, *(text for text in PAGE if text.strip())]))


class Written(nn.Module):
    """Writes in place: into what it made, through a view, and into its own input."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(5, 7), nn.Linear(7, 7)
        self.rectify = nn.ReLU(inplace=True)

    def forward(self, given: Tensor) -> dict[str, Tensor]:
        hidden = self.first(given)
        before = hidden * 2
        self.rectify(hidden)
        hidden[:, 1:3].mul_(3)
        given.add_(1)
        return {"hidden": self.second(hidden), "before": before, "given": given.sum(0)}


class Twice(nn.Module):
    """Calls one layer twice, ties a weight, and owns a parameter that nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.other = nn.Linear(6, 6), nn.Linear(6, 6)
        self.other.weight = self.layer.weight
        self.idle = nn.Parameter(torch.zeros(3))
        self.register_buffer("scale", torch.full((6,), 0.5))

    def forward(self, given: Tensor) -> Tensor:
        return self.other(self.layer(torch.tanh(self.layer(given)))) * self.scale


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, given: Tensor) -> Tensor:
        return given + self.body(given)


class Stack(nn.Module):
    """Four equal layers; `odd` names one that is made different: wider inside, or with another function."""

    def __init__(self, odd: dict[int, nn.Module] | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList((odd or {}).get(place) or layer() for place in range(4))

    def forward(self, given: Tensor) -> Tensor:
        for each in self.layers:
            given = each(given)
        return given


def layer(width: int = 9, act: type[nn.Module] = nn.GELU, *, bias: bool = True) -> Residual:
    return Residual(nn.Sequential(nn.Linear(6, width, bias=bias), act(), nn.Linear(width, 6)))


def traced(module: nn.Module, *args: Any) -> tuple[Trace, Built]:
    found = record(module, args)
    return found, build(found, module, name="model", inputs={})


def any_order(graph: StructureGraph, seed: int) -> list[int]:
    """A random one of the orders that the edges allow (Kahn 1962)."""
    rng = np.random.default_rng(seed)
    waiting = np.bincount(graph.edges[:, 1], minlength=len(graph.nodes))
    ready, order = np.flatnonzero(waiting == 0).tolist(), []
    while ready:
        order.append(ready.pop(int(rng.integers(len(ready)))))
        for target in graph.edges[graph.edges[:, 0] == order[-1], 1].tolist():
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    assert len(order) == len(graph.nodes), "the graph has a circle"
    return order


def events_in(order: list[int], built: Built) -> list[int]:
    """An order of nodes as an order of the trace's events."""
    event_of = {node: event for event, node in enumerate(built.node_of)}
    return [event_of[node] for node in order if node in event_of]
