"""Texts that are read apart and compared: how they become windows and batches, and their windows one vector.

Letters: N examples, S texts of each, W windows, H hidden, P examples of a batch.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.model.layout import Rows
from glassbert.model.packed import Packed
from glassbert.tasks.task import Batch, Examples, Sides
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows, ranges


def side_windows(examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
    """Every text of every example as windows of its own: both of a pair, then those of the next."""
    columns: list[tuple[str, ...]] = [*zip(*examples.texts, strict=True)] or [(), ()]
    if examples.negatives is not None:
        columns.append(tuple(examples.negatives))
    texts = [text for example in zip(*columns, strict=True) for text in example]
    return replace(tokenizer.windows(texts, max_length=max_length), sides=len(columns))


def shares(windows: Windows, *, pooling: str) -> Float[np.ndarray, "W"]:
    """What each window counts for in its text's vector: 1/k of k first tokens, else its share of the tokens,
    each of which counts in one window only.
    """
    if pooling == "cls":
        return np.asarray(1.0 / windows.per_text[windows.example])
    before = np.concatenate([[0], np.cumsum(windows.once)])
    tokens = np.diff(before[windows.starts])
    return np.asarray(
        tokens / np.bincount(windows.example, tokens, minlength=windows.num_examples)[windows.example]
    )


def text_vectors(
    vectors: Float[np.ndarray, "W H"], windows: Windows, *, pooling: str
) -> Float[np.ndarray, "N S H"]:
    """One vector for every text, float64, from the vectors of its windows."""
    wide, width = np.asarray(vectors, dtype=np.float64), vectors.shape[1]
    if not len(windows):
        return np.empty((0, windows.sides, width))
    starts = np.searchsorted(windows.example, np.arange(windows.num_examples))
    if pooling == "max":
        found = np.maximum.reduceat(wide, starts, axis=0)
    else:
        found = np.add.reduceat(wide * shares(windows, pooling=pooling)[:, None], starts, axis=0)
    return found.reshape(-1, windows.sides, width)


def side_batch(
    windows: Windows,
    chosen: Int[np.ndarray, "W"],
    examples: Examples | None,
    *,
    pooling: str,
    used: int,
    position_offset: int,
    device: str | torch.device,
) -> Batch:
    """The chosen windows, shortest first, of the first `used` texts of their examples."""
    chosen = chosen[windows.example[chosen] % windows.sides < used]
    index = chosen[np.argsort(windows.lengths[chosen], kind="stable")]
    picked = windows.select(index)
    example, side = np.divmod(picked.example, windows.sides)
    present, place = np.unique(example, return_inverse=True)
    packed = Packed.of(
        picked.input_ids,
        picked.token_type_ids,
        picked.lengths,
        position_offset=position_offset,
        device=device,
    )
    once = windows.once[ranges(windows.starts[index], picked.lengths)]
    counts = shares(windows, pooling=pooling)[index].astype(np.float32)
    targets = None if examples is None or examples.targets is None else examples.targets[present]
    return Batch(
        packed=packed,
        targets=None if targets is None else torch.from_numpy(targets).to(device),
        weights=torch.ones(len(present), device=device),
        weight=float(len(present)),
        index=index,
        rows=None if once.all() else Rows.of(packed.layout, np.flatnonzero(once)),
        sides=Sides(
            text=torch.from_numpy(place * used + side).to(device),
            share=torch.from_numpy(counts).to(device),
            num_sides=used,
        ),
    )


def joined(vectors: Float[Tensor, "W H"], batch: Batch, *, pooling: str) -> Float[Tensor, "P S H"]:
    """One vector for every text of a batch, with gradients."""
    sides = batch.sides
    assert sides is not None, "this batch holds texts that are compared"
    empty = vectors.new_zeros(int(batch.weight) * sides.num_sides, vectors.shape[1])
    if pooling == "max":
        index = sides.text[:, None].expand_as(vectors)
        found = empty.scatter_reduce(0, index, vectors, "amax", include_self=False)
    else:
        found = empty.index_add(0, sides.text, vectors * sides.share.to(vectors.dtype)[:, None])
    return found.unflatten(0, (-1, sides.num_sides))
