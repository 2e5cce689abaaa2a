"""How far files are read, for whoever waits for it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

# hears how many bytes are read, of how many (0: nobody knows yet); what it raises ends the reading
OnRead = Callable[[int, int], None]
# how long a person waits for a word about a long text
SILENT_SECONDS = 10.0


class BytesRead:
    """Counts the bytes that its hashes take in."""

    def __init__(self, on_read: OnRead) -> None:
        self.on_read, self.total, self.done = on_read, 0, 0

    def again(self) -> None:
        """All is read once; how much it is is known when it is read again."""
        self.done, self.total = 0, self.done

    def tell(self) -> None:
        """Say how far it is."""
        self.on_read(self.done, self.total)

    def hash(self) -> CountedHash:
        """A SHA-256 for one file."""
        return CountedHash(self)


class CountedHash:
    """A SHA-256 whose bytes count as read."""

    def __init__(self, read: BytesRead) -> None:
        self._read, self._digest = read, hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._digest.update(data)
        self._read.done += len(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class Spoken:
    """Says now and then how much of a text is `done` ("tokenised")."""

    def __init__(self, done: str, say: Callable[[str], None]) -> None:
        self.done, self.say = done, say
        self._next = time.monotonic() + SILENT_SECONDS

    def __call__(self, read: int, total: int) -> None:
        if total and time.monotonic() >= self._next:
            self._next = time.monotonic() + SILENT_SECONDS
            self.say(f"note: {100 * read // total} % of {total / 1e6:,.0f} MB of text are {self.done}")
