"""`glassbert.lens.masked`: what the masked-word head would say of every token, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import Problem, UsageError
from glassbert.lens.masked_record import MaskedRecord
from glassbert.lens.reading.states import decode, head_of, states
from glassbert.lens.reading.tuned import TunedLens
from glassbert.lens.seen import Inspectable, Seen, see

TOP = 10


def masked(
    model: Inspectable,
    text: str,
    *,
    pair: str | None = None,
    window: int = 0,
    hide: Sequence[int] = (),
    words: Sequence[str] = (),
    tuned: TunedLens | None = None,
) -> MaskedRecord:
    """The guesses of the model's own masked-word head, read from every layer (logit lens, or with maps of
    `tune` the tuned lens); those of the last layer are the model's output.

    With `pair`, both texts stand in one window. `hide` are tokens (numbers in the window) replaced by the
    mask; `words` are words of the vocabulary whose ranks are traced. Raises UsageError for a model without
    such a head, an unknown word or token.
    """
    head = head_of(model)
    seen = see(model, text, pair=pair, window=window)
    shown = replace(seen, windows=replace(seen.windows, input_ids=_hidden(model, seen, hide)))
    asked = [_id_of(model, word) for word in words]
    layers = []
    with torch.inference_mode():
        inside = states(model.network, shown.packed(model.network))
        final = F.log_softmax(decode(head, inside[-1]).float(), dim=-1)
        for layer, hidden in enumerate(inside):
            translated = hidden if tuned is None else tuned.translate(layer, hidden)
            found = F.log_softmax(decode(head, translated).float(), dim=-1)
            layers.append(_read(found, final, torch.from_numpy(seen.windows.input_ids).long(), asked))
    stacked = {name: np.stack([layer[name] for layer in layers]) for name in layers[0]}
    used, guess = np.unique(stacked.pop("ids"), return_inverse=True)
    return MaskedRecord(
        model=model.name,
        text=text,
        pair=pair,
        window=window,
        num_windows=seen.num_windows,
        lens="logit" if tuned is None else "tuned",
        tokens=seen.tokens,
        word=seen.word,
        hidden=np.array(sorted(set(hide)), np.int32),
        vocabulary=tuple(model.tokenizer.tokens(used.tolist())),
        guess=guess.reshape(stacked["probability"].shape).astype(np.int32),
        asked=tuple(words),
        ranks=np.ascontiguousarray(stacked.pop("ranks").swapaxes(0, 1)),
        **stacked,
    )


def _read(found: Tensor, final: Tensor, own: Tensor, asked: list[int]) -> dict[str, np.ndarray]:
    """Guesses, divergence, entropy and ranks of one layer, from log-probabilities [S, V]."""
    found, final = found.cpu(), final.cpu()
    best = found.topk(min(TOP, found.shape[1]), dim=-1)
    columns = torch.stack([own, final.argmax(-1), *(torch.full_like(own, word) for word in asked)])
    ranks = torch.stack([(found > found.gather(1, each[:, None])).sum(-1) for each in columns]).numpy()
    return {
        "ids": best.indices.numpy(),
        "probability": best.values.exp().numpy(),
        "kl": (final.exp() * (final - found)).sum(-1).clamp(min=0).numpy(),
        "entropy": -(found.exp() * found).sum(-1).numpy(),
        "rank_own": ranks[0].astype(np.int32),
        "rank_final": ranks[1].astype(np.int32),
        "ranks": ranks[2:].astype(np.int32),
    }


def _hidden(model: Inspectable, seen: Seen, hide: Sequence[int]) -> np.ndarray:
    ids = seen.windows.input_ids.copy()
    wrong = [place for place in hide if not 0 <= place < len(ids)]
    mask = model.tokenizer.mask_token_id
    if wrong or (hide and mask is None):
        what = (
            f"the window has tokens 0 to {len(ids) - 1}, and {wrong[:3]} are none"
            if wrong
            else "no mask token"
        )
        raise UsageError(Problem(code="no-such-token", what=what, fix="count tokens from 0, [CLS] included"))
    ids[list(hide)] = mask if hide else 0
    return ids


def _id_of(model: Inspectable, word: str) -> int:
    """The one token that a word is; raises UsageError for a word of none or several."""
    windows = model.windows([word], offsets=True)
    ids = windows.input_ids[windows.sequence == 0]
    if len(ids) != 1 or ids[0] == model.tokenizer.unk_token_id:
        what = f"{word!r} is no word of the vocabulary"
        raise UsageError(Problem(code="unknown-word", what=what, fix="ask for a word that is one token"))
    return int(ids[0])
