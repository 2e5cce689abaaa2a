"""Packing keeps every token, refuses what does not fit, and undoes padding."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import UsageError
from glassbert.model.packed import Packed

IDS = np.array([5, 6, 7, 8, 9])
TYPES = np.array([0, 0, 1, 0, 1])


def test_packing_keeps_tokens_segments_and_lengths() -> None:
    packed = Packed.of(IDS.astype(np.int32), TYPES.astype(np.uint8), np.array([3, 2], dtype=np.int32))
    assert packed.input_ids.tolist() == IDS.tolist()
    assert packed.token_type_ids.tolist() == TYPES.tolist()
    assert packed.input_ids.dtype == packed.token_type_ids.dtype == torch.int64
    assert packed.layout.lengths.tolist() == [3, 2]
    assert packed.layout.lengths.dtype == np.int64
    assert packed.layout.position_ids.tolist() == [0, 1, 2, 0, 1]


def test_positions_can_start_later() -> None:
    packed = Packed.of(IDS, TYPES, np.array([3, 2]), position_offset=2)
    assert packed.layout.position_ids.tolist() == [2, 3, 4, 2, 3]


@pytest.mark.parametrize("lengths", [[], [5, 0], [6, -1], [3], [3, 3]])
def test_lengths_that_do_not_cut_the_tokens_are_refused(lengths: list[int]) -> None:
    with pytest.raises(UsageError, match="bad-lengths"):
        Packed.of(IDS, TYPES, np.array(lengths, dtype=np.int64))


@pytest.mark.parametrize("num_types", [0, 1, 4, 6])
def test_segments_that_are_not_as_many_as_tokens_are_refused(num_types: int) -> None:
    with pytest.raises(UsageError, match=f"{num_types} segment ids for 5 tokens"):
        Packed.of(IDS, np.zeros(num_types, dtype=np.int64), np.array([3, 2]))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(0, 3))
def test_a_padded_batch_becomes_the_same_pack(lengths: list[int], spare: int) -> None:
    rng = np.random.default_rng(0)
    ids, types = rng.integers(0, 50, sum(lengths)), rng.integers(0, 2, sum(lengths))
    mask = np.arange(max(lengths) + spare) < np.array(lengths)[:, None]
    grid, grid_types = np.full(mask.shape, 99), np.full(mask.shape, 1)
    grid[mask], grid_types[mask] = ids, types
    packed = Packed.from_padded(
        torch.from_numpy(grid), torch.from_numpy(mask.astype(np.int64)), torch.from_numpy(grid_types)
    )
    assert packed.input_ids.tolist() == ids.tolist()
    assert packed.token_type_ids.tolist() == types.tolist()
    assert packed.layout.lengths.tolist() == lengths


def test_a_padded_batch_without_segments_has_segment_zero() -> None:
    packed = Packed.from_padded(torch.tensor([[4, 5], [6, 0]]), torch.tensor([[1, 1], [1, 0]]))
    assert packed.token_type_ids.tolist() == [0, 0, 0]


@pytest.mark.parametrize("row", [[0, 1, 1], [1, 0, 1], [2, 1, 0]])
def test_a_mask_that_is_no_prefix_of_ones_is_refused(row: list[int]) -> None:
    with pytest.raises(UsageError, match="bad-mask"):
        Packed.from_padded(torch.tensor([[4, 5, 6]]), torch.tensor([row]))


def test_a_padded_row_without_tokens_is_refused() -> None:
    """Its first token would be the next sequence's."""
    mask = torch.tensor([[1, 1], [0, 0], [1, 0]])
    with pytest.raises(UsageError, match="bad-lengths"):
        Packed.from_padded(torch.ones(3, 2, dtype=torch.int64), mask)
