"""Values as they stand in messages: in quotes, on one line, and never longer than a line."""

from __future__ import annotations

LONGEST = 60


def quoted(value: object) -> str:
    """The value as Python writes it (line ends and invisible characters escaped), cut to 60 characters."""
    text = repr(value[: LONGEST + 1] if isinstance(value, str) else value)
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 4] + "..." + (text[0] if isinstance(value, str) else "")
