"""The function that is explained: one window of token ids, with tokens taken away or their vectors replaced.

A token that is taken away becomes [MASK], in its place: length, positions, [CLS] and [SEP] stay as they are.
Letters: S tokens of the window, M of them content (not special), n perturbed copies, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from glassbert.lens.attributing.target import Target
from glassbert.model.heads import PretrainingLogits
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.packed import Packed

# what a backward pass keeps of a token is some four times what a forward pass holds at once; an estimate
BACKWARD_WEIGHT = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A network, a window and a target; `passed` hears how many sequences went through after every batch."""

    network: Network
    input_ids: Int[np.ndarray, "S"]
    token_type_ids: Int[np.ndarray, "S"]
    content: Bool[np.ndarray, "S"]
    mask_token_id: int
    target: Target
    tokens_per_batch: int = 4096
    passed: Callable[[int], None] = lambda count: None

    @property
    def length(self) -> int:
        return len(self.input_ids)

    @property
    def num_content(self) -> int:
        return int(self.content.sum())

    @property
    def position(self) -> int:
        """The token that the head reads."""
        return self.target.position or 0

    def with_network(self, network: Network) -> Subject:
        """The same question to another network."""
        return replace(self, network=network)

    def values(self, kept: Bool[np.ndarray, "n M"]) -> Float[np.ndarray, "n"]:
        """F of the window with only the kept content tokens, float64."""
        found = np.empty(len(kept))
        with torch.inference_mode():
            for some in self.batches(len(kept)):
                ids = np.tile(self.input_ids, (some.stop - some.start, 1))
                ids[:, self.content] = np.where(kept[some], ids[:, self.content], self.mask_token_id)
                found[some] = self.run(self.pack(ids)).double().cpu().numpy()
        return found

    def embedded(self, *, kept: bool = True) -> Float[Tensor, "S H"]:
        """What enters the first block: the embeddings of the window, or with every content token masked."""
        ids = self.input_ids if kept else np.where(self.content, self.mask_token_id, self.input_ids)
        with torch.no_grad():
            return self.network.encoder.embeddings(self.pack(ids[None]))

    def of_embedded(self, hidden: Float[Tensor, "n S H"]) -> Float[Tensor, "n"]:
        """F where these vectors enter the first block, differentiable."""
        packed = self.pack(np.tile(self.input_ids, (len(hidden), 1)))
        tap: nn.Module = self.network.encoder.embeddings.embedded
        handle = tap.register_forward_hook(lambda *_: hidden.flatten(0, 1))
        try:
            return self.run(packed)
        finally:
            handle.remove()

    def gradient(self, hidden: Float[Tensor, "n S H"]) -> Float[Tensor, "n S H"]:
        """dF/dh for every one of n inputs, all in one batch."""
        hidden = hidden.detach().requires_grad_()
        (found,) = torch.autograd.grad(self.of_embedded(hidden).sum(), hidden)
        return found

    def run(self, packed: Packed) -> Float[Tensor, "n"]:
        logits = self.logits(packed)
        self.passed(packed.layout.num_sequences)
        return self.target.explained(logits.float())

    def logits(self, packed: Packed) -> Float[Tensor, "n C"]:
        rows = None
        if self.target.position is not None:
            rows = Rows.of(packed.layout, packed.layout.starts[:-1] + self.target.position)
        logits = self.network(packed, rows=rows)
        return logits.masked if isinstance(logits, PretrainingLogits) else logits

    def pack(self, ids: Int[np.ndarray, "n S"]) -> Packed:
        count, length = ids.shape
        return Packed.of(
            ids.reshape(-1),
            np.tile(self.token_type_ids, count),
            np.full(count, length),
            position_offset=self.network.config.position_offset,
            device=self.device,
        )

    @cached_property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def batches(self, count: int, *, backward: bool = False) -> Iterator[slice]:
        """Pieces of `count` copies that fit the token budget, of at least one copy each."""
        budget = self.tokens_per_batch // (BACKWARD_WEIGHT if backward else 1)
        size = max(1, budget // self.length)
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))
