"""What a question asks for, by its question word: a guess from the words alone, in English and Chinese."""

from __future__ import annotations

import re

OTHER = "other"
# The first that occurs in the question counts; where two begin at one place, the one that stands higher here.
WORDS = {
    "how-many": r"\bhow (?:many|much|old|long|far|often|tall|large|big)\b|多少|多大|多长|多久|多高|几(?!乎)",
    "when": r"\bwhen\b|\bwhat (?:year|date|day|month|century|decade|time)\b"
    r"|\b(?:in|on) (?:what|which) (?:year|date|day|month|century|decade)\b"
    r"|什么时候|什么时间|何时|哪[一]?[年天日月]|几[年月日号]",
    "where": r"\bwhere\b|哪里|哪儿|何处|何地|什么地方|哪个(?:国家|城市|地方|地区|省)",
    "who": r"\bwho(?:m|se)?\b|谁|何人|什么人|哪位",
    "why": r"\bwhy\b|为什么|为何|为啥|什么原因",
    "how": r"\bhow\b|怎么|怎样|如何",
    "which": r"\bwhich\b|哪",
    "what": r"\bwhat\b|什么|何|啥",
}
KINDS = (*WORDS, OTHER)
PATTERN = re.compile("|".join(f"({pattern})" for pattern in WORDS.values()), re.IGNORECASE)


def kind_of(question: str) -> str:
    """One of KINDS."""
    found = PATTERN.search(question)
    return OTHER if found is None or found.lastindex is None else KINDS[found.lastindex - 1]
