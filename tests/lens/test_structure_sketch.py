"""What the page holds of a structure: every number of every node, in little room."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import glassbert as gb
from glassbert.lens.structure_record import StructureRecord
from glassbert.lens.structure_sketch import KINDS, GraphSketch, StructureSketch
from glassbert.lens.structuring.graph import Statistics
from glassbert.lens.structuring.words import shape_of
from tests.lens.structuring.material import HOSTILE, Residual, Stack, layer
from tests.model.small import build

WORDS = {
    "name": lambda node: node.name,
    "given": lambda node: node.input_shape and shape_of(node.input_shape),
    "dtype": lambda node: node.dtype or None,
    "parameters": lambda node: ", ".join(node.parameters) or None,
    "tied": lambda node: ", ".join(node.tied) or None,
}


@pytest.fixture(scope="module")
def record() -> StructureRecord:
    return gb.lens.structure(build("masked-lm", num_hidden_layers=3), gradients=True)


def word(graph: GraphSketch, field: str, number: int) -> str | None:
    place = getattr(graph, field)[number]
    return None if place < 0 else graph.words[place]


def test_every_number_of_every_node_is_held(record: StructureRecord) -> None:
    graph = record.sketched().graph
    for number, node in enumerate(record.graph.nodes):
        assert KINDS[graph.kind[number]] == node.kind and graph.parent[number] == node.parent
        for field in ("num_parameters", "flops", "activation_bytes", "seconds"):
            assert getattr(graph, field)[number] == getattr(node, field)
        assert numbers(graph.activation[number]) == pytest.approx(statistics(node.activation), rel=1e-6)
        assert numbers(graph.gradient[number]) == pytest.approx(statistics(node.gradient), rel=1e-6)
        for field, of in WORDS.items():
            wanted = of(node)
            if field == "name" and "attention" in node.name:
                wanted = "scaled_dot_product_attention"
            assert word(graph, field, number) == wanted, (field, node.path)
        assert word(graph, "path", number) == (node.path if node.kind in ("module", "input") else None)
    assert np.array_equal(graph.edges, record.graph.edges)
    assert graph.num_parameters.sum() == record.num_parameters


def numbers(row: np.ndarray) -> list[float]:
    return [float(each) for each in row if not math.isnan(each)]


def statistics(found: Statistics | None) -> list[float]:
    return [] if found is None else [found.mean, found.std, found.low, found.high]


def test_runs_and_layers_are_those_of_the_fold_and_of_the_attention(record: StructureRecord) -> None:
    graph = record.sketched().graph
    runs = [(run.first, run.size, run.count) for run in record.folded().repeats]
    assert graph.runs.tolist() == [list(run) for run in runs] and runs
    of_path = {node.path: int(graph.layer[n]) for n, node in enumerate(record.graph.nodes)}
    assert [of_path[f"encoder.blocks.{i}"] for i in range(3)] == [0, 1, 2]
    assert of_path["encoder.blocks.1.attention.qkv"] == 1
    assert of_path["encoder.embeddings"] == of_path[""] == -1
    other = gb.lens.structure(Stack(), inputs=(torch.randn(2, 6),)).sketched().graph
    assert set(other.layer.tolist()) == {-1}


def test_twelve_layers_take_less_than_a_hundred_kilobytes() -> None:
    record = gb.lens.structure(build("sequence-classification", num_hidden_layers=12), gradients=True)
    assert len(record.graph.nodes) > 300
    assert len(record.sketched().to_bytes()) < 100_000


def test_sketch_survives_its_file_and_names_stay_as_they_are() -> None:
    names = {name: type(name, (Residual,), {}) for name in HOSTILE if name != "\ud800"}
    module = torch.nn.Sequential(*(kind(layer()) for kind in names.values()))
    sketch = gb.lens.structure(module, inputs=(torch.randn(2, 6),)).sketched()
    again = StructureSketch.from_bytes(sketch.to_bytes())
    assert again.to_bytes() == sketch.to_bytes()
    assert set(names) <= set(again.graph.words)


def test_sketch_says_how_it_is_drawn_at_first(record: StructureRecord) -> None:
    plain = record.sketched()
    assert (plain.depth, plain.folded, plain.heat) == (None, True, "flops")
    chosen = record.sketched(gb.lens.Look(depth=2, folded=False, heat="seconds"))
    assert (chosen.depth, chosen.folded, chosen.heat) == (2, False, "seconds")
