"""A text as a model sees it: the one window of it that a lens looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from jaxtyping import Int32

from glassbert.errors import Problem, UsageError
from glassbert.lens.words import words_of
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

Text = str | tuple[str, str]


class Inspectable(Protocol):
    """A model that can be looked into: `glassbert.load(...)` and a fitted estimator both are."""

    @property
    def name(self) -> str: ...

    @property
    def network(self) -> Network: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    def windows(self, texts: Sequence[Text], *, offsets: bool = False) -> Windows: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One window of a text or pair: `windows` holds it alone, of `num_windows` that the text has."""

    windows: Windows
    num_windows: int
    tokens: tuple[str, ...]
    text: str
    pair: str | None

    @cached_property
    def word(self) -> Int32[np.ndarray, "S"]:
        """The word each token belongs to; -1 for special tokens."""
        return words_of(self.windows, self.text, self.pair)

    def packed(self, network: Network) -> Packed:
        """The window as a batch of one, where the network is."""
        return pack(self.windows, network)


def pack(windows: Windows, network: Network) -> Packed:
    """Windows as a batch, where the network is."""
    return Packed.of(
        windows.input_ids,
        windows.token_type_ids,
        windows.lengths,
        position_offset=network.config.position_offset,
        device=next(network.parameters()).device,
    )


def see(model: Inspectable, text: str, *, pair: str | None = None, window: int = 0) -> Seen:
    """The window of this number, from 0 as predictions count them; raises UsageError where there is none."""
    windows = model.windows([text if pair is None else (text, pair)], offsets=True)
    if not 0 <= window < len(windows):
        what = f"the text has {len(windows)} windows, and window {window} is none of them"
        raise UsageError(Problem(code="no-such-window", what=what, fix="count from 0"))
    shown = windows.select(np.array([window]))
    tokens = tuple(model.tokenizer.tokens(shown.input_ids.tolist()))
    return Seen(windows=shown, num_windows=len(windows), tokens=tokens, text=text, pair=pair)
