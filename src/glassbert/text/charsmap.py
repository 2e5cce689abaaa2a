"""SentencePiece's table of character replacements, walked once before the tokenizers library trusts it.

Layout (google/sentencepiece, normalizer.cc): the trie's size in bytes, a double-array trie of 32-bit units
(s-yata/darts-clone), then the replacements, each ended by a zero byte. The library indexes with what the
units say and aborts when that is out of range.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np

# XLM-R's takes 316 kB; its longest replacement (of U+FDFA) 33 bytes
MAX_CHARSMAP = 4_000_000
MAX_REPLACEMENT = 64
LEAF = 1 << 31
HAS_LEAF = 1 << 8
LONG_OFFSET = 1 << 9


def charsmap_fault(text: object) -> str | None:
    """Why the base64 text of a charsmap must not be used; None when it is sound."""
    try:
        data = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except (binascii.Error, ValueError):
        return "it is not base64"
    size = int.from_bytes(data[:4], "little")
    if not 0 < size <= len(data) - 4 or size % 4 or len(data) > MAX_CHARSMAP:
        return "its trie does not fit"
    replacements = data[4 + size :]
    if max(map(len, replacements.split(b"\0"))) > MAX_REPLACEMENT:
        return "it replaces a character by a long text"
    try:
        replacements.decode("utf-8")
    except UnicodeDecodeError:
        return "its replacements are not UTF-8"
    if not _stays_inside(np.frombuffer(data, dtype="<u4", count=size // 4, offset=4), replacements):
        return "its trie leads outside"
    return None


def _stays_inside(units: np.ndarray, replacements: bytes) -> bool:
    """Every step from a unit stays in the trie, and every value is where a replacement begins."""
    units = units.astype(np.int64)
    offset = (units >> 10) << ((units & LONG_OFFSET) >> 6)
    base = (np.arange(len(units)) ^ offset)[units & LEAF == 0]
    # a step goes to `base ^ byte`, which shares all but the low 8 bits with `base`
    if base.size and (base | 0xFF).max() >= len(units):
        return False
    leaves = base[(units[units & LEAF == 0] & HAS_LEAF) != 0]
    values = units[leaves] & (LEAF - 1)
    if values.size and values.max() >= len(replacements):
        return False
    before = np.frombuffer(b"\0" + replacements, dtype=np.uint8)
    return not before[values].any()
