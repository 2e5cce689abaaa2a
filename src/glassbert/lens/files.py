"""Write a file whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from glassbert.errors import OutputError, Problem, StorageError


def write_atomically(path: str | Path, data: bytes) -> Path:
    """Write `data` beside `path`, flush it, then rename: a reader sees the old file or the new one, whole.

    Raises OutputError when nothing can be created there, StorageError when writing fails half-way.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(_problem("output-is-a-directory", target, "it is a directory", "name a file"))
    part = target.parent / f".{secrets.token_hex(8)}.part"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError as error:
        fix = "choose a directory that exists and may be written"
        raise OutputError(_problem("cannot-create", target, _reason(error), fix)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        fix = "free some space or check the disk, then try again"
        raise StorageError(_problem("write-failed", target, _reason(error), fix)) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _problem(code: str, path: Path, reason: str, fix: str) -> Problem:
    return Problem(code=code, what=f"cannot write this file: {reason}", fix=fix, file=str(path))
