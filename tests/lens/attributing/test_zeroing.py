"""Value zeroing equals its definition, one token at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.lens.attributing.target import Target
from glassbert.lens.attributing.zeroing import value_zeroing
from tests.lens.attributing.planted import subject_of
from tests.model.small import build

TARGET = Target(label="b", column=1, kind="log-odds")


def one_by_one(subject: Subject) -> np.ndarray:
    """The product of the maps, with the attention of a block written out."""
    packed = subject.pack(subject.input_ids[None])
    hidden, product = subject.network.encoder.embeddings(packed), np.eye(subject.length)
    for block in subject.network.encoder.blocks:
        whole = _block(block, hidden, None)
        changes = np.zeros((subject.length, subject.length))
        for token in range(subject.length):
            without = _block(block, hidden, token)
            near = torch.nn.functional.cosine_similarity(without, whole, dim=-1)
            changes[:, token] = 1 - near.numpy()
        product = changes / changes.sum(1, keepdims=True) @ product
        hidden = whole
    return product[0]


def _block(block: torch.nn.Module, hidden: torch.Tensor, token: int | None) -> torch.Tensor:
    attention, feed_forward = block.attention, block.feed_forward
    query, key, value = (
        part.view(len(hidden), attention.num_heads, -1).transpose(0, 1)
        for part in attention.qkv(hidden).chunk(3, dim=1)
    )
    value = value.clone()
    if token is not None:
        value[:, token] = 0
    weights = torch.softmax(query @ key.transpose(1, 2) / query.shape[-1] ** 0.5, dim=-1)
    context = (weights @ value).transpose(0, 1).reshape(hidden.shape)
    hidden = block.attention_norm(hidden + attention.output(context))
    changed = feed_forward.down(feed_forward.activation(feed_forward.up(hidden)))
    return block.feed_forward_norm(hidden + changed)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("tokens_per_batch", [1, 27, 4096])
def test_value_zeroing_is_its_definition(family: str, tokens_per_batch: int) -> None:
    subject = subject_of(build("sequence-classification", family).double(), target=TARGET)
    subject = Subject(**{**subject.__dict__, "tokens_per_batch": tokens_per_batch})
    with torch.no_grad():
        wanted = one_by_one(subject)
    found = value_zeroing(subject, AttributionOptions())
    np.testing.assert_allclose(found, wanted, atol=1e-8)
    assert found.sum() == pytest.approx(1)
