"""Value zeroing: what changes in a block when a token's value vector is missing (Mohebbi et al. 2023).

Letters: S tokens, N heads, D head size, n copies of the window.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from glassbert.lens.attributing.options import AttributionOptions
from glassbert.lens.attributing.subject import Subject
from glassbert.model.encoder import Block
from glassbert.model.layout import Layout


def value_zeroing(subject: Subject, options: AttributionOptions) -> Float[np.ndarray, "S"]:
    """The read token's row of the product over layers of C.

    C[i, j] = 1 - cos(output i of the block, the same without the value of token j), rows scaled to sum to 1.
    """
    encoder, maps = subject.network.encoder, []
    with torch.inference_mode():
        hidden: Tensor = encoder.embeddings(subject.pack(subject.input_ids[None]))
        blocks = cast(list[Block], list(encoder.blocks))
        for depth, block in enumerate(blocks):
            whole = block(hidden, Layout(np.array([subject.length]), device=subject.device))
            maps.append(_context_mixing(subject, block, hidden, whole))
            hidden = whole
            # S passes in all, told layer by layer to whoever waits
            done = [subject.length * layers // len(blocks) for layers in (depth, depth + 1)]
            subject.passed(done[1] - done[0])
    row = maps[-1][subject.position]
    for mixing in reversed(maps[:-1]):
        row = row @ mixing
    return row


def _context_mixing(
    subject: Subject, block: Block, hidden: Float[Tensor, "S H"], whole: Float[Tensor, "S H"]
) -> np.ndarray:
    length = subject.length
    changes = np.empty((length, length))
    for some in subject.batches(length):
        without = _outputs_without(block, hidden, np.arange(length)[some], subject.device)
        distance = 1 - F.cosine_similarity(without, whole[None], dim=-1)
        changes[:, some] = distance.clamp(min=0).double().cpu().numpy().T
    totals = changes.sum(1, keepdims=True)
    # a token that nothing changes is its own
    return np.where(totals > 0, changes / np.where(totals > 0, totals, 1), np.eye(length))


def _outputs_without(
    block: Block, hidden: Float[Tensor, "S H"], tokens: np.ndarray, device: torch.device
) -> Float[Tensor, "n S H"]:
    """Copy c of the block's output has no value vector of tokens[c]."""
    count, length = len(tokens), len(hidden)
    rows = torch.from_numpy(np.arange(count) * length + tokens).to(device)
    handle = block.attention.value.register_forward_hook(
        lambda _module, _inputs, value: value.index_fill(0, rows, 0.0)
    )
    try:
        layout = Layout(np.full(count, length), device=device)
        return block(hidden.repeat(count, 1), layout).unflatten(0, (count, length))
    finally:
        handle.remove()
