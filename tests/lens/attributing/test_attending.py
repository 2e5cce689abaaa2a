"""Attention methods equal their formulas, written out on the maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassbert.lens.attributing.attending import attention_flow, attention_rollout, chefer
from glassbert.lens.attributing.flow import largest_flows
from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.target import Target
from glassbert.model.attention import dot_product_weights
from glassbert.model.taps import capture
from tests.lens.attributing.planted import subject_of
from tests.model.small import build

OPTIONS = AttributionOptions()
FAMILIES = ["bert", "roberta", "distilbert"]
TARGET = Target(label="b", column=1, kind="log-odds")


def small(family: str, kind: str = "sequence-classification", **target: object) -> Subject:
    wanted = Target(**({"label": "b", "column": 1, "kind": "log-odds"} | target))
    return subject_of(build(kind, family), target=wanted, length=8)


def maps_of(subject: Subject) -> list[torch.Tensor]:
    """softmax(Q K^T / sqrt(d)) of every layer, [N, S, S], from queries and keys of all tokens."""
    with torch.no_grad(), capture(subject.network, ["attention.query", "attention.key"]) as seen:
        subject.network.encoder(subject.pack(subject.input_ids[None]))
    found = [value.transpose(0, 1)[None] for value in seen.values()]
    return [dot_product_weights(q, k)[0] for q, k in zip(found[::2], found[1::2], strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
def test_rollout_is_a_row_of_a_product(family: str) -> None:
    subject = small(family)
    product = np.eye(8)
    for each in maps_of(subject):
        product = (each.mean(0).double().numpy() + np.eye(8)) / 2 @ product
    found = attention_rollout(subject, OPTIONS)
    np.testing.assert_allclose(found, product[0], atol=1e-6)
    assert found.sum() == pytest.approx(1)


def test_flow_runs_through_the_same_pipes() -> None:
    subject = small("bert")
    *lower, last = [(each.mean(0).double().numpy() + np.eye(8)) / 2 for each in maps_of(subject)]
    np.testing.assert_allclose(attention_flow(subject, OPTIONS), largest_flows(lower, last[0]), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_chefer_is_its_formula_with_gradients_by_differences(family: str) -> None:
    """dF/dA by moving one weight at a time: no autograd in the reference."""
    subject = small(family)
    subject.network.double()
    product = np.eye(8)
    for layer, weights in enumerate(maps_of(subject)):
        slope = torch.from_numpy(_slopes(subject, layer, weights))
        relevant = (weights * slope).clamp(min=0).mean(0).numpy()
        product = product + relevant @ product
    np.testing.assert_allclose(chefer(subject, OPTIONS), product[0], atol=1e-5)


def _slopes(subject: Subject, layer: int, weights: torch.Tensor) -> np.ndarray:
    last = layer == len(subject.network.encoder.blocks) - 1
    step, found = 1e-5, np.zeros(tuple(weights.shape))
    for place in np.ndindex(found.shape):
        if not (last and place[1]):  # in the last layer the head reads the first token alone
            high, low = (_value(subject, layer, place, change) for change in (step, -step))
            found[place] = (high - low) / (2 * step)
    return found


def _value(subject: Subject, layer: int, place: tuple[int, ...], change: float) -> float:
    """F when one attention weight is a little larger."""

    def moved(_module: object, _inputs: object, value: torch.Tensor) -> torch.Tensor:
        changed = value.clone()
        changed[(0, *place)] += change
        return changed

    handle = subject.network.encoder.blocks[layer].attention.weights.register_forward_hook(moved)
    with torch.no_grad():
        logits = subject.logits(subject.pack(subject.input_ids[None]))
    handle.remove()
    return float(subject.target.explained(logits))


def test_a_head_that_reads_another_token_is_followed_from_there() -> None:
    subject = small("bert", "token-classification", position=3)
    product = np.eye(8)
    for each in maps_of(subject):
        product = (each.mean(0).double().numpy() + np.eye(8)) / 2 @ product
    np.testing.assert_allclose(attention_rollout(subject, OPTIONS), product[3], atol=1e-6)
