"""The written-out derivative of a block is autograd's, and it is used in training only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from glassbert.model import encoder
from glassbert.model.dense_attention import pieces_of
from glassbert.model.encoder import Block
from glassbert.model.handmade import BlockPlan, handmade_block
from glassbert.model.network import Network
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.packed import Packed
from glassbert.model.taps import capture
from tests.model.small import batch, build

RATES = Rates(hidden=0.25, attention=0.0, classifier=0.1)
CALLS: list[BlockPlan] = []


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def called(hidden: Tensor, weights: list[Tensor], plan: BlockPlan) -> Tensor:
        CALLS.append(plan)
        return handmade_block(hidden, weights, plan)

    monkeypatch.setattr(encoder, "handmade_block", called)
    CALLS.clear()
    yield


def noise(rates: Rates = RATES) -> SampleNoise:
    return SampleNoise(rates, np.arange(8), seed=3, step=5)


def trained(network: Network, packed: Packed, rates: Rates) -> tuple[Tensor, dict[str, Tensor]]:
    """Output of a training pass and the gradient of every parameter."""
    network.zero_grad(set_to_none=True)
    output = network(packed, noise=noise(rates))
    assert isinstance(output, Tensor)
    weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    (output * weights).sum().backward()
    return output.detach(), {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
@pytest.mark.parametrize("hidden", [0.25, 0.0])
@pytest.mark.parametrize(
    "lengths", [(9, 4, 4, 4, 1, 12, 12, 4), (7, 7, 7, 7, 7, 7, 7, 7), (70, 70, 64, 64, 15, 15, 15, 3)]
)
def test_output_and_gradients_are_those_of_autograd(
    activation: str, hidden: float, lengths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build("token-classification", hidden_act=activation, max_position_embeddings=80).double()
    packed, rates = batch(lengths=lengths), replace(RATES, hidden=hidden)
    output, gradients = trained(network, packed, rates)
    assert len(CALLS) == 2
    monkeypatch.setattr(Block, "_can_be_handmade", lambda *_: False)
    expected, by_autograd = trained(network, packed, rates)
    assert len(CALLS) == 2
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)
    assert set(gradients) == set(by_autograd) == {name for name, _ in network.named_parameters()}
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, by_autograd[name], rtol=1e-9, atol=1e-10, msg=name)


def test_the_derivative_is_that_of_finite_differences() -> None:
    """Nothing but the block's own forward pass vouches for its derivative here."""
    block = cast(Block, build().double().encoder.blocks[0])
    pieces = pieces_of(batch(lengths=(3, 3, 2)).layout.groups)
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(8, 30, generator=generator, dtype=torch.float64, requires_grad=True)
    masks = tuple((torch.rand(8, 30, generator=generator, dtype=torch.float64) > 0.3) * 1.5 for _ in range(2))
    plan = BlockPlan(pieces=pieces, num_heads=5, eps=1e-12, approximate="none", masks=masks)
    weights = block._weights()
    torch.autograd.gradcheck(lambda x, *w: handmade_block(x, w, plan), (hidden, *weights), fast_mode=True)


def test_a_frozen_part_gets_no_gradient() -> None:
    network = build("token-classification")
    network.encoder.embeddings.requires_grad_(False)
    network.encoder.blocks[0].feed_forward.requires_grad_(False)
    _, gradients = trained(network, batch(), RATES)
    assert len(CALLS) == 2
    assert not any("embeddings" in name or "blocks.0.feed_forward." in name for name in gradients)
    assert "encoder.blocks.0.attention.qkv.weight" in gradients


def test_only_training_comes_here() -> None:
    network, packed = build("token-classification"), batch()
    network(packed)
    with torch.no_grad():
        network(packed, noise=noise())
    assert not CALLS
    network(packed, noise=noise())
    assert len(CALLS) == 2


@pytest.mark.parametrize("tap", ["query", "context", "attended", "neurons"])
def test_who_watches_a_block_gets_the_ordinary_one(tap: str) -> None:
    network = build("token-classification")
    with capture(network, [f"blocks.0.*{tap}"]) as seen:
        network(batch(), noise=noise())
    assert len(seen) == len(CALLS) == 1  # the other block


def test_its_output_can_be_watched() -> None:
    network = build("token-classification")
    with capture(network, ["output"]) as seen:
        network(batch(), noise=noise())
    assert len(seen) == len(CALLS) == 2


@pytest.mark.parametrize(
    ("choices", "rates"),
    [
        ({"hidden_act": "relu"}, RATES),
        ({"attention_type": "additive"}, RATES),
        ({}, replace(RATES, attention=0.2)),
    ],
)
def test_what_has_no_derivative_here_is_left_to_autograd(choices: dict[str, str], rates: Rates) -> None:
    network = build("token-classification", **choices)
    trained(network, batch(), rates)
    assert not CALLS


def test_the_last_block_of_a_classifier_is_left_to_autograd() -> None:
    """It computes one row per sequence (model/absorbed.py)."""
    trained(build("sequence-classification"), batch(), RATES)
    assert len(CALLS) == 1
