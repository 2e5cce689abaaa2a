"""A batch of token sequences, end to end, and the adapter for people who bring padded ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int, Int64
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
        input_ids: Int[np.ndarray, "T"],
        token_type_ids: Int[np.ndarray, "T"],
        lengths: Int[np.ndarray, "B"],
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Packed:
        """Pack host arrays; raises UsageError when the lengths do not add up to the tokens."""
        lengths = np.asarray(lengths, dtype=np.int64)
        if len(lengths) == 0 or lengths.min() < 1 or lengths.sum() != len(input_ids):
            what = f"{len(input_ids)} tokens cannot be cut into sequences of {lengths.tolist()[:8]} ..."
            raise UsageError(
                Problem(code="bad-lengths", what=what, fix="give lengths >= 1 that add up to the tokens")
            )
        place = torch.device(device)
        ids = torch.from_numpy(np.asarray(input_ids, dtype=np.int64)).to(place)
        types = torch.from_numpy(np.asarray(token_type_ids, dtype=np.int64)).to(place)
        return cls(ids, types, Layout(lengths, position_offset, place))

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
