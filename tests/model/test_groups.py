"""Chosen rows as dense blocks, against brute force: nothing lost, nothing taken from another sequence."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from glassbert.model.groups import group_rows
from glassbert.model.layout import Layout, Rows


def owners(layout: Layout) -> np.ndarray:
    return np.repeat(np.arange(layout.num_sequences), layout.lengths)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=10), st.data())
def test_blocks_hold_every_chosen_row_once_and_beside_its_own_sequence(
    lengths: list[int], data: st.DataObject
) -> None:
    layout = Layout(np.array(lengths, dtype=np.int64))
    chosen = np.array(sorted(data.draw(st.sets(st.integers(0, layout.num_tokens - 1)))), dtype=np.int64)
    rows = Rows.of(layout, chosen)
    plans = group_rows(layout, rows)
    assert len(plans) == len(layout.groups)
    numbers = torch.from_numpy(chosen).double().view(-1, 1, 1)
    sequence, first = 0, 0
    for plan, group in zip(plans, layout.groups, strict=True):
        counts = rows.counts[sequence : sequence + group.count]
        assert plan.count == group.count
        assert plan.num_rows == counts.sum()
        if plan.num_rows:
            assert plan.width == counts.max()
            mine = numbers[first : first + plan.num_rows]
            block = plan.spread(mine)
            assert len(block) == plan.count * plan.width
            assert torch.equal(plan.gather(block), mine)
            grid = block.view(plan.count, plan.width).long().numpy()
            for row, count in enumerate(counts):
                if count:
                    assert set(owners(layout)[grid[row]]) == {sequence + row}
        first += plan.num_rows
        sequence += group.count
    assert first == len(chosen)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=10))
def test_all_rows_are_views(lengths: list[int]) -> None:
    layout = Layout(np.array(lengths, dtype=np.int64))
    for plan, group in zip(group_rows(layout, None), layout.groups, strict=True):
        assert (plan.count, plan.width, plan.num_rows) == (group.count, group.length, group.num_tokens)
        query = torch.zeros(group.num_tokens, 1, 1)
        assert plan.spread(query) is query and plan.gather(query) is query


@given(st.lists(st.integers(1, 4), min_size=1, max_size=10))
def test_first_rows_need_no_gathering(lengths: list[int]) -> None:
    layout = Layout(np.array(lengths, dtype=np.int64))
    for plan in group_rows(layout, layout.first_rows):
        assert plan.width == 1 and plan.take is None and plan.keep is None
