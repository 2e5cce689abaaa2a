"""When two texts or two labels are the same to a reader although their characters differ."""

from __future__ import annotations

import unicodedata

Text = str | tuple[str, str]


def fold_text(text: Text) -> Text:
    """The text without differences of upper and lower case and of white space; of a pair, both texts."""
    if isinstance(text, tuple):
        return _fold(text[0]), _fold(text[1])
    return _fold(text)


def fold_label(label: str) -> str:
    """As for a text, and without differences of Unicode composition and width: NFC and NFD `é` are one."""
    return unicodedata.normalize("NFKC", _fold(unicodedata.normalize("NFKC", label)))


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
