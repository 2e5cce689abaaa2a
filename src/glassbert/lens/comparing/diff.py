"""`glassbert.lens.diff`: what fine-tuning changed, from model A to model B."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from glassbert.errors import Problem, UsageError
from glassbert.lens.atlas.maps import captured, equal_batches, refuse_additive, windows_of
from glassbert.lens.comparing.alike import refuse_unlike
from glassbert.lens.comparing.flips import flips
from glassbert.lens.comparing.matrices import of_blocks, of_others
from glassbert.lens.comparing.states import Divergences, Samples, states_of
from glassbert.lens.diff_record import KINDS, DiffRecord
from glassbert.lens.seen import Inspectable, Text, see

# bytes of the queries and keys of both models that a record holds of the shown text
HELD_BYTES = 1_100_000


def diff(
    model_a: Inspectable,
    model_b: Inspectable,
    texts: Sequence[Text],
    *,
    rows: Sequence[int] | None = None,
    show: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> DiffRecord:
    """How model B differs from model A: maps of heads, matrices, states of layers, and answers on the texts.

    `rows` are the texts' numbers in their file (1, 2, ... if unsaid); `show` is the index of the text whose
    maps are drawn (its first window). Raises UsageError for models of another shape or vocabulary, naming
    what differs, and DataError where a model gives numbers that are not finite.
    """
    refuse_unlike(model_a, model_b)
    refuse_additive(model_a.network)
    windows = windows_of(model_a, texts)
    if not 0 <= show < len(texts) or (rows is not None and len(rows) != len(texts)):
        what = f"show is {show}, and there are {len(texts)} texts"
        raise UsageError(Problem(code="no-such-text", what=what, fix="count texts from 0, one row for each"))
    config = model_a.network.config
    sums = Divergences(config.num_hidden_layers, config.num_attention_heads)
    samples, done = Samples(len(windows.input_ids)), 0
    for chosen in equal_batches(windows.lengths, config.num_attention_heads):
        some = windows.select(chosen)
        states = (states_of(model_a.network, some), states_of(model_b.network, some))
        with torch.inference_mode():
            sums.add(model_a.network, model_b.network, states, some)
        samples.add(states)
        done += len(some)
        if progress is not None:
            progress(done, len(windows))
    count, found = flips(model_a, model_b, texts, rows=rows or range(1, len(texts) + 1))
    update, rank = of_blocks(model_a.network, model_b.network)
    cka, cka_tokens = samples.cka()
    divergence = sums.divergence / sums.tokens
    return DiffRecord(
        model_a=model_a.name,
        model_b=model_b.name,
        num_texts=len(texts),
        num_windows=len(windows),
        num_tokens=sums.tokens,
        divergence=divergence.astype(np.float32),
        own=(sums.own / sums.tokens).astype(np.float32),
        kinds=KINDS,
        update=update.astype(np.float32),
        rank=rank.astype(np.float32),
        others=of_others(model_a.network, model_b.network),
        cka=cka.astype(np.float32),
        cka_tokens=cka_tokens,
        **_shown(model_a, model_b, texts[show], divergence),
        num_flips=count,
        flips=found,
    )


def _shown(one: Inspectable, other: Inspectable, text: Text, divergence: np.ndarray) -> dict[str, Any]:
    """Queries and keys of both models on the first window of a text, of the heads that differ most."""
    first, pair = (text, None) if isinstance(text, str) else text
    seen = see(one, first, pair=pair)
    maps = [captured(model.network, seen.windows) for model in (one, other)]
    per_head = 4 * 4 * maps[0].query[0][0, 0].numel()
    room = max(HELD_BYTES // per_head, 1)
    whole = np.argsort(-divergence.ravel(), kind="stable")[:room].astype(np.int32)
    arrays = {}
    for letter, each in zip("ab", maps, strict=True):
        for name, parts in (("query", each.query), ("key", each.key)):
            arrays[f"{name}_{letter}"] = torch.cat([part[0] for part in parts]).numpy()[whole]
    about = {"text": first, "window": 0, "text_windows": seen.num_windows, "tokens": seen.tokens}
    return {**about, "whole": whole, **arrays}
