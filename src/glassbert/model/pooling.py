"""One vector per sequence from its tokens' states, without a weight: mean, first token or maximum."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise


class SentenceHead(nn.Module):
    """[B, H]: over the rows that are asked for, or over all tokens of each sequence, special ones included.

    mean: sum h / count; max: the largest h of each dimension; cls: h of the first token, whatever is asked
    for. A sequence without a row that is asked for gives zeros.
    """

    def __init__(self, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling

    def rows(self, layout: Layout, asked: Rows | None) -> Rows | None:
        return layout.first_rows if self.pooling == "cls" else asked

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Rows | None, noise: Noise | None
    ) -> Float[Tensor, "B H"]:
        if self.pooling == "cls":
            return hidden
        return pooled(hidden, layout.lengths if rows is None else rows.counts, pooling=self.pooling)


def pooled(
    states: Float[Tensor, "R H"], counts: Int64[np.ndarray, "B"], *, pooling: str
) -> Float[Tensor, "B H"]:
    """Runs of `counts` rows as one row each: their mean or their maximum; zeros for an empty run."""
    sizes = torch.from_numpy(np.asarray(counts, dtype=np.int64)).to(states.device)
    owner = torch.repeat_interleave(torch.arange(len(sizes), device=states.device), sizes)
    empty = states.new_zeros(len(sizes), states.shape[1])
    if pooling == "max":
        index = owner[:, None].expand_as(states)
        return empty.scatter_reduce(0, index, states, "amax", include_self=False)
    return empty.index_add(0, owner, states) / sizes.clamp(min=1)[:, None]
