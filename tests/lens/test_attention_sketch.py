"""A sketch of attention: thumbnails that lose no high weight, the telling heads whole, and small."""

from dataclasses import replace

import numpy as np
import pytest

from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import AttentionSketch, fitted, pool_max, sketch, variety
from tests.show.make_attention import ENGLISH, make_attention


def record_of(size: int, *, layers: int = 12, heads: int = 12, width: int = 64) -> AttentionRecord:
    """Random queries and keys."""
    small = make_attention()
    draw = np.random.default_rng(size)
    shape = (layers, heads, size)
    query, key = (draw.standard_normal((*shape, width), np.float32) for _ in range(2))
    return replace(
        small,
        tokens=tuple(f"t{i}" for i in range(size)),
        token_type_ids=np.zeros(size, np.uint8),
        word=np.arange(size, dtype=np.int32),
        query=query,
        key=key,
        value_witness=np.zeros(shape, np.float32),
        context_witness=np.zeros(shape, np.float32),
        certificates=np.zeros((layers, heads), np.float32),
    )


@pytest.mark.parametrize(("size", "side"), [(12, 12), (13, 5), (97, 48), (48, 47), (512, 48), (2, 1)])
def test_every_cell_holds_the_largest_of_its_weights(size: int, side: int) -> None:
    weights = np.random.default_rng(size).random((size, size), np.float32)
    found = pool_max(weights, side)
    for p in range(side):
        rows = slice(p * size // side, -(-(p + 1) * size // side))
        for q in range(side):
            columns = slice(q * size // side, -(-(q + 1) * size // side))
            assert found[p, q] == weights[rows, columns].max()
    assert found.max() == weights.max()


def test_thumbnails_are_exact_to_half_a_step() -> None:
    record = make_attention()
    found = sketch(record, side=len(ENGLISH), num_whole=3)
    for layer in range(4):
        for head in range(6):
            drawn = found.pooled[layer, head] / 255
            assert np.abs(drawn - np.sqrt(record.weights(layer, head))).max() <= 0.501 / 255


def test_heads_held_whole_are_those_of_the_record() -> None:
    record = make_attention()
    found = sketch(record, side=8, num_whole=5)
    assert len(set(found.whole.tolist())) == 5
    for place, number in enumerate(found.whole.tolist()):
        layer, head = divmod(number, 6)
        for name in ("query", "key", "value_witness", "context_witness"):
            np.testing.assert_array_equal(getattr(found, name)[place], getattr(record, name)[layer, head])
    told = [variety(record.weights(layer, head)) for layer in range(4) for head in range(6)]
    assert min(told[i] for i in found.whole) >= sorted(told)[-5]


def test_an_even_head_and_a_sink_tell_nothing() -> None:
    size = 9
    sink = np.zeros((size, size), np.float32)
    sink[:, 0] = 1
    assert variety(np.full((size, size), 1 / size, np.float32)) == pytest.approx(0, abs=1e-6)
    assert variety(sink) == 0
    assert variety(np.eye(size, dtype=np.float32)) == pytest.approx(1 - 1 / size)


@pytest.mark.parametrize(("size", "most"), [(128, 700_000), (512, 1_500_000)])
def test_a_page_of_bert_base_stays_small(size: int, most: int) -> None:
    found = fitted(record_of(size))
    assert isinstance(found, AttentionSketch)
    assert len(found.to_bytes()) * 4 / 3 <= most
    assert len(found.whole) >= 2
    assert AttentionSketch.from_bytes(found.to_bytes()).to_bytes() == found.to_bytes()


def test_a_small_record_is_held_whole() -> None:
    record = make_attention()
    assert fitted(record) is record
