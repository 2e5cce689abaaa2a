"""Gradients add up, and are those that captum computes."""

from __future__ import annotations

from typing import Any

import captum.attr
import numpy as np
import pytest
import torch

from glassbert.lens.attributing.gradients import (
    gradient_shap,
    input_x_gradient,
    integrated_gradients,
    saliency,
)
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.perturbing import sampled_shapley
from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.target import Target
from tests.lens.attributing.planted import Bag, subject_of
from tests.model.small import build

OPTIONS = AttributionOptions()
FAMILIES = ["bert", "roberta", "distilbert"]
TARGET = Target(label="b", column=1, kind="log-odds")


def small(family: str) -> Subject:
    return subject_of(build("sequence-classification", family), target=TARGET, length=11)


def ends(subject: Subject) -> float:
    """F(x) - F(everything masked), by ids."""
    count = subject.num_content
    low, high = subject.values(np.array([[False] * count, [True] * count]))
    return float(high - low)


@pytest.mark.parametrize("family", FAMILIES)
def test_integrated_gradients_sum_to_what_masking_everything_costs(family: str) -> None:
    subject = small(family)
    found = integrated_gradients(subject, OPTIONS)
    assert abs(ends(subject)) > 0.05
    assert abs(found.sum() - ends(subject)) < 1e-3
    assert found[[0, -1]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_equal_those_of_captum(family: str) -> None:
    subject = small(family)
    hidden = subject.embedded()[None]
    slope = captum.attr.Saliency(subject.of_embedded).attribute(hidden.clone().requires_grad_())
    np.testing.assert_allclose(saliency(subject, OPTIONS), slope[0].norm(dim=-1), rtol=1e-4)
    product = captum.attr.InputXGradient(subject.of_embedded).attribute(hidden.clone().requires_grad_())
    np.testing.assert_allclose(
        input_x_gradient(subject, OPTIONS), product[0].sum(-1).detach(), rtol=1e-4, atol=1e-5
    )
    path = captum.attr.IntegratedGradients(subject.of_embedded).attribute(
        hidden, subject.embedded(kept=False)[None], n_steps=200
    )
    # captum's 200 points miss the kinks of DistilBERT's ReLU by some 3e-3
    np.testing.assert_allclose(integrated_gradients(subject, OPTIONS), path[0].sum(-1), atol=5e-3)


def test_shapley_values_approach_those_of_captum() -> None:
    subject = small("bert")
    count = subject.num_content

    def value(kept: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(subject.values(kept.numpy() > 0.5))

    torch.manual_seed(0)
    method: Any = captum.attr.ShapleyValueSampling(value)
    theirs = method.attribute(torch.ones(1, count), n_samples=300)[0].numpy()
    ours = sampled_shapley(subject.values, count, samples=5000, seed=0)
    spread = np.abs(theirs).max()
    assert np.abs(ours - theirs).max() < 0.1 * spread


def test_a_sum_over_words_has_the_closed_forms() -> None:
    bag = Bag()
    subject = subject_of(bag)
    own, mask = bag.of_ids(subject.input_ids), bag.of_ids([4])
    np.testing.assert_allclose(input_x_gradient(subject, OPTIONS), own, atol=1e-5)
    for method in (integrated_gradients, gradient_shap):
        np.testing.assert_allclose(
            method(subject, OPTIONS), np.where(subject.content, own - mask, 0), atol=2e-5
        )
    np.testing.assert_allclose(saliency(subject, OPTIONS), bag.weight.detach().norm(), rtol=1e-5)


def test_blurred_gradients_are_a_function_of_the_seed() -> None:
    subject = small("bert")
    first, again = gradient_shap(subject, OPTIONS), gradient_shap(subject, OPTIONS)
    assert first.tolist() == again.tolist()
    assert first.tolist() != gradient_shap(subject, AttributionOptions(seed=1)).tolist()


def test_looking_leaves_no_gradient_and_no_hook_behind() -> None:
    subject = small("bert")
    integrated_gradients(subject, OPTIONS)
    assert all(parameter.grad is None for parameter in subject.network.parameters())
    assert not subject.network.encoder.embeddings.embedded.watched
