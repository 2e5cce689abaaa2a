"""Token ids of many texts in one array, and how the tokenizers library fills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import tokenizers

from glassbert.text.windows import bounds


@dataclass(frozen=True, kw_only=True)
class Content:
    """Tokenised texts end to end: `ids` int32 [T], text k at `starts[k]:starts[k + 1]` (int64 [n + 1]).

    `offsets` int32 [T, 2]: the characters of its text that a token came from; None where nobody asked.
    """

    ids: np.ndarray
    starts: np.ndarray
    offsets: np.ndarray | None


NOTHING = Content(
    ids=np.zeros(0, dtype=np.int32),
    starts=np.zeros(1, dtype=np.int64),
    offsets=np.zeros((0, 2), dtype=np.int32),
)


def encode_batch(library: tokenizers.Tokenizer, texts: Sequence[str], *, offsets: bool) -> Content:
    """The texts' tokens without special ones. The library is quicker where offsets are not wanted."""
    encode = library.encode_batch if offsets else library.encode_batch_fast
    encodings = encode(list(texts), add_special_tokens=False)
    starts = bounds(np.fromiter(map(len, encodings), np.int64, len(texts)))
    count = int(starts[-1])
    ids = chain.from_iterable(encoding.ids for encoding in encodings)
    pairs = chain.from_iterable(chain.from_iterable(encoding.offsets for encoding in encodings))
    return Content(
        ids=np.fromiter(ids, np.int32, count),
        starts=starts,
        offsets=np.fromiter(pairs, np.int32, 2 * count).reshape(-1, 2) if offsets else None,
    )


def append(first: Content, second: Content) -> Content:
    """The texts of both; with offsets if both have them."""
    offsets = None
    if first.offsets is not None and second.offsets is not None:
        offsets = np.concatenate([first.offsets, second.offsets])
    return Content(
        ids=np.concatenate([first.ids, second.ids]),
        starts=np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]),
        offsets=offsets,
    )
