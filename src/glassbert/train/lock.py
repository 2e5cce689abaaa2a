"""One process at a time writes to a run directory."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from glassbert.durable import storage_errors
from glassbert.errors import OutputError, Problem

NAME = ".lock"


class RunLock:
    """Holds `directory` for this process, within a `with` block.

    The kernel keeps the lock (flock) and drops it when the process dies however it dies, so a stale lock
    cannot exist; the file's text only tells the next process who holds it. The file stays when the lock is
    released: removing it would let two processes lock two files of one name.
    Errors: OutputError naming the holder's process id, host and start time.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._descriptor: int | None = None

    def __enter__(self) -> RunLock:
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _write(descriptor, _who_am_i())
            except BlockingIOError:
                held = os.read(descriptor, 4096)
                os.close(descriptor)
                raise OutputError(_held_by(held, self.path)) from None
            except OSError:
                os.close(descriptor)
                raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def _who_am_i() -> bytes:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(holder).encode()


def _write(descriptor: int, content: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)


def _held_by(text: bytes, path: Path) -> Problem:
    try:
        holder = json.loads(text)
        who = f"process {holder['pid']} on {holder['host']} since {holder['started']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"  # it has locked the file and not yet written its name
    return Problem(
        code="run-locked",
        what=f"the run directory is held by {who}",
        fix="wait for that process or stop it, or choose another --out",
        file=str(path.parent),
    )
