"""A bound on the length of lines that holds while a file streams in, before any line is kept whole."""

from __future__ import annotations

import numpy as np

from glassbert.errors import DataError, Problem

LINE_FEED, CARRIAGE_RETURN = 10, 13


class LineLimit:
    """Refuses a stream as soon as one line of it is longer than `limit` bytes."""

    def __init__(self, limit: int, name: str) -> None:
        self.limit = limit
        self.name = name
        self.line = 1
        self.open_bytes = 0  # of the line that has begun and not yet ended

    def check(self, chunk: bytes) -> None:
        """Take in the next bytes; DataError (65) with the line's number when a line exceeds the limit."""
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        if self.open_bytes + len(chunk) > self.limit:
            self._measure(chunk)
        self.open_bytes = len(chunk) - 1 - last if last >= 0 else self.open_bytes + len(chunk)
        self.line += _ends(chunk)

    def _measure(self, chunk: bytes) -> None:
        array = np.frombuffer(chunk, dtype=np.uint8)
        ends = np.flatnonzero((array == LINE_FEED) | (array == CARRIAGE_RETURN))
        borders = np.concatenate(([-1 - self.open_bytes], ends, [len(chunk)]))
        too_long = np.flatnonzero(np.diff(borders) - 1 > self.limit)
        if len(too_long):
            before = chunk[: max(0, int(borders[too_long[0]]) + 1)]
            raise DataError(self._problem(self.line + _ends(before)))

    def _problem(self, line: int) -> Problem:
        return Problem(
            code="line-too-long",
            what=f"this line is longer than {self.limit:,} bytes",
            fix="check that the file has line ends, or raise --max-line-bytes",
            file=self.name,
            line=line,
        )


def _ends(chunk: bytes) -> int:
    """Line ends, whether the file uses LF, CR LF or bare CR."""
    return max(chunk.count(b"\n"), chunk.count(b"\r"))
