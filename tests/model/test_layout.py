"""Layouts against plain Python loops: starts, groups, positions, chosen rows."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import UsageError
from glassbert.model.layout import Layout, Rows

some_lengths = st.lists(st.integers(1, 6), min_size=1, max_size=12)


def layout_of(lengths: list[int], offset: int = 0) -> Layout:
    return Layout(np.array(lengths, dtype=np.int64), offset)


@given(some_lengths)
def test_starts_are_the_running_sums_of_the_lengths(lengths: list[int]) -> None:
    layout = layout_of(lengths)
    assert layout.starts.tolist() == [0, *itertools.accumulate(lengths)]
    assert layout.cu_seqlens.tolist() == layout.starts.tolist()
    assert layout.cu_seqlens.dtype == torch.int32
    assert layout.num_tokens == sum(lengths)
    assert layout.max_length == max(lengths)
    assert layout.num_sequences == len(lengths)


@given(some_lengths)
def test_groups_are_the_runs_of_equal_lengths(lengths: list[int]) -> None:
    expected = [(len(list(run)), length) for length, run in itertools.groupby(lengths)]
    groups = layout_of(lengths).groups
    assert [(group.count, group.length) for group in groups] == expected
    assert sum(group.num_tokens for group in groups) == sum(lengths)


@given(some_lengths, st.integers(0, 3))
def test_positions_restart_in_every_sequence(lengths: list[int], offset: int) -> None:
    expected = [offset + i for length in lengths for i in range(length)]
    positions = layout_of(lengths, offset).position_ids
    assert positions.tolist() == expected
    assert positions.dtype == torch.int64


@given(some_lengths, st.data())
def test_chosen_rows_are_counted_by_sequence(lengths: list[int], data: st.DataObject) -> None:
    layout = layout_of(lengths)
    chosen = sorted(data.draw(st.sets(st.integers(0, layout.num_tokens - 1))))
    rows = Rows.of(layout, np.array(chosen, dtype=np.int64))
    owner = [i for i, length in enumerate(lengths) for _ in range(length)]
    counts = [sum(owner[row] == i for row in chosen) for i in range(len(lengths))]
    assert rows.counts.tolist() == counts
    assert rows.index.tolist() == chosen
    assert rows.cu_seqlens.tolist() == [0, *itertools.accumulate(counts)]
    assert rows.cu_seqlens.dtype == torch.int32
    assert rows.max_count == max(counts)


@given(some_lengths)
def test_first_rows_are_the_starts(lengths: list[int]) -> None:
    layout = layout_of(lengths)
    assert layout.first_rows.index.tolist() == layout.starts[:-1].tolist()
    assert layout.first_rows.counts.tolist() == [1] * len(lengths)


@pytest.mark.parametrize("rows", [[1, 0], [2, 2], [0, 5], [-1, 2]])
def test_rows_out_of_order_twice_or_out_of_range_are_refused(rows: list[int]) -> None:
    with pytest.raises(UsageError, match="bad-rows"):
        Rows.of(layout_of([3, 2]), np.array(rows))


@pytest.mark.parametrize("lengths", [[], [2, 0, 3], [4, -1]])
def test_lengths_below_one_are_refused(lengths: list[int]) -> None:
    with pytest.raises(UsageError, match="bad-lengths"):
        layout_of(lengths)
