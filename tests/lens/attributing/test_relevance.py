"""AttnLRP changes derivatives and never a value; what its rules promise is kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.relevance import Rules, attnlrp
from glassbert.lens.attributing.target import Target
from glassbert.model.taps import capture
from tests.lens.attributing.planted import Bag, subject_of
from tests.model.small import build

TARGET = Target(label="b", column=1, kind="log-odds")


def relevance(run: Callable[[Tensor], Tensor], inputs: Tensor, given: Tensor) -> Tensor:
    """input x derivative, for what is relevant in the output."""
    inputs = inputs.clone().requires_grad_()
    with Rules():
        output = run(inputs)
    (found,) = torch.autograd.grad(output, inputs, given / output.detach())
    return inputs.detach() * found


@pytest.mark.parametrize(
    "run",
    [F.gelu, F.relu, torch.tanh, F.silu, lambda x: F.gelu(x, approximate="tanh")],
    ids=["gelu", "relu", "tanh", "silu", "gelu-tanh"],
)
def test_an_activation_hands_on_all_that_it_received(run: Callable[[Tensor], Tensor]) -> None:
    draw = torch.Generator().manual_seed(0)
    inputs, given = torch.rand(6, generator=draw) + 0.1, torch.randn(6, generator=draw)
    torch.testing.assert_close(relevance(run, inputs, given), given)


def test_a_product_gives_half_to_each_factor() -> None:
    draw = torch.Generator().manual_seed(1)
    left, right = (torch.rand(2, 3, 3, generator=draw).requires_grad_() for _ in range(2))
    with Rules():
        output = left @ right
    given = torch.randn(output.shape, generator=draw)
    found = torch.autograd.grad(output, (left, right), given / output.detach())
    shares = [float((each.detach() * slope).sum()) for each, slope in zip((left, right), found, strict=True)]
    assert shares == pytest.approx([float(given.sum()) / 2] * 2, rel=1e-4)


def test_a_normalisation_without_bias_hands_on_all_that_it_received() -> None:
    draw = torch.Generator().manual_seed(2)
    inputs, weight = torch.randn(4, 8, generator=draw), torch.rand(8, generator=draw)
    given = torch.randn(4, 8, generator=draw)
    found = relevance(lambda x: F.layer_norm(x, (8,), weight, torch.zeros(8)), inputs, given)
    torch.testing.assert_close(found.sum(1), given.sum(1), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_values_are_those_of_the_network_as_it_is(family: str) -> None:
    subject = subject_of(build("sequence-classification", family), target=TARGET)
    hidden = subject.embedded()[None]
    plain = subject.of_embedded(hidden)
    with capture(subject.network, ["attention.weights"]), Rules():
        ruled = subject.of_embedded(hidden)
    torch.testing.assert_close(plain, ruled, rtol=1e-4, atol=1e-5)
    found = attnlrp(subject, AttributionOptions())
    assert np.isfinite(found).all() and np.abs(found).max() > 1e-3


def test_a_sum_over_words_has_the_closed_form() -> None:
    bag = Bag()
    bag.attention = torch.nn.Module()
    bag.attention.weights = type(bag.encoder.embeddings.embedded)()
    subject = subject_of(bag)
    found = attnlrp(subject, AttributionOptions())
    # the sum is a product of two tensors to the rules: the weights take their half
    np.testing.assert_allclose(2 * found, bag.of_ids(subject.input_ids), atol=1e-5)
