"""Attention without keys and values equals attention with them, forward and backward."""

import math

import pytest
import torch
from torch import Tensor

from glassbert.model import attention
from glassbert.model.absorbed import absorbed_attention
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.taps import capture
from tests.model.small import SMALL, batch, build

CLOSE = 2e-6


def uncounted(*_: object, **__: object) -> Tensor:
    raise AssertionError("keys and values were not to be absorbed here")


def gradients(network: Network) -> dict[str, Tensor]:
    network.zero_grad(set_to_none=True)
    logits = network(batch())
    (logits * torch.arange(1.0, logits.numel() + 1).view_as(logits)).sum().backward()
    parameters = dict(network.named_parameters())
    return {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}


def test_one_query_per_sequence_equals_the_formula() -> None:
    """Against softmax(q K^T / sqrt(d)) V written out, sequence by sequence, in double precision."""
    generator = torch.Generator().manual_seed(0)
    layout, heads, size = batch().layout, 3, 10

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    hidden, query = drawn(layout.num_tokens, 30), drawn(layout.num_sequences, heads, size)
    key_weight, value_weight, value_bias = drawn(30, 30), drawn(30, 30), drawn(30)
    found = absorbed_attention(
        hidden, query, layout, key_weight=key_weight, value_weight=value_weight, value_bias=value_bias
    )
    key_bias = drawn(30)  # any: it must not matter
    for i, states in enumerate(hidden.split(layout.lengths.tolist())):
        keys = (states @ key_weight.T + key_bias).view(-1, heads, size)
        values = (states @ value_weight.T + value_bias).view(-1, heads, size)
        scores = torch.einsum("nd,snd->ns", query[i], keys) / math.sqrt(size)
        expected = torch.einsum("ns,snd->nd", scores.softmax(-1), values)
        torch.testing.assert_close(found[i], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["sequence-classification", "pooling"])
def test_logits_are_those_of_watched_attention(kind: str) -> None:
    network = build(kind)
    with torch.no_grad():
        plain = network(batch())
        with capture(network, ["blocks.*.key"]) as seen:
            watched = network(batch())
    assert len(seen) == SMALL.num_hidden_layers
    assert float((plain - watched).abs().max()) < CLOSE


def test_gradients_are_those_of_watched_attention() -> None:
    network = build("sequence-classification")
    plain = gradients(network)
    with capture(network, ["blocks.*.value"]):
        watched = gradients(network)
    assert set(plain) == set(watched) == {name for name, _ in network.named_parameters()}
    for name, gradient in plain.items():
        scale = max(1.0, float(watched[name].abs().max()))
        assert float((gradient - watched[name]).abs().max()) < CLOSE * scale, name


def test_the_key_bias_gets_exactly_no_gradient() -> None:
    """It adds the same to every score of a row; only rounding gives it one elsewhere."""
    bias = gradients(build("sequence-classification"))[
        f"encoder.blocks.{SMALL.num_hidden_layers - 1}.attention.qkv.bias"
    ]
    query, key, value = bias.chunk(3)
    assert torch.equal(key, torch.zeros(30))
    assert query.abs().max() > 0 and value.abs().max() > 0


@pytest.mark.parametrize("tap", ["query", "key", "value", "weights"])
def test_who_watches_gets_the_real_thing(tap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("sequence-classification")
    monkeypatch.setattr(attention, "absorbed_attention", uncounted)
    with pytest.raises(AssertionError, match="absorbed"):
        network(batch())
    layer = f"blocks.{SMALL.num_hidden_layers - 1}.attention.{tap}"
    with capture(network, [layer]) as seen:
        network(batch(lengths=(5, 5)))
    assert len(seen) == 1


def test_several_rows_of_a_sequence_are_not_absorbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "absorbed_attention", uncounted)
    network, packed = build("masked-lm"), batch()
    network(packed, rows=Rows.of(packed.layout, torch.arange(0, packed.layout.num_tokens, 2).numpy()))
    network(packed, rows=Rows.of(packed.layout, packed.layout.starts[:2]))  # sequences without a row
