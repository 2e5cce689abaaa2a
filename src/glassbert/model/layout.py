"""Where each sequence lies in a batch of packed tokens, computed on the host before anything runs.

The canonical activation is [T, H]: the real tokens of all sequences end to end, no padding anywhere.
Attention is the one place that needs to know where a sequence begins; `Layout` tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.model.rotary import rotation


@dataclass(frozen=True)
class Group:
    """A run of `count` neighbouring sequences that are all `length` tokens long."""

    count: int
    length: int

    @property
    def num_tokens(self) -> int:
        return self.count * self.length


@dataclass(frozen=True, eq=False)
class Layout:
    """Lengths of the packed sequences and what follows from them.

    `lengths` [B] counts tokens; `position_offset` is added to every position id (RoBERTa starts at
    pad_token_id + 1). Neighbours of equal length form a `Group`, which attention treats as one dense block
    without a mask: put equal lengths side by side. Raises UsageError for a length below 1, whose first row
    would be the next sequence's.
    """

    lengths: Int64[np.ndarray, "B"]
    position_offset: int = 0
    device: torch.device = torch.device("cpu")

    def __post_init__(self) -> None:
        if not len(self.lengths) or self.lengths.min() < 1:
            what = f"sequences of {self.lengths.tolist()[:8]} tokens"
            fix = "give at least one sequence, each of at least one token"
            raise UsageError(Problem(code="bad-lengths", what=what, fix=fix))

    @property
    def num_sequences(self) -> int:
        return len(self.lengths)

    @cached_property
    def num_tokens(self) -> int:
        return int(self.lengths.sum())

    @cached_property
    def max_length(self) -> int:
        return int(self.lengths.max())

    @cached_property
    def starts(self) -> Int64[np.ndarray, "B1"]:
        """[B + 1]: row of each sequence's first token, and T at the end."""
        return np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        edges = np.flatnonzero(np.diff(self.lengths)) + 1
        bounds = np.concatenate([[0], edges, [self.num_sequences]])
        return tuple(
            Group(int(end - start), int(self.lengths[start]))
            for start, end in zip(bounds[:-1], bounds[1:], strict=True)
        )

    @cached_property
    def cu_seqlens(self) -> Int[Tensor, "B1"]:
        return torch.from_numpy(self.starts.astype(np.int32)).to(self.device)

    @cached_property
    def position_ids(self) -> Int64[Tensor, "T"]:
        first = np.repeat(self.starts[:-1], self.lengths)
        positions = np.arange(self.num_tokens) - first + self.position_offset
        return torch.from_numpy(positions).to(self.device)

    def rotation(self, head_size: int, theta: float) -> tuple[Float[Tensor, "T D2"], Float[Tensor, "T D2"]]:
        """Cosine and sine of every token's rotary angles, computed once for all blocks."""
        key = (head_size, theta)
        if key not in self._rotations:
            positions = self.max_length + self.position_offset
            self._rotations[key] = rotation(self.position_ids, positions, head_size, theta)
        return self._rotations[key]

    @cached_property
    def _rotations(self) -> dict[tuple[int, float], tuple[Tensor, Tensor]]:
        return {}

    @cached_property
    def first_rows(self) -> Rows:
        """The row of every sequence's first token ([CLS] or <s>)."""
        return Rows.of(self, self.starts[:-1])


@dataclass(frozen=True, eq=False)
class Rows:
    """Chosen token rows, in ascending order, and how many of them each sequence has.

    The last block computes queries, output and feed-forward for these rows only, which is exact for heads
    that read nothing else.
    """

    host: Int64[np.ndarray, "R"]
    counts: Int64[np.ndarray, "B"]
    device: torch.device = torch.device("cpu")

    @classmethod
    def of(cls, layout: Layout, rows: Int64[np.ndarray, "R"]) -> Rows:
        """Rows of `layout` by number; raises UsageError unless they ascend from 0 or more to below T."""
        if len(rows) and (rows[0] < 0 or rows[-1] >= layout.num_tokens or (np.diff(rows) < 1).any()):
            what = f"rows {rows.tolist()[:8]} ... of {layout.num_tokens} tokens"
            fix = "give each row once, in ascending order"
            raise UsageError(Problem(code="bad-rows", what=what, fix=fix))
        counts = np.diff(np.searchsorted(rows, layout.starts)).astype(np.int64)
        return cls(np.ascontiguousarray(rows), counts, layout.device)

    @cached_property
    def index(self) -> Int64[Tensor, "R"]:
        return torch.from_numpy(self.host).to(self.device)

    @cached_property
    def cu_seqlens(self) -> Int[Tensor, "B1"]:
        starts = np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int32)
        return torch.from_numpy(starts).to(self.device)

    @cached_property
    def max_count(self) -> int:
        return int(self.counts.max())
