"""What was recorded is what ran: played again, in any order that the arrows allow, it gives the same
numbers.
"""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
import transformers
from torch import nn
from torch.utils._pytree import tree_leaves

from glassbert.lens.structuring.recorder import record
from glassbert.lens.structuring.trace import Call, Trace
from tests.lens.structuring.material import Twice, Written, any_order, events_in, traced
from tests.model.small import HEADS, batch, build


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_playing_the_graph_in_any_topological_order_gives_the_same_logits(kind: str, family: str) -> None:
    network = build(kind, family)
    packed = batch(network.config)
    with torch.no_grad():
        wanted = tree_leaves(network(packed))
    trace, built = traced(network, packed)
    for seed in range(3):
        order = events_in(any_order(built.graph, seed), built)
        assert seed or order != sorted(order)
        found = tree_leaves(trace.run(order))
        assert len(found) == len(wanted)
        assert all(torch.equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_additive_attention_is_played_again_too() -> None:
    network = build("none", attention_type="additive")
    packed = batch(network.config)
    trace, built = traced(network, packed)
    with torch.no_grad():
        assert torch.equal(trace.run(events_in(any_order(built.graph, 1), built)), network(packed))


@pytest.mark.parametrize("seed", range(8))
def test_writes_in_place_keep_their_order(seed: int) -> None:
    torch.manual_seed(0)
    module, given = Written(), torch.randn(4, 5)
    with torch.no_grad():
        wanted = module(given.clone())
    trace, built = traced(module, given.clone())
    found = trace.run(events_in(any_order(built.graph, seed), built))
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    again = trace.run()
    assert all(torch.equal(again[name], wanted[name]) for name in wanted)


def test_a_model_of_another_library_is_played_again() -> None:
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20
    )
    module = transformers.BertModel(config).eval()
    ids = torch.arange(14).reshape(2, 7)
    trace = record(module, (), {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
    with torch.no_grad():
        wanted = module(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    assert torch.equal(trace.run().last_hidden_state, wanted)


def test_the_model_is_left_as_it_was() -> None:
    network = build("sequence-classification").train()
    network.encoder.blocks[0].eval()
    modes = [each.training for each in network.modules()]
    hooks = [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in network.modules()]
    record(network, (batch(network.config),))
    assert [each.training for each in network.modules()] == modes
    assert [len(each._forward_hooks) + len(each._forward_pre_hooks) for each in network.modules()] == hooks
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_failing_forward_leaves_no_hooks() -> None:
    class Failing(nn.Linear):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            raise ZeroDivisionError

    module = nn.Sequential(nn.Linear(2, 2), Failing(2, 2)).train()
    with pytest.raises(ZeroDivisionError):
        record(module, (torch.ones(1, 2),))
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in module.modules())
    assert all(each.training for each in module.modules())


def test_recording_runs_the_kernels_that_run_unwatched() -> None:
    network = build("none")
    names = [event.function.name() for event in calls(record(network, (batch(network.config),)))]
    assert "aten::_scaled_dot_product_flash_attention_for_cpu" in names
    assert "aten::_softmax" not in names


def test_activations_are_not_kept_alive() -> None:
    kept: list[weakref.ref[torch.Tensor]] = []

    class Noting(nn.Linear):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            made = super().forward(given)
            kept.append(weakref.ref(made))
            return made

    module = nn.Sequential(Noting(4, 4), nn.Tanh(), Noting(4, 4), nn.Tanh())
    trace = record(module, (torch.ones(2, 4),))
    gc.collect()
    assert [reference() for reference in kept] == [None, None]
    assert torch.equal(trace.run(), module(torch.ones(2, 4)).detach())


def test_a_layer_called_twice_is_entered_twice() -> None:
    _, built = traced(Twice(), torch.randn(3, 6))
    paths = [node.path for node in built.graph.nodes if node.kind == "module"]
    assert paths == ["", "layer", "layer", "other"]


def calls(trace: Trace) -> list[Call]:
    return [event for event in trace.events if isinstance(event, Call)]
