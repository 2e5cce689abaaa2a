"""`glassbert.fill_mask`: what a model would write where a text says [MASK]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.heads import MaskedHead
from glassbert.model.layout import Rows
from glassbert.model.masked import masked_head
from glassbert.runs.inference import batches
from glassbert.runs.models import Model, load
from glassbert.tasks.masking import Masks, Words, fillings, find_masks, target_ids, windows_with_masks
from glassbert.text.windows import Windows, ranges

TOP_K = 5
# [256, 30522] floats are 31 MB
ROWS_AT_A_TIME = 256


def fill_mask(
    model: Model | str | Path,
    text: str | Sequence[str],
    *,
    top_k: int = TOP_K,
    targets: str | Sequence[str] | None = None,
) -> list[Any]:
    """The `top_k` likeliest words for every mask of a text, or for those of several texts.

    softmax(W h + b) over the vocabulary at each mask; with `targets` the probabilities of these words alone,
    not made to sum to 1. For a text with one mask: a list of {score, token, token_str, sequence}; with
    several masks: a list of such lists; for a list of texts: a list of what each of them gives. The shapes
    are transformers 4's. A text longer than the model is read in windows, and each mask in the window that
    shows most round it. Raises UsageError for a model without a masked-word head, a text without a mask, a
    target of several tokens.
    """
    loaded = model if isinstance(model, Model) else load(model)
    head = masked_head(loaded.network, untrained=loaded.untrained, name=loaded.name)
    if top_k < 1:
        raise UsageError(Problem(code="bad-top-k", what=f"top_k is {top_k}", fix="give at least 1"))
    texts = [text] if isinstance(text, str) else list(text)
    wanted = [targets] if isinstance(targets, str) else targets
    among = None if wanted is None else target_ids(wanted, loaded.tokenizer)
    if among == []:
        raise UsageError(
            Problem(code="no-targets", what="targets is empty", fix="name a word, or leave it out")
        )
    windows = windows_with_masks(texts, loaded.tokenizer, max_length=loaded.max_length)
    masks = find_masks(windows, loaded.tokenizer)
    words = _words(loaded, head, windows, masks, top_k=top_k, among=among)
    found = [
        each[0] if len(each) == 1 else each for each in fillings(windows, masks, words, loaded.tokenizer)
    ]
    return found[0] if isinstance(text, str) else found


def _words(
    model: Model, head: MaskedHead, windows: Windows, masks: Masks, *, top_k: int, among: list[int] | None
) -> Words:
    """The likeliest words of every mask; the encoder's last block and the head see the masks alone."""
    vocabulary = model.tokenizer.vocab_size
    choice = torch.arange(vocabulary) if among is None else torch.tensor(among)
    count = min(top_k, len(choice))
    ids = np.zeros((len(masks.rows), count), dtype=np.int64)
    scores = np.zeros((len(masks.rows), count), dtype=np.float32)
    holding = np.unique(np.searchsorted(windows.starts, masks.rows, side="right") - 1)
    for chosen, packed in batches(model.network, windows.select(holding)):
        numbers = holding[chosen]
        tokens = ranges(windows.starts[numbers], windows.lengths[numbers])
        rows = Rows.of(packed.layout, np.flatnonzero(np.isin(tokens, masks.rows)))
        place = np.searchsorted(masks.rows, tokens[rows.host])
        hidden = model.network.encoder(packed, rows=rows)
        for some in torch.arange(len(place)).split(ROWS_AT_A_TIME):
            shares = _shares(head, hidden[some.to(hidden.device)], packed.layout)[:, choice]
            best = shares.topk(count, dim=-1)
            ids[place[some.numpy()]] = choice[best.indices].numpy()
            scores[place[some.numpy()]] = best.values.numpy()
    return Words(ids=ids, scores=scores)


def _shares(head: MaskedHead, hidden: Tensor, layout: Any) -> Tensor:
    logits = head(hidden, layout, None, None).float().cpu()
    if not torch.isfinite(logits).all():
        what = "the model's logits are infinite or not numbers: its training has diverged"
        raise DataError(Problem(code="bad-logits", what=what, fix="take an earlier checkpoint"))
    return logits.softmax(-1)
