"""A batch of token sequences, end to end, and the adapter for people who bring padded ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64, Integer
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.model.layout import Layout


@dataclass(frozen=True, eq=False)
class Packed:
    """Token ids [T] and segment ids [T] of B sequences, end to end, with their `Layout`."""

    input_ids: Int64[Tensor, "T"]
    token_type_ids: Int64[Tensor, "T"]
    layout: Layout

    @classmethod
    def of(
        cls,
        input_ids: Integer[np.ndarray, "T"],
        token_type_ids: Integer[np.ndarray, "T"],
        lengths: Integer[np.ndarray, "B"],
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Packed:
        """Pack host arrays; raises UsageError when lengths or segments do not belong to the tokens."""
        place = torch.device(device)
        layout = Layout(np.asarray(lengths, dtype=np.int64), position_offset, place)
        if layout.num_tokens != len(input_ids):
            what = (
                f"{len(input_ids)} tokens cannot be cut into sequences of {layout.num_tokens} tokens in all"
            )
            raise UsageError(
                Problem(code="bad-lengths", what=what, fix="give lengths that add up to the tokens")
            )
        if len(token_type_ids) != len(input_ids):
            what = f"{len(token_type_ids)} segment ids for {len(input_ids)} tokens"
            raise UsageError(Problem(code="bad-segments", what=what, fix="give one for every token"))
        ids = torch.from_numpy(np.asarray(input_ids, dtype=np.int64)).to(place)
        types = torch.from_numpy(np.asarray(token_type_ids, dtype=np.int64)).to(place)
        return cls(ids, types, layout)

    @classmethod
    def from_padded(
        cls,
        input_ids: Int64[Tensor, "B S"],
        attention_mask: Int64[Tensor, "B S"],
        token_type_ids: Int64[Tensor, "B S"] | None = None,
        *,
        position_offset: int = 0,
    ) -> Packed:
        """Pack a padded batch: the tokens where `attention_mask` is 1, which must be a prefix of each row."""
        lengths = attention_mask.sum(1)
        prefix = torch.arange(input_ids.shape[1], device=input_ids.device) < lengths[:, None]
        if not torch.equal(prefix, attention_mask.bool()):
            what = "attention_mask has a gap or padding on the left"
            raise UsageError(Problem(code="bad-mask", what=what, fix="pad on the right"))
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        host = lengths.cpu().numpy().astype(np.int64)
        return cls(input_ids[prefix], types[prefix], Layout(host, position_offset, input_ids.device))
