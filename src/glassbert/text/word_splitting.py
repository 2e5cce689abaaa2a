"""Where the words of a plain text are, for tags of words: Unicode categories decide, no language is assumed.

A word is a run of letters, marks and digits, with an apostrophe between two letters and a point, comma or
colon between two digits inside it (don't, 3.14, 10:30); a Chinese character by itself; or any other visible
character, with whatever is joined to it (a flag, a family joined by U+200D). White space and control
characters are in no word. Thai, Lao and kana, written without spaces, stay in runs.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from jaxtyping import Int32

# the blocks that BERT's tokenizers set apart, character by character
HAN = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f"
    "\U0002b740-\U0002b81f\U0002b820-\U0002ceaf\U0002f800-\U0002fa1f"
)
IS_HAN = re.compile(f"[{HAN}]")
JOINER = "\u200d"
APOSTROPHES = "'\u2019"
INSIDE_NUMBERS = ".,:"
EXTENDERS = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
Spans = Int32[np.ndarray, "M 2"]


def split_words(text: str) -> Spans:
    """(begin, end) of every word in characters of the text: in order, never overlapping."""
    found: list[tuple[int, int]] = []
    place, length = 0, len(text)
    while place < length:
        kind = _kind(text[place])
        if kind == "space":
            place += 1
            continue
        end = _run(text, place) if kind == "letter" else _sign(text, place)
        found.append((place, end))
        place = end
    return np.array(found, dtype=np.int32).reshape(-1, 2)


def _kind(character: str) -> str:
    if IS_HAN.match(character):
        return "han"
    category = unicodedata.category(character)
    if category[0] in "LN" or character == "_":
        return "letter"
    if category[0] == "M":
        return "mark"
    return "space" if category[0] == "Z" or category in ("Cc", "Cf", "Cs") else "sign"


def _run(text: str, begin: int) -> int:
    """The end of a run of letters and digits that begins here."""
    place = begin + 1
    while place < len(text):
        kind = _kind(text[place])
        if kind in ("letter", "mark") or (text[place] in ("\u200c", JOINER) and _letter_at(text, place + 1)):
            place += 1
        elif _binds(text, place):
            place += 2
        else:
            break
    return place


def _binds(text: str, place: int) -> bool:
    """Whether the sign here stands inside a word: between letters, or between digits."""
    before, after = text[place - 1], text[place + 1 : place + 2]
    if not after:
        return False
    if text[place] in APOSTROPHES:
        return before.isalpha() and after.isalpha() and _kind(after) == "letter"
    return text[place] in INSIDE_NUMBERS and before.isdigit() and after.isdigit()


def _sign(text: str, begin: int) -> int:
    """The end of one character with the marks, selectors and joined characters that belong to it."""
    place = begin + 1
    if FLAG.match(text[begin]) and FLAG.match(text[place : place + 1]):
        place += 1
    while place < len(text):
        if _kind(text[place]) == "mark" or EXTENDERS.match(text[place]):
            place += 1
        elif text[place] == JOINER and _kind(text[place + 1 : place + 2] or " ") == "sign":
            place += 2
        else:
            break
    return place


def _letter_at(text: str, place: int) -> bool:
    return place < len(text) and _kind(text[place]) == "letter"


def joined(words: list[str]) -> tuple[str, Spans]:
    """Words as a text, and where each lies in it: a space between two, none between Chinese characters."""
    parts: list[str] = []
    spans = np.zeros((len(words), 2), dtype=np.int32)
    place, before = 0, ""
    for number, word in enumerate(words):
        tight = not number or bool(IS_HAN.fullmatch(word) and IS_HAN.match(before[-1:]))
        if not tight:
            parts.append(" ")
            place += 1
        parts.append(word)
        spans[number] = place, place + len(word)
        place, before = place + len(word), word
    return "".join(parts), spans
