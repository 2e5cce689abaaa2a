"""Packed windows: selecting and joining them, and the two helpers for packed arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.windows import Windows, bounds, join, ranges


def make(lengths: list[int], *, offsets: bool = True, first: int = 0) -> Windows:
    """Windows whose token ids are `first`, `first` + 1, ...; two windows to a text."""
    total = sum(lengths)
    ids = np.arange(first, first + total, dtype=np.int32)
    return Windows(
        input_ids=ids,
        token_type_ids=(ids % 2).astype(np.uint8),
        starts=bounds(np.array(lengths, dtype=np.int64)),
        example=np.arange(len(lengths), dtype=np.int32) // 2,
        scored=ids % 3 == 0,
        offsets=np.stack([ids, ids + 1], axis=1) if offsets else None,
        sequence=(ids % 3 - 1).astype(np.int8),
        num_examples=(len(lengths) + 1) // 2,
    )


def window(windows: Windows, k: int) -> list[int]:
    return windows.input_ids[windows.starts[k] : windows.starts[k + 1]].tolist()


LENGTHS = st.lists(st.integers(0, 5), max_size=8)


@given(LENGTHS, st.data())
def test_select_takes_windows_in_the_order_asked_for(lengths: list[int], data: st.DataObject) -> None:
    windows = make(lengths)
    chosen = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=6)) if lengths else []
    part = windows.select(np.array(chosen, dtype=np.int64))
    assert [window(part, k) for k in range(len(part))] == [window(windows, k) for k in chosen]
    assert part.example.tolist() == [k // 2 for k in chosen]
    assert part.lengths.tolist() == [lengths[k] for k in chosen]
    assert part.num_examples == windows.num_examples
    assert part.offsets is not None
    for array in (part.offsets[:, 0], part.token_type_ids, part.scored, part.sequence):
        assert len(array) == len(part.input_ids)
    assert np.array_equal(part.offsets[:, 0], part.input_ids)
    assert np.array_equal(part.scored, part.input_ids % 3 == 0)


def test_per_text_counts_windows_also_of_texts_that_select_left_out() -> None:
    windows = make([1, 1, 1, 1, 1])
    assert windows.per_text.tolist() == [2, 2, 1]
    assert windows.select(np.array([0, 4])).per_text.tolist() == [1, 0, 1]


def test_select_takes_a_mask() -> None:
    windows = make([2, 3, 1])
    part = windows.select(np.array([True, False, True]))
    assert [window(part, 0), window(part, 1)] == [[0, 1], [5]]


@given(st.lists(LENGTHS, min_size=1, max_size=4), st.booleans())
def test_join_keeps_windows_and_counts_examples_on(parts: list[list[int]], offsets: bool) -> None:
    made = [make(lengths, offsets=offsets, first=100 * k) for k, lengths in enumerate(parts)]
    joined = join(made)
    expected = [window(part, k) for part in made for k in range(len(part))]
    assert [window(joined, k) for k in range(len(joined))] == expected
    assert joined.num_examples == sum(part.num_examples for part in made)
    if len(joined):
        assert np.all(np.diff(joined.example) >= 0)
    assert (joined.offsets is None) == (not offsets)
    for name in ("input_ids", "token_type_ids", "example", "scored", "sequence", "starts"):
        assert getattr(joined, name).dtype == getattr(made[0], name).dtype, name


@pytest.mark.parametrize("count", [0, 1, 7])
def test_ranges_and_bounds_agree_with_loops(count: int) -> None:
    generator = np.random.default_rng(count)
    begins, lengths = generator.integers(0, 50, count), generator.integers(0, 4, count)
    expected = [begin + k for begin, length in zip(begins, lengths, strict=True) for k in range(length)]
    assert ranges(begins, lengths).tolist() == expected
    assert bounds(lengths).tolist() == [sum(lengths[:k]) for k in range(count + 1)]
