"""The lenses on norms before, gates, rotary positions and no biases: what they promise of BERT holds here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import glassbert as gb
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.relevance import Rules
from glassbert.lens.landscaping.options import LandscapeOptions
from glassbert.lens.landscaping.planes import Plane
from glassbert.lens.reading.states import decode, head_of, states
from glassbert.lens.seen import see
from glassbert.model.config import HeadConfig
from glassbert.model.encoder import FeedForward
from glassbert.model.network import Network
from glassbert.model.taps import capture
from tests.contract.workbench import tiny_config, tiny_tokenizer
from tests.lens.atlas.planted import Planted
from tests.lens.landscaping.material import samples_of
from tests.model.small import batch, build, shaken, small

TEXT = "the film is not warm , it is cold !"
TEXTS = (TEXT, "a film , a dull film .", "fine")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    tokenizer = tiny_tokenizer(tmp_path_factory.mktemp("words"))
    config = replace(tiny_config(tokenizer.vocab_size, "modernbert"), num_hidden_layers=3)
    head = HeadConfig(kind="sequence-classification", labels=("good", "bad"))
    return Planted("modern", shaken(Network(config, head, seed=3), std=0.1).eval(), tokenizer)


def test_attention_maps_have_small_certificates_and_show_turned_queries(model: Planted) -> None:
    record = gb.lens.attention(model, TEXT)
    assert record.certificates.shape == (3, 5) and record.certificates.max() < 1e-5
    weights = torch.softmax(torch.from_numpy(record.query @ record.key.swapaxes(-1, -2)) / 6**0.5, -1)
    with torch.inference_mode(), capture(model.network, ["attention.weights"]) as seen:
        model.network.encoder(see(model, TEXT).packed(model.network))
    for layer, real in enumerate(seen.values()):
        assert (weights[layer] - real[0]).abs().max() < 1e-5


def test_heads_and_diff_see_the_maps_that_the_model_makes(model: Planted) -> None:
    atlas = gb.lens.heads(model, TEXTS)
    assert atlas.entropy.shape == (3, 5) and np.isfinite(atlas.entropy).all()
    same = gb.lens.diff(model, replace(model, name="twin"), TEXTS)
    other = replace(model, network=shaken(Network(model.network.config, model.network.head_config, seed=3)))
    moved = gb.lens.diff(model, other, TEXTS)
    assert same.divergence.max() == 0 and moved.divergence.min() > 0
    np.testing.assert_allclose(np.diag(same.cka), 1, atol=1e-5)


def test_the_logit_lens_reads_every_layer_through_the_last_norm(model: Planted) -> None:
    network = Network(model.network.config, HeadConfig(kind="masked-lm"), seed=5).eval()
    reading = replace(model, network=network)
    packed = see(reading, TEXT).packed(network)
    inside = states(network, packed)
    with torch.inference_mode(), capture(network, ["blocks.0.output"]) as seen:
        logits = network(packed)
        norm = network.encoder.blocks[-1].output_norm
        first = decode(head_of(reading), norm(seen["encoder.blocks.0.output"]))
        assert torch.equal(decode(head_of(reading), inside[-1]), logits)
        assert torch.equal(decode(head_of(reading), inside[1]), first)
    record = gb.lens.masked(reading, TEXT)
    assert record.kl[-1].max() == 0 and record.kl[:-1].min() > 0


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "attnlrp", "value_zeroing", "attention_rollout", "chefer"]
)
def test_attribution_answers_and_integrated_gradients_sum_up(model: Planted, method: str) -> None:
    options = AttributionOptions(samples=10, random_orders=19, steps=2, randomise=False)
    record = gb.lens.attribution(model, TEXT, method=method, options=options)
    scores = record.methods[0].scores
    assert np.isfinite(scores).all() and np.ptp(scores) > 0
    if method == "integrated_gradients":
        assert scores.sum() == pytest.approx(record.explained - record.masked, abs=1e-2)


def test_relevance_passes_a_gate_whole_and_cosines_are_no_factors() -> None:
    """A gated layer without biases hands on all that it received: half by the gate, half by what it gates."""
    layer: FeedForward = build("none", "modernbert").encoder.blocks[0].feed_forward
    inputs = torch.randn(4, 30, generator=torch.Generator().manual_seed(2)).requires_grad_()
    with Rules():
        output = layer(inputs)
    assert (output - layer(inputs)).abs().max() < 1e-5
    (found,) = torch.autograd.grad(output.sum(), inputs)
    torch.testing.assert_close((inputs * found).sum(1), output.sum(1), rtol=1e-3, atol=1e-4)
    angle = torch.randn(4, 30, generator=torch.Generator().manual_seed(3))
    with Rules():
        turned = inputs * angle
    (found,) = torch.autograd.grad(turned.sum(), inputs)
    assert torch.equal(found, angle)


def test_structure_plays_the_pass_again_and_counts_every_parameter() -> None:
    network = build("masked-lm", "modernbert")
    record = gb.lens.structure(network)
    own = sum(node.num_parameters for node in record.graph.nodes)
    assert own == sum(p.numel() for p in network.parameters()) and record.unread == ()
    names = {node.path for node in record.graph.nodes}
    assert {"encoder.blocks.1.output_norm", "encoder.blocks.1.attention_norm"} <= names


def test_the_landscape_borrows_and_bends(model: Planted) -> None:
    network = build("sequence-classification", "modernbert")
    packed = batch(small("modernbert"))
    labels = torch.arange(packed.layout.num_sequences) % 3
    loss = lambda: F.cross_entropy(network(packed), labels)  # noqa: E731
    before = float(loss().detach())
    record = gb.lens.landscape(
        network,
        samples_of(loss),
        plane=Plane.random(network, seed=2),
        options=LandscapeOptions(points=60, iterations=5),
    )
    assert float(loss().detach()) == before and np.isfinite(record.surfaces[0].values).all()
    assert np.isfinite(record.curvature.top)
