"""Who looks at whom: the queries and keys of one text, with the proof that the maps drawn from them are
right.

The model runs its ordinary fast kernel, which never forms the weights. Queries and keys are captured, a map
softmax(Q K^T / sqrt(d)) is computed when it is drawn, and its certificate compares A V with the context
vectors that the fast kernel really produced.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float32, Int32
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.taps import capture
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

Text = str | tuple[str, str]
WATCHED = ("query", "key", "value", "context")


class Inspectable(Protocol):
    """A model that can be looked into: `glassbert.load(...)` and a fitted estimator both are."""

    @property
    def name(self) -> str: ...

    @property
    def network(self) -> Network: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def windows(self, texts: Sequence[Text], *, offsets: bool = False) -> Windows: ...


def attention(model: Inspectable, text: str, *, pair: str | None = None, window: int = 0) -> AttentionRecord:
    """The attention of every layer and head on a text (or a pair), as a record.

    A long text is seen in the windows that its predictions come from; `window` says which one is shown
    (from 0). Raises UsageError for a window that does not exist and for additive attention, whose maps
    are no dot products.
    """
    config = model.network.config
    if config.attention_type != "scaled_dot_product":
        what = f"the maps of {config.attention_type} attention are not softmax(QK^T/sqrt(d))"
        raise UsageError(Problem(code="no-dot-product", what=what, fix="watch the taps attention.weights"))
    windows = model.windows([text if pair is None else (text, pair)], offsets=True)
    if not 0 <= window < len(windows):
        what = f"the text has {len(windows)} windows, and window {window} is none of them"
        raise UsageError(Problem(code="no-such-window", what=what, fix="count from 0"))
    shown = windows.select(np.array([window]))
    layers = _captured(model.network, shown)
    directions = _directions(layers[0]["value"].shape[1:])
    return AttentionRecord(
        model=model.name,
        text=text,
        pair=pair,
        window=window,
        num_windows=len(windows),
        tokens=tuple(model.tokenizer.tokens(shown.input_ids.tolist())),
        token_type_ids=shown.token_type_ids,
        word=words_of(shown, text, pair),
        query=_stack(layers, "query"),
        key=_stack(layers, "key"),
        value_witness=_witness(layers, "value", directions),
        context_witness=_witness(layers, "context", directions),
        certificates=_certify(layers),
    )


def words_of(windows: Windows, text: str, pair: str | None) -> Int32[np.ndarray, "S"]:
    """The word each token belongs to, counted from 0 over both texts; -1 for special tokens.

    A token continues a word when nothing but letters, digits and the marks on them lies between the token
    before it and its own first character, or when both are parts of one character (the bytes of an emoji);
    Chinese characters are words of their own.
    """
    assert windows.offsets is not None
    words, word, last = [], -1, (-1, -1)
    for sequence, (start, end) in zip(windows.sequence.tolist(), windows.offsets.tolist(), strict=True):
        if sequence < 0:
            words.append(-1)
            last = (-1, -1)
            continue
        source = text if sequence == 0 else (pair or "")
        if last[0] != sequence or not (start < last[1] or _joins(source, last[1], start)):
            word += 1
        words.append(word)
        last = (sequence, end)
    return np.array(words, dtype=np.int32)


def _joins(text: str, end: int, start: int) -> bool:
    """Whether the characters from the last before `end` to that at `start` are all of one word."""
    between = text[max(end - 1, 0) : start + 1]
    return end > 0 and len(between) == start - end + 2 and all(map(_is_word_part, between))


def _is_word_part(character: str) -> bool:
    marks = unicodedata.category(character)[0] == "M"
    return marks or (character.isalnum() and not _is_ideograph(character))


def _is_ideograph(character: str) -> bool:
    ranges = (("\u2e80", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))
    return any(first <= character <= last for first, last in ranges)


def _captured(network: Network, windows: Windows) -> list[dict[str, Tensor]]:
    """Per layer: query, key, value and context [S, N, d] of one sequence, from the ordinary forward pass."""
    packed = Packed.of(
        windows.input_ids,
        windows.token_type_ids,
        windows.lengths,
        position_offset=network.config.position_offset,
        device=next(network.parameters()).device,
    )
    stems = [f"encoder.blocks.{i}.attention" for i in range(network.config.num_hidden_layers)]
    names = [f"{stem}.{tap}" for stem in stems for tap in WATCHED]
    with torch.inference_mode(), capture(network, names) as seen:
        network.encoder(packed)
    return [{tap: seen[f"{stem}.{tap}"].float().cpu() for tap in WATCHED} for stem in stems]


def _stack(layers: list[dict[str, Tensor]], tap: str) -> Float32[np.ndarray, "L N S d"]:
    return np.stack([layer[tap].transpose(0, 1).numpy() for layer in layers])


def _directions(shape: torch.Size) -> Float32[np.ndarray, "N d"]:
    """One direction of length 1 for each head, the same on every machine."""
    drawn = np.random.default_rng(0).standard_normal(shape)
    directions: np.ndarray = drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)
    return directions.astype(np.float32)


def _witness(
    layers: list[dict[str, Tensor]], tap: str, directions: Float32[np.ndarray, "N d"]
) -> Float32[np.ndarray, "L N S"]:
    return np.stack([np.einsum("snd,nd->ns", layer[tap].numpy(), directions) for layer in layers])


def _certify(layers: list[dict[str, Tensor]]) -> Float32[np.ndarray, "L N"]:
    """max over rows and columns of |softmax(Q K^T / sqrt(d)) V - context|, per layer and head."""
    rows = []
    for layer in layers:
        query, key, value, context = (layer[tap].transpose(0, 1) for tap in WATCHED)
        weights = torch.softmax(query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5, dim=-1)
        rows.append((weights @ value - context).abs().amax((-1, -2)).numpy())
    return np.stack(rows)
