"""The texts that a look works on: those of `--text`, or those of a file."""

from __future__ import annotations

import time
from dataclasses import dataclass

from glassbert.cli.console import hear, say
from glassbert.cli.reading import Reading
from glassbert.errors import SHOWN_PROBLEMS, Problem, UsageError

SECONDS_BETWEEN = 10.0


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Texts and the rows of the file that they come from (counted from 1)."""

    texts: list[str]
    rows: list[int]


def texts_given(data: str | None, text: list[str] | None, *, reading: Reading, column: str | None) -> Texts:
    """The texts to look at; raises UsageError unless exactly one of DATA and --text is given."""
    if (data is None) == (not text):
        fix = "give a file, or --text TEXT"
        raise UsageError(Problem(code="no-texts", what="give either DATA or --text", fix=fix))
    if data is None:
        given = list(text or [])
        return Texts(texts=given, rows=list(range(1, len(given) + 1)))
    from glassbert.runs.rows import read_rows, rejected_warning  # pandas loads here, not for --help
    from glassbert.text.asked import Asked
    from glassbert.text.cells import text_strings

    rows = read_rows(data, reading(), asked=Asked(text=column), need_label=False)
    for note in (*rows.columns.reasons, *rejected_warning(rows.rejected, data, shown=SHOWN_PROBLEMS)):
        hear(note)
    return Texts(texts=text_strings(rows.table, rows.columns.text), rows=rows.table.rows.tolist())


class WindowProgress:
    """A line now and then on how many windows are done, where it takes long."""

    def __init__(self) -> None:
        self._next = time.monotonic() + SECONDS_BETWEEN

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next and done < total:
            self._next = now + SECONDS_BETWEEN
            say(f"{done:,} of {total:,} windows")
