"""The characters of a text, counted, and those that a vocabulary has to spell."""

from __future__ import annotations

from collections import Counter

import numpy as np
from jaxtyping import Float, Int64
from tokenizers import Tokenizer

CODE_POINTS = 0x110000


def count_characters(text: str) -> Int64[np.ndarray, "1114112"]:
    """How often each code point occurs. The text holds no lone surrogate."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    return np.bincount(codes, minlength=CODE_POINTS)


def alphabet(
    counts: Int64[np.ndarray, "1114112"] | Float[np.ndarray, "1114112"],
    library: Tokenizer,
    *,
    coverage: float,
) -> tuple[list[str], list[str]]:
    """The pieces of one character: those that begin a word, and those that can go on with one.

    The characters are what the tokenizer's normaliser makes of the counted ones. Kept are the most frequent
    that together are at least `coverage` of the text (ties by code point), in the order of code points: a
    word with any other is unknown. A character goes on with words if the tokenizer leaves it inside one.
    """
    found: Counter[str] = Counter()
    for code in np.flatnonzero(counts).tolist():
        for character in library.normalizer.normalize_str(chr(code)):
            if not character.isspace():
                found[character] += counts[code]
    ranked = sorted(found, key=lambda character: (-found[character], character))
    covered = np.cumsum([found[character] for character in ranked])
    enough = int(np.searchsorted(covered, coverage * covered[-1])) + 1 if ranked else 0
    kept = sorted(ranked[:enough])
    return kept, [character for character in kept if _stays_inside(character, library)]


def _stays_inside(character: str, library: Tokenizer) -> bool:
    text = library.normalizer.normalize_str(f"a{character}a")
    return len(library.pre_tokenizer.pre_tokenize_str(text)) == 1
