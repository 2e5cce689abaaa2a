"""Every family and head computes what transformers computes: states, logits, gradients, in fp32 to 1e-5."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture
from glassbert.model.weights import export
from tests.parity.references import FAMILIES, HEADS_OF, ours, packed, padded, real, reference, saved_tensors

TOLERANCE = 1e-5
CASES = [(family, kind) for family in FAMILIES for kind in HEADS_OF[family]]


def reference_output(model: torch.nn.Module, kind: str, config: object) -> list[Tensor]:
    """The reference's logits in our shapes: per sequence, or per real token."""
    out = model(**padded(config))
    if kind == "none":
        return [real(config, out.last_hidden_state)]
    if kind == "pooling":
        return [out.pooler_output]
    if kind == "span":
        return [real(config, torch.stack([out.start_logits, out.end_logits], -1))]
    if kind == "pretraining":
        return [real(config, out.prediction_logits), out.seq_relationship_logits]
    return [real(config, out.logits) if kind in ("token-classification", "masked-lm") else out.logits]


def our_output(network: Network, batch: Packed, rows: Rows | None = None) -> list[Tensor]:
    out = network(batch, rows=rows)
    return [out] if isinstance(out, Tensor) else list(out)


def close(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return float((one - other).detach().abs().max())


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_logits_equal_transformers(family: str, kind: str) -> None:
    model = reference(family, kind)
    network = ours(model, kind)
    expected = reference_output(model, kind, network.config)
    for mine, theirs in zip(our_output(network, packed(network.config)), expected, strict=True):
        assert close(mine, theirs) <= TOLERANCE


@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_states_of_every_layer_equal_transformers(family: str) -> None:
    model = reference(family, "sequence-classification")
    network = ours(model, "sequence-classification")
    expected = model(**padded(network.config), output_hidden_states=True).hidden_states
    network = Network(network.config, seed=None)
    network.encoder.load_state_dict(ours(model, "sequence-classification").encoder.state_dict())
    with capture(network, ["embedded", "blocks.*.output"]) as seen:
        network(packed(network.config))
    assert len(seen) == len(expected) == network.config.num_hidden_layers + 1
    for mine, theirs in zip(seen.values(), expected, strict=True):
        assert close(mine, real(network.config, theirs)) <= TOLERANCE


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_gradients_equal_transformers(family: str, kind: str) -> None:
    model = reference(family, kind)
    network = ours(model, kind)
    mine = our_output(network, packed(network.config))
    theirs = reference_output(model, kind, network.config)
    weights = [
        torch.randn(out.shape, generator=torch.Generator().manual_seed(i)) for i, out in enumerate(theirs)
    ]
    for outputs in (mine, theirs):
        sum((out * weight).mean() for out, weight in zip(outputs, weights, strict=True)).backward()
    expected = {name: parameter.grad for name, parameter in model.named_parameters()}
    got = gradients(network)
    assert {name for name in expected if expected[name] is not None} <= set(got)
    for name, gradient in expected.items():
        if gradient is not None:
            assert close(got[name], gradient) <= TOLERANCE, name


def gradients(network: Network) -> dict[str, Tensor]:
    """Our gradients under Hugging Face names: the network exported with each parameter replaced by its
    gradient.
    """
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
    return export(network)


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_weights_make_an_exact_round_trip(family: str, kind: str) -> None:
    model = reference(family, kind)
    exported = export(ours(model, kind))
    expected = saved_tensors(model)
    assert set(exported) == set(expected)
    for name, tensor in expected.items():
        assert torch.equal(exported[name], tensor), name


@pytest.mark.parametrize("family", FAMILIES)
def test_padded_and_packed_batches_agree(family: str) -> None:
    network = ours(reference(family, "sequence-classification"), "sequence-classification")
    config = network.config
    batch = dict(padded(config))
    from_padded = Packed.from_padded(
        batch["input_ids"],
        batch["attention_mask"],
        batch.get("token_type_ids"),
        position_offset=config.position_offset,
    )
    assert torch.equal(network(from_padded), network(packed(config)))


@pytest.mark.parametrize("kind", ["masked-lm", "pretraining"])
def test_chosen_rows_equal_the_same_rows_of_all(kind: str) -> None:
    network = ours(reference("bert", kind), kind)
    batch = packed(network.config)
    rows = np.array([0, 3, 4, 14, 20, 21, 22, 40, 58, 60, 69])
    everything, chosen = our_output(network, batch), our_output(network, batch, Rows.of(batch.layout, rows))
    assert close(chosen[0], everything[0][rows]) <= TOLERANCE
    for some, full in zip(chosen[1:], everything[1:], strict=True):
        assert close(some, full) <= TOLERANCE


def test_masked_word_loss_and_its_gradient_equal_transformers() -> None:
    model = reference("bert", "masked-lm")
    network = ours(model, "masked-lm")
    batch = packed(network.config)
    rows = np.array([2, 5, 13, 30, 44])
    labels = torch.full(batch.input_ids.shape, -100)
    labels[rows] = torch.tensor([4, 9, 16, 25, 36])
    grid = torch.full(padded(network.config)["input_ids"].shape, -100)
    grid[padded(network.config)["attention_mask"].bool()] = labels
    theirs = model(**padded(network.config), labels=grid).loss
    mine = F.cross_entropy(network(batch, rows=Rows.of(batch.layout, rows)), labels[rows])
    assert abs(float((mine - theirs).detach())) <= TOLERANCE
    mine.backward()
    theirs.backward()
    assert (
        close(network.encoder.embeddings.word.weight.grad, model.bert.embeddings.word_embeddings.weight.grad)
        <= TOLERANCE
    )
