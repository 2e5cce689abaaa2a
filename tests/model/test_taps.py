"""Taps collect what passes, let a hook replace it, and leave no trace."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from glassbert.errors import UsageError
from glassbert.model.layout import Rows
from glassbert.model.taps import Tap, Tapped, capture, tap_names
from tests.model.small import HEADS, SMALL, batch, build

EVEN = (6, 6, 6)  # one group, so that every tap is passed once


def all_taps(module: nn.Module) -> list[Tap]:
    return [child for child in module.modules() if isinstance(child, Tap)]


@pytest.mark.parametrize("kind", list(HEADS))
def test_taps_carry_no_state(kind: str) -> None:
    network = build(kind)
    assert all_taps(network)
    assert all(not list(tap.parameters()) and not tap.state_dict() for tap in all_taps(network))
    assert not [name for name in network.state_dict() if any(tap in name for tap in tap_names(network))]


def test_an_unwatched_tap_returns_its_argument() -> None:
    value = torch.ones(2)
    assert Tap()(value) is value and not Tap().watched


def test_tap_names_follow_the_forward_pass() -> None:
    network = build()
    with capture(network, ["*"]) as seen:
        network(batch(lengths=EVEN))
    assert list(seen) == tap_names(network)


def test_every_tap_shows_its_value() -> None:
    network, packed = build(), batch(lengths=EVEN)
    tokens, heads, size = 18, SMALL.num_attention_heads, SMALL.head_size
    with capture(network, ["*"]) as seen:
        last = network(packed)
    shapes = {name: tuple(value.shape) for name, value in seen.items()}
    per_block = {
        "attention.query": (tokens, heads, size),
        "attention.key": (tokens, heads, size),
        "attention.value": (tokens, heads, size),
        "attention.weights": (3, heads, 6, 6),
        "attention.context": (tokens, heads, size),
        "attended": (tokens, 30),
        "feed_forward.neurons": (tokens, 44),
        "output": (tokens, 30),
    }
    expected = {f"encoder.blocks.{i}.{name}": shape for i in (0, 1) for name, shape in per_block.items()}
    assert shapes == expected | {"encoder.embeddings.embedded": (tokens, 30)}
    assert seen["encoder.blocks.1.output"] is last


def test_captured_values_explain_one_another() -> None:
    """The context is weights times values, and the next block reads the output."""
    network = build()
    with capture(network, ["blocks.0.*", "blocks.1.attention.query"]) as seen:
        network(batch(lengths=EVEN))
    value = seen["encoder.blocks.0.attention.value"].view(3, 6, 5, 6).transpose(1, 2)
    context = (seen["encoder.blocks.0.attention.weights"] @ value).transpose(1, 2).reshape(18, 5, 6)
    assert torch.allclose(seen["encoder.blocks.0.attention.context"], context, rtol=0, atol=1e-5)
    qkv = network.encoder.blocks[1].attention.qkv(seen["encoder.blocks.0.output"])
    query = seen["encoder.blocks.1.attention.query"]
    assert torch.allclose(query.flatten(1), qkv[:, :30], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["blocks.0.output"], ["encoder.blocks.0.output"]),
        (["output"], ["encoder.blocks.0.output", "encoder.blocks.1.output"]),
        (["encoder.blocks.1.attention.k*"], ["encoder.blocks.1.attention.key"]),
        (["embedded", "blocks.?.output"], ["embeddings.embedded", "blocks.0.output", "blocks.1.output"]),
        (["query", "blocks.0.attention.query"], ["blocks.0.attention.query", "blocks.1.attention.query"]),
        ([], []),
    ],
)
def test_patterns_match_at_the_end_of_a_name(patterns: list[str], expected: list[str]) -> None:
    network = build()
    with capture(network, patterns) as seen:
        network(batch())
    full = [name if name.startswith("encoder.") else f"encoder.{name}" for name in expected]
    assert list(seen) == full


def test_an_unknown_pattern_is_refused_with_the_names_there_are() -> None:
    network = build()
    with pytest.raises(UsageError, match=r"no tap matches 'outputs'.*encoder\.embeddings\.embedded") as error:
        with capture(network, ["output", "outputs"]):
            pass
    assert error.value.problems[0].code == "unknown-tap"
    assert not any(tap.watched for tap in all_taps(network))


def test_capturing_changes_no_number() -> None:
    network, packed = build("sequence-classification"), batch(lengths=EVEN)
    before = network(packed)
    with capture(network, ["embedded", "blocks.0.attention.query", "context", "neurons", "output"]):
        during = network(packed)
    assert torch.equal(before, during)
    # weights, and the last block's keys and values, are computed only for those who watch: other roundings
    for names in (["query"], ["value"], ["*"]):
        with capture(network, names):
            assert torch.allclose(before, network(packed), rtol=0, atol=1e-5)


def test_leaving_the_block_restores_the_network_even_after_an_error() -> None:
    network, packed = build(), batch()
    before = network(packed)
    with pytest.raises(ZeroDivisionError), capture(network, ["weights"]):
        raise ZeroDivisionError
    assert not any(tap.watched for tap in all_taps(network))
    with capture(network, ["output"]) as seen:
        pass
    assert torch.equal(network(packed), before) and not seen


def test_gradients_pass_through_a_captured_value() -> None:
    network, packed = build("sequence-classification"), batch(lengths=EVEN)
    with capture(network, ["blocks.0.output"]) as seen:
        logits = network(packed)
    (hidden,) = seen.values()
    (gradient,) = torch.autograd.grad(logits.square().sum(), hidden)
    assert gradient.shape == hidden.shape and gradient.abs().max() > 0


def test_a_hook_replaces_the_value() -> None:
    network, packed = build(), batch()
    tap = network.encoder.blocks[0].output

    def silence(_module: nn.Module, _inputs: object, value: Tensor) -> Tensor:
        return torch.zeros_like(value)

    before = network(packed)
    handle = tap.register_forward_hook(silence)
    with capture(network, ["blocks.0.output"]) as seen:
        silenced = network(packed)
    handle.remove()
    expected = network.encoder.blocks[1](torch.zeros(packed.layout.num_tokens, 30), packed.layout)
    assert not seen["encoder.blocks.0.output"].any()
    assert torch.equal(silenced, expected)
    assert torch.equal(network(packed), before)


def test_a_hook_silences_one_head() -> None:
    """Zero weights of head 2 equal a zero slice of its columns in the output projection."""
    network, packed = build(), batch()
    attention = network.encoder.blocks[1].attention

    def silence(_module: nn.Module, _inputs: object, weights: Tensor) -> Tensor:
        return weights.index_fill(1, torch.tensor([2]), 0.0)

    handle = attention.weights.register_forward_hook(silence)
    silenced = network(packed)
    handle.remove()
    with torch.no_grad():
        attention.output.weight[:, 12:18] = 0
    assert torch.allclose(network(packed), silenced, rtol=0, atol=1e-5)


def test_a_tap_passed_twice_is_refused_not_overwritten() -> None:
    """Weights pass once per group of equal lengths: keeping the last group alone would mislead."""
    network = build()
    with capture(network, ["weights"]), pytest.raises(UsageError, match="tap-passed-twice"):
        network(batch())
    with capture(network, ["output"]):
        network(batch())
        with pytest.raises(UsageError, match=r"blocks\.0\.output"):
            network(batch())


def test_chosen_rows_narrow_the_last_block_only() -> None:
    network, packed = build("masked-lm"), batch()
    rows = Rows.of(packed.layout, np.array([1, 5, 20]))
    with capture(network, ["output", "key", "query"]) as seen:
        network(packed, rows=rows)
    total = packed.layout.num_tokens
    assert [len(seen[f"encoder.blocks.{i}.output"]) for i in (0, 1)] == [total, 3]
    assert [len(seen[f"encoder.blocks.{i}.attention.query"]) for i in (0, 1)] == [total, 3]
    assert [len(seen[f"encoder.blocks.{i}.attention.key"]) for i in (0, 1)] == [total, total]


def tapped() -> Tapped:
    module = Tapped()
    module.here = Tap()
    return module


def test_tap_is_an_attribute_and_a_child() -> None:
    module = tapped()
    assert module.__dict__["here"] is module._modules["here"]
    assert tap_names(module) == ["here"]


def test_tap_of_a_copy_is_the_copys_own() -> None:
    module = tapped()
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert copied.here is copied._modules["here"] is not module.here
        with capture(copied, ["here"]) as seen:
            copied.here(torch.ones(2))
            module.here(torch.zeros(2))
        assert seen["here"].tolist() == [1, 1]


def test_tap_that_is_replaced_or_removed_is_gone() -> None:
    module = tapped()
    module.here = nn.Linear(2, 3)
    assert isinstance(module.here, nn.Linear)
    module.here = Tap()
    del module.here
    assert tap_names(module) == [] and not hasattr(module, "here")
