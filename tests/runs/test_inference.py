"""What a head says, gathered from batches sorted by length into the order of the windows."""

import numpy as np
import pytest
import torch

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.runs import inference
from glassbert.text.windows import Windows, bounds

LENGTHS = np.array([5, 2, 9, 3, 9, 1])


def network(kind: str, labels: tuple[str, ...] = ()) -> Network:
    config = EncoderConfig(
        vocab_size=31,
        hidden_size=12,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=20,
        max_position_embeddings=11,
        initializer_range=0.4,
    )
    return Network(config, HeadConfig(kind=kind, labels=labels), seed=3).eval()


def windows(lengths: np.ndarray = LENGTHS) -> Windows:
    total = int(lengths.sum())
    return Windows(
        input_ids=np.random.default_rng(0).integers(0, 31, total).astype(np.int32),
        token_type_ids=np.zeros(total, dtype=np.uint8),
        starts=bounds(lengths),
        example=np.arange(len(lengths), dtype=np.int32),
        scored=np.ones(total, dtype=bool),
        offsets=None,
        sequence=np.zeros(total, dtype=np.int8),
        num_examples=len(lengths),
    )


def one_by_one(network: Network, windows: Windows) -> list[np.ndarray]:
    found = []
    with torch.no_grad():
        for number in range(len(windows)):
            one = windows.select(np.array([number]))
            found.append(network(Packed.of(one.input_ids, one.token_type_ids, one.lengths)).numpy())
    return found


def test_token_heads_answer_for_every_token_in_the_order_of_the_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 12)
    for made in (network("token-classification", ("O", "B-X", "I-X")), network("span")):
        expected = np.concatenate(one_by_one(made, windows()))
        found = inference.head_logits(made, windows())
        assert found.shape == (LENGTHS.sum(), made.head_config.num_labels or 2)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_sequence_heads_answer_for_every_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 12)
    made = network("sequence-classification", ("a", "b"))
    found = inference.head_logits(made, windows())
    np.testing.assert_allclose(found, np.concatenate(one_by_one(made, windows())), atol=1e-5)


def test_no_window_is_no_row_of_as_many_columns() -> None:
    made = network("sequence-classification", ("a", "b"))
    assert inference.head_logits(made, windows(np.zeros(0, dtype=np.int64))).shape == (0, 2)
