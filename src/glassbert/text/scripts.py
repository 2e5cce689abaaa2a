"""Which script a text is written in: a cheap and honest stand-in for its language, which it is not.

French and Vietnamese are both Latin, Russian and Bulgarian both Cyrillic. Only letters count; a letter's
script is the first word of its Unicode name, which is how Unicode itself names letters.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

NAMES = {
    word.upper(): word
    for word in (
        "Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Syriac Thaana Ethiopic Devanagari Bengali"
        " Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer"
        " Mongolian Hangul Hiragana Katakana Bopomofo Cherokee Tifinagh"
    ).split()
} | {"CJK": "Han"}
# names of letters that are another's shape begin with the shape
SHAPES = ("FULLWIDTH", "HALFWIDTH", "MODIFIER", "MATHEMATICAL")
KANA = ("Hiragana", "Katakana")
JAPANESE = "Kana and Han"
MIXED, OTHER, NONE = "mixed", "other", "no letters"
# of the letters; below this share no script speaks for the whole text
MOST = 0.7


def script_of(text: str) -> str:
    """The script of at least 70 % of the letters; "mixed", "other" or "no letters" where there is none.

    Han characters beside kana count as one script with them, as Japanese is written.
    """
    counts: Counter[str] = Counter()
    for character, times in Counter(text).items():
        script = _script(character)
        if script is not None:
            counts[script] += times
    if any(counts[kana] for kana in KANA):
        counts[JAPANESE] = sum(counts.pop(script, 0) for script in (*KANA, "Han"))
    letters = sum(counts.values())
    if letters == 0:
        return NONE
    script, most = max(counts.items(), key=lambda item: item[1])
    return script if most >= MOST * letters else MIXED


@lru_cache(maxsize=65536)
def _script(character: str) -> str | None:
    """None for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return None
    words = unicodedata.name(character, "").replace("-", " ").split()
    if len(words) > 1 and words[0] in SHAPES:
        words = words[1:]
    return NAMES.get(words[0], OTHER) if words else OTHER
