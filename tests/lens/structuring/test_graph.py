"""The sums of a structure are right: parameters once, FLOPs by closed form and by torch's own counter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import glassbert as gb
from glassbert import products
from glassbert.lens.structuring.graph import StructureGraph
from tests.lens.structuring.material import Stack, Twice, traced
from tests.model.small import HEADS, LENGTHS, SMALL, batch, build

H, F, N = SMALL.hidden_size, SMALL.intermediate_size, SMALL.num_attention_heads
T, B = sum(LENGTHS), len(LENGTHS)


def block_flops() -> int:
    """qkv, scores, mixture, output, two feed-forward products of all T tokens."""
    return 2 * T * 3 * H * H + 4 * H * sum(length**2 for length in LENGTHS) + 2 * T * H * H + 4 * T * H * F


def last_block_flops() -> int:
    """One query per sequence; keys and values absorbed (see glassbert.model.absorbed)."""
    return 2 * B * H * H * 4 + 4 * N * T * H + 4 * B * H * F


CLOSED_FORMS = {
    "none": 2 * block_flops(),
    "masked-lm": 2 * block_flops() + 2 * T * H * H + 2 * T * H * SMALL.vocab_size,
    "token-classification": 2 * block_flops() + 2 * T * H * 4,
    "pooling": block_flops() + last_block_flops() + 2 * B * H * H,
    "sequence-classification": block_flops() + last_block_flops() + 2 * B * H * H + 2 * B * H * 3,
}


@pytest.mark.parametrize("kind", CLOSED_FORMS)
def test_flops_equal_the_closed_form(kind: str) -> None:
    _, built = traced(build(kind), batch())
    assert built.graph.total().flops == CLOSED_FORMS[kind]
    assert sum(node.flops for node in built.graph.nodes) == CLOSED_FORMS[kind]


def test_another_library_for_products_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = build("masked-lm")
    plain = traced(network, batch())[1].graph
    monkeypatch.setattr(products, "onednn_is_quicker", lambda: True)
    monkeypatch.setattr(products, "SMALLEST", 1)
    assert products.suits(torch.ones(2, 3), torch.ones(4, 3))
    with_other = traced(network, batch())[1].graph
    assert with_other.total().flops == CLOSED_FORMS["masked-lm"]
    assert [node.name for node in with_other.nodes] == [node.name for node in plain.nodes]
    record = gb.lens.structure(network)
    assert all(node.flops for node in record.graph.nodes if node.name == "addmm")
    assert "_linear_pointwise" not in {node.name for node in record.graph.nodes}
    assert products.suits(torch.ones(2, 3), torch.ones(4, 3))


@pytest.mark.parametrize("kind", HEADS)
def test_flops_equal_those_of_torchs_counter(kind: str) -> None:
    network, counter = build(kind), FlopCounterMode(display=False)
    # the counter does not know the CPU's fused kernel; written out, attention is two products that it knows
    with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), counter:
        network(batch())
    assert traced(network, batch())[1].graph.total().flops == counter.get_total_flops()


def test_flops_of_a_convolution_are_counted() -> None:
    module, image = nn.Conv2d(3, 5, 3), torch.randn(2, 3, 9, 8)
    assert traced(module, image)[1].graph.total().flops == 2 * 2 * 7 * 6 * 5 * 3 * 9


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_node_parameters_sum_to_those_of_the_model(kind: str, family: str) -> None:
    network = build(kind, family)
    _, built = traced(network, batch(network.config))
    wanted = network.config.num_parameters + network.head_config.num_parameters(network.config)
    assert sum(node.num_parameters for node in built.graph.nodes) == wanted
    assert built.unread == ()


def test_parameters_of_the_bundled_encoder_are_counted_once(minilm: Path) -> None:
    model = gb.load(minilm)
    record = gb.lens.structure(model)
    assert record.num_parameters == sum(each.numel() for each in model.network.parameters()) == 22_713_216
    assert record.tokens[0] == "[CLS]" and record.model == model.name


def test_tied_parameters_are_counted_once_and_named_where_they_are_used() -> None:
    _, built = traced(build("masked-lm"), batch())
    (decoder,) = (node for node in built.graph.nodes if node.path == "head.decoder")
    assert decoder.tied == ("encoder.embeddings.word.weight",)
    assert decoder.parameters == ("bias",) and decoder.num_parameters == SMALL.vocab_size
    module = Twice()
    _, built = traced(module, torch.randn(3, 6))
    assert built.graph.total().num_parameters == 36 + 6 + 6 + 3
    assert built.unread == ("idle",)


def test_weights_read_without_calling_their_module_belong_to_the_module_round_it() -> None:
    _, built = traced(build("pooling"), batch())
    (attention,) = (node for node in built.graph.nodes if node.path == "encoder.blocks.1.attention")
    assert attention.parameters == ("qkv.weight", "qkv.bias")
    assert attention.num_parameters == 3 * H * (H + 1)


def test_a_model_of_another_library_has_its_parameters_and_flops() -> None:
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=3, num_attention_heads=3, intermediate_size=20
    )
    module = transformers.BertModel(config).eval()
    ids = torch.arange(14).reshape(2, 7)
    record = gb.lens.structure(module, inputs={"input_ids": ids})
    assert record.num_parameters == sum(each.numel() for each in module.parameters())
    layer = 2 * 14 * 12 * 12 * 4 + 4 * 12 * 2 * 7 * 7 + 4 * 14 * 12 * 20
    assert record.flops == 3 * layer + 2 * 2 * 12 * 12
    assert [(run.count, record.graph.nodes[run.first].path) for run in record.folded().repeats] == [
        (3, "encoder.layer.0")
    ]


def test_shapes_bytes_and_statistics_are_those_of_the_tensors() -> None:
    network = build("none")
    packed = batch()
    seen = {}
    handle = network.encoder.blocks[1].register_forward_hook(lambda *call: seen.update(output=call[2]))
    with torch.no_grad():
        network(packed)
    handle.remove()
    _, built = traced(network, packed)
    (node,) = (each for each in built.graph.nodes if each.path == "encoder.blocks.1")
    values = seen["output"].numpy().astype(np.float64)
    assert node.input_shape == node.output_shape == values.shape and node.dtype == "float32"
    assert node.activation is not None
    assert node.activation.mean == pytest.approx(values.mean(), abs=1e-6)
    assert node.activation.std == pytest.approx(values.std(), rel=1e-5)
    assert (node.activation.low, node.activation.high) == (values.min(), values.max())
    (added,) = (each for each in built.graph.nodes if each.path == "encoder.embeddings:add.0")
    assert added.activation_bytes == T * H * 4 and added.seconds > 0


def test_views_are_told_from_operations() -> None:
    class Viewing(nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return given.t()[1:].reshape(-1) * 2

    nodes = traced(Viewing(), torch.ones(3, 4))[1].graph.nodes
    kinds = {node.name: node.kind for node in nodes}
    assert kinds["t"] == kinds["slice"] == "view"
    assert kinds["mul"] == kinds["clone"] == "operation"
    assert all(node.activation_bytes == 0 for node in nodes if node.kind == "view")


def test_every_edge_leads_forward_and_every_subtree_is_contiguous() -> None:
    _, built = traced(Stack(), torch.randn(2, 6))
    check(built.graph)
    _, built = traced(build("pretraining"), batch())
    check(built.graph)


def check(graph: StructureGraph) -> None:
    assert (graph.edges[:, 0] < graph.edges[:, 1]).all()
    ends = graph.ends()
    for number, node in enumerate(graph.nodes[1:], start=1):
        assert node.parent < number < ends[number] <= ends[node.parent]
        assert node.path.startswith(graph.nodes[node.parent].path)


def test_a_module_without_numbers_has_a_structure_without_statistics() -> None:
    with torch.device("meta"):
        module, given = Stack(), torch.empty(2, 6)
    record = gb.lens.structure(module, inputs=(given,))
    assert record.num_parameters == 4 * (6 * 9 + 9 + 9 * 6 + 6)
    assert all(node.activation is None for node in record.graph.nodes)
    assert {node.kind for node in record.graph.nodes} == {"module", "operation", "view", "input"}
