"""Low-rank adapters: what they compute, what they leave alone, and what merging makes of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from glassbert.errors import UsageError
from glassbert.model.encoder import Block
from glassbert.model.lora import LoraPlan, adapters, attach, merge, targeted
from glassbert.model.network import Network
from glassbert.model.noise import Noise, Rates, SampleNoise
from glassbert.model.packed import Packed
from tests.model.small import LENGTHS, batch, build

PLAN = LoraPlan(rank=3, alpha=5.0)
EVERY = LoraPlan(rank=3, alpha=5.0, targets=("all-linear",))
RATES = Rates(hidden=0.25, attention=0.0, classifier=0.1)


def adapted(plan: LoraPlan, kind: str = "token-classification", family: str = "bert") -> Network:
    """In double precision, with every B moved off zero, so that adapters say something."""
    network = build(kind, family).double()
    attach(network, plan, seed=4)
    generator = torch.Generator().manual_seed(6)
    for _, low in adapters(network):
        low.b.data.normal_(0, 0.3, generator=generator)
    return network


def noise() -> Noise:
    return SampleNoise(RATES, np.arange(len(LENGTHS)), seed=3, step=7)


def trained(network: Network, packed: Packed) -> tuple[Tensor, dict[str, Tensor]]:
    network.zero_grad()
    output = network(packed, noise=noise())
    assert isinstance(output, Tensor)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(8), dtype=output.dtype)
    (output * weights).sum().backward()
    return output.detach(), {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_the_first_step_sees_the_model_itself(family: str) -> None:
    network = build("sequence-classification", family)
    packed = batch(network.config)
    before = network(packed)
    attach(network, EVERY, seed=1)
    assert torch.equal(network(packed), before)


@pytest.mark.parametrize("plan", [PLAN, EVERY, replace(EVERY, dropout=0.3), replace(PLAN, lowest=1)])
def test_the_written_out_derivative_is_that_of_autograd(
    plan: LoraPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, packed = adapted(plan), batch()
    output, gradients = trained(network, packed)
    monkeypatch.setattr(Block, "_can_be_handmade", lambda *_: False)
    expected, by_autograd = trained(network, packed)
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)
    assert set(gradients) == set(by_autograd)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, by_autograd[name], rtol=1e-9, atol=1e-10, msg=name)


def test_only_adapters_and_head_learn() -> None:
    _, gradients = trained(adapted(PLAN), batch())
    names = {
        f"encoder.blocks.{i}.attention.qkv.adapters.{part}.{one}"
        for i in (0, 1)
        for part in (0, 2)
        for one in "ab"
    }
    assert set(gradients) == {*names, "head.output.weight", "head.output.bias"}


@pytest.mark.parametrize("kind", ["sequence-classification", "token-classification"])
@pytest.mark.parametrize("family", ["bert", "distilbert"])
@pytest.mark.parametrize("plan", [PLAN, EVERY])
def test_merged_is_the_same_function_of_plain_layers(kind: str, family: str, plan: LoraPlan) -> None:
    network = adapted(plan, kind, family)
    packed, plain = batch(network.config), build(kind, family)
    before, untouched = network(packed), plain.double()(packed)
    assert (before - untouched).abs().max() > 0.1
    merge(network)
    torch.testing.assert_close(network(packed), before, rtol=0, atol=1e-12)
    assert network.state_dict().keys() == plain.state_dict().keys()


def test_dropout_thins_what_adapters_see_and_nothing_else() -> None:
    network, packed = adapted(replace(EVERY, dropout=0.5)), batch()
    assert torch.equal(network(packed), network(packed))
    silent = SampleNoise(Rates(hidden=0, attention=0, classifier=0), np.arange(len(LENGTHS)), seed=0, step=0)
    assert not torch.allclose(network(packed, noise=silent), network(packed))
    for _, low in adapters(network):
        low.b.data.zero_()
    torch.testing.assert_close(network(packed, noise=silent), network(packed), rtol=0, atol=1e-12)


def test_the_mean_of_many_dropouts_is_the_layer_without() -> None:
    """A mask of 0 and 1 / (1 - p) is right on average: no factor is forgotten."""
    network = adapted(replace(PLAN, dropout=0.25))
    layer = network.encoder.blocks[0].attention.qkv
    hidden = torch.randn(2, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    counts = np.array([2])
    draws = []
    for step in range(400):
        masks = layer.masks(SampleNoise(RATES, np.array([0]), seed=1, step=step), counts)
        draws.append(layer.thinned(hidden, masks))
    spread = torch.stack(draws).std(0) / len(draws) ** 0.5
    assert ((torch.stack(draws).mean(0) - layer(hidden)).abs() <= 5 * spread + 1e-12).all()


def test_the_stabilised_factor_divides_by_the_root() -> None:
    assert LoraPlan(rank=16, alpha=8).scale == 0.5
    assert LoraPlan(rank=16, alpha=8, stabilised=True).scale == 2.0


def test_targets_are_matched_as_peft_matches_them() -> None:
    network = build("token-classification")

    def chosen(*targets: str) -> list[str]:
        return targeted(network, replace(PLAN, targets=targets, lowest=1))

    start = "encoder.layer.1."
    assert chosen("query", "value") == [f"{start}attention.self.query", f"{start}attention.self.value"]
    assert chosen("output.dense") == [f"{start}attention.output.dense", f"{start}output.dense"]
    assert len(chosen("all-linear")) == 6
    with pytest.raises(UsageError, match="no layer 'q_proj'.*attention.self.query, attention.self.key"):
        chosen("q_proj")


def test_a_rank_that_saves_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--lora 30: a layer is 30 x 30"):
        attach(build(), replace(PLAN, rank=30), seed=0)
