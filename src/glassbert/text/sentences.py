"""Lines of prose cut into sentences: rules that need no language, and are wrong now and then.

A sentence ends after . ! ? … (and closing quotes or brackets) before white space, unless what follows begins
with a small letter or the full stop follows an initial or a known abbreviation; and after 。！？ anywhere.
For next-sentence pairs a missed or a needless end does no harm: segments are joined again.
"""

from __future__ import annotations

import re

CANDIDATE = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?=\s)|[。！？]+[\u201d\u2019」』）]*")
OPENING = "\"'\u201c\u2018\u00ab([ \t"
ABBREVIATIONS = {
    *("mr", "mrs", "ms", "dr", "prof", "st", "vs", "inc", "ltd", "co", "corp", "fig", "al", "jr", "sr"),
    *(
        "gen",
        "col",
        "sen",
        "rep",
        "gov",
        "capt",
        "lt",
        "sgt",
        "rev",
        "hon",
        "vol",
        "pp",
        "cf",
        "ca",
        "approx",
    ),
    *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
}
LAST_WORD = re.compile(r"([^\W\d_]+)\.$")
# a longer stretch without an end is cut at a space, so that nothing downstream meets a sentence of megabytes
MAX_CHARACTERS = 1 << 14


def split_sentences(line: str) -> list[str]:
    """The sentences of a line; joined they are the line (each keeps the white space before it)."""
    found, begin = [], 0
    for match in CANDIDATE.finditer(line):
        end = match.end()
        if end < len(line) and (match[0][0] in "。！？" or _ends(line, match.start(), end)):
            found.append(line[begin:end])
            begin = end
    found.append(line[begin:])
    return [part for sentence in found for part in cut_long(sentence)]


def cut_long(text: str) -> list[str]:
    """The text, or pieces of at most `MAX_CHARACTERS` of it, cut before a space where there is one."""
    parts = []
    while len(text) > MAX_CHARACTERS:
        end = text.rfind(" ", 1, MAX_CHARACTERS)
        end = MAX_CHARACTERS if end < 0 else end
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def _ends(line: str, stop: int, end: int) -> bool:
    following = line[end : end + 8].lstrip(OPENING)[:1]
    if following.islower():
        return False
    word = LAST_WORD.search(line, max(0, stop - 12), stop + 1)
    return word is None or not ((len(word[1]) == 1 and word[1].isupper()) or word[1].lower() in ABBREVIATIONS)
