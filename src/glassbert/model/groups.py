"""How the chosen rows of a group of equally long sequences become one dense block of queries, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from glassbert.model.layout import Layout, Rows


@dataclass(frozen=True, eq=False)
class GroupRows:
    """`count` sequences whose queries fill a block [count, width]; `num_rows` of them are real.

    When every sequence has the same number of queries the block is a view. Otherwise `take` repeats a query
    of the sequence up to `width`, and `keep` picks the real rows out of the result: a repeated query costs
    time, never changes a number.
    """

    count: int
    width: int
    num_rows: int
    take: Int64[Tensor, "_"] | None = None
    keep: Int64[Tensor, "_"] | None = None

    def spread(self, query: Float[Tensor, "R N D"]) -> Float[Tensor, "_ N D"]:
        return query if self.take is None else query.index_select(0, self.take)

    def gather(self, context: Float[Tensor, "_ N D"]) -> Float[Tensor, "R N D"]:
        return context if self.keep is None else context.index_select(0, self.keep)


def group_rows(layout: Layout, rows: Rows | None) -> list[GroupRows]:
    """One plan per group of the layout; all rows when none are chosen."""
    if rows is None:
        return [GroupRows(group.count, group.length, group.num_tokens) for group in layout.groups]
    plans, first = [], 0
    for group in layout.groups:
        plans.append(_plan(rows.counts[first : first + group.count], rows.device))
        first += group.count
    return plans


def _plan(counts: Int64[np.ndarray, "B"], device: torch.device) -> GroupRows:
    width = int(counts.max())
    if (counts == width).all():
        return GroupRows(len(counts), width, len(counts) * width)
    starts = np.cumsum(counts) - counts
    column = np.arange(width)
    real = column < counts[:, None]
    # a sequence without chosen rows borrows a neighbour's query, which is computed and thrown away
    take = np.minimum(
        starts[:, None] + np.minimum(column, np.maximum(counts[:, None] - 1, 0)), counts.sum() - 1
    )
    return GroupRows(
        len(counts),
        width,
        int(counts.sum()),
        torch.from_numpy(take.reshape(-1)).to(device),
        torch.from_numpy(np.flatnonzero(real.reshape(-1))).to(device),
    )
