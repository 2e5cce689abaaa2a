"""The attention record: its maps are softmax(Q Kᵀ / √d), and its parts must agree."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from glassbert.lens.attention_record import AttentionRecord

L, N, S, d = 2, 3, 5, 7


@pytest.fixture
def record() -> AttentionRecord:
    random = np.random.default_rng(11)
    query, key = (random.normal(size=(L, N, S, d)).astype(np.float32) * 3 for _ in range(2))
    value = random.normal(size=(L, N, S)).astype(np.float32)
    maps = torch.softmax(torch.tensor(query) @ torch.tensor(key).transpose(-1, -2) / d**0.5, dim=-1)
    context = np.einsum("lnij,lnj->lni", maps.numpy(), value)
    return AttentionRecord(
        model="tiny",
        text="a b",
        pair=None,
        window=0,
        num_windows=1,
        tokens=("[CLS]", "a", "##b", "c", "[SEP]"),
        token_type_ids=np.zeros(S, np.uint8),
        word=np.array([-1, 0, 0, 1, -1], np.int32),
        query=query,
        key=key,
        value_witness=value,
        context_witness=context,
        certificates=np.arange(L * N, dtype=np.float32).reshape(L, N),
    )


def test_weights_equal_torch(record: AttentionRecord) -> None:
    query, key = torch.tensor(record.query), torch.tensor(record.key)
    expected = torch.softmax(query @ key.transpose(-1, -2) / d**0.5, dim=-1)
    for layer in range(L):
        for head in range(N):
            weights = record.weights(layer, head)
            assert weights.dtype == np.float32
            np.testing.assert_allclose(weights, expected[layer, head], atol=1e-6)
            np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


def test_weights_of_huge_scores_stay_finite(record: AttentionRecord) -> None:
    huge = replace(record, query=record.query * 1e4)
    assert np.isfinite(huge.weights(0, 0)).all()


def test_certificate_is_that_of_the_head(record: AttentionRecord) -> None:
    assert record.certificate(1, 2) == 5.0


@pytest.mark.parametrize("spoilt", ["query", "key", "value_witness", "context_witness"])
def test_certificate_notices_one_row_that_was_damaged_later(record: AttentionRecord, spoilt: str) -> None:
    sound = replace(record, certificates=np.zeros((L, N), np.float32))
    assert max(sound.certificate(layer, head) for layer in range(L) for head in range(N)) < 1e-6
    damaged = getattr(sound, spoilt).copy()
    damaged[1, 2, 3] += 1.0
    damaged = replace(sound, **{spoilt: damaged})
    assert damaged.certificate(1, 2) > 1e-2
    assert damaged.certificate(0, 2) < 1e-6 and damaged.certificate(1, 1) < 1e-6


def test_record_survives_its_bytes(record: AttentionRecord) -> None:
    read = AttentionRecord.from_bytes(record.to_bytes())
    assert read.to_bytes() == record.to_bytes() and read.tokens == record.tokens


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": ("a",)},
        {"word": np.zeros(4, np.int32)},
        {"token_type_ids": np.zeros(4, np.uint8)},
        {"key": np.zeros((L, N, S, d + 1), np.float32)},
        {"certificates": np.zeros((N, L), np.float32)},
        {"value_witness": np.zeros((L, N, S + 1), np.float32)},
        {"context_witness": np.zeros((L, N, S - 1), np.float32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_record_whose_parts_disagree_is_refused(record: AttentionRecord, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="disagree in size"):
        replace(record, **change)
