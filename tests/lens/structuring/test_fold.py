"""Folding loses nothing, and folds nothing that differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from glassbert.lens.structuring.capture import structure
from glassbert.lens.structuring.fold import FoldedGraph, fold, unfold
from glassbert.lens.structuring.graph import StructureGraph
from tests.lens.structuring.material import Stack, Twice, Written, layer, traced
from tests.model.small import HEADS, batch, build


def runs(graph: StructureGraph) -> list[tuple[str, int]]:
    return [(graph.nodes[run.first].path, run.count) for run in fold(graph).repeats]


def stack(odd: dict[int, nn.Module] | None = None) -> StructureGraph:
    return traced(Stack(odd), torch.randn(2, 6))[1].graph


@pytest.mark.parametrize("kind", HEADS)
def test_unfolding_a_folded_network_gives_the_graph_again(kind: str) -> None:
    network = build(kind, num_hidden_layers=4)
    graph = structure(network, gradients=True).graph
    folded = fold(graph)
    assert unfold(folded).to_bytes() == graph.to_bytes()
    assert FoldedGraph.from_bytes(folded.to_bytes()).to_bytes() == folded.to_bytes()
    saved = sum(run.size * (run.count - 1) for run in folded.repeats)
    assert len(folded.nodes) == len(graph.nodes) - saved and saved


@pytest.mark.parametrize("module", [Twice(), Written(), Stack(), Stack({3: layer(8)})])
def test_unfolding_gives_other_graphs_again(module: nn.Module) -> None:
    width = next(module.parameters()).shape[1] if not isinstance(module, Twice) else 6
    graph = traced(module, torch.randn(3, width))[1].graph
    assert unfold(fold(graph)).to_bytes() == graph.to_bytes()


def test_equal_layers_are_folded() -> None:
    assert runs(stack()) == [("layers.0", 4)]
    assert runs(traced(build("none", num_hidden_layers=5), batch())[1].graph) == [("encoder.blocks.0", 5)]


def test_the_last_block_that_computes_fewer_rows_is_not_folded() -> None:
    graph = traced(build("sequence-classification", num_hidden_layers=5), batch())[1].graph
    assert runs(graph) == [("encoder.blocks.0", 4)]


@pytest.mark.parametrize(
    "odd",
    [layer(8), layer(act=nn.ReLU), layer(bias=False), nn.Linear(6, 6)],
    ids=["wider", "act", "bias", "class"],
)
@pytest.mark.parametrize("place", range(4))
def test_layers_that_differ_are_not_folded(odd: nn.Module, place: int) -> None:
    wanted = {0: [("layers.1", 3)], 1: [("layers.2", 2)], 2: [("layers.0", 2)], 3: [("layers.0", 3)]}
    assert runs(stack({place: odd})) == wanted[place]


def test_layers_that_are_wired_differently_are_not_folded() -> None:
    class Skipping(Stack):
        def forward(self, given: Tensor) -> Tensor:
            first = self.layers[0](given)
            second = self.layers[1](first)
            third = self.layers[2](first)
            return self.layers[3](third) + second

    graph = traced(Skipping(), torch.randn(2, 6))[1].graph
    assert runs(graph) == [("layers.0", 2), ("layers.2", 2)]
    assert unfold(fold(graph)).to_bytes() == graph.to_bytes()


def test_numbers_that_were_measured_do_not_keep_layers_apart() -> None:
    graph = stack()
    slow = tuple(replace(node, seconds=node.seconds + number) for number, node in enumerate(graph.nodes))
    graph = StructureGraph(nodes=slow, edges=graph.edges)
    assert runs(graph) == [("layers.0", 4)]
    (run,) = fold(graph).repeats
    assert len(np.unique(run.measured[:, :, 0])) == run.count * run.size
    assert unfold(fold(graph)).to_bytes() == graph.to_bytes()


def test_neighbours_with_names_of_their_own_are_not_folded() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key, self.layer2, self.layer4 = (nn.Linear(6, 6) for _ in range(4))

        def forward(self, given: Tensor) -> Tensor:
            return self.layer4(self.layer2(self.key(self.query(given))))

    assert runs(traced(Named(), torch.randn(2, 6))[1].graph) == []
