"""Plain text as a table: a text a line, which is what most people have that is still to be labelled."""

from __future__ import annotations

import numpy as np

from glassbert.text.parsed import Parsed, no_examples

TEXT = "text"


def parse_text_lines(text: str, *, name: str) -> Parsed:
    """One column, `text`, of the lines as they are; blank lines are no rows; `rows` are line numbers.

    Errors: DataError (65) where no line holds anything.
    """
    lines = text.split("\n")
    rows = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise no_examples(name)
    return Parsed(
        names=[TEXT], columns=[[lines[number - 1] for number in rows]], rows=np.array(rows, dtype=np.int64)
    )
