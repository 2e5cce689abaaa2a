"""Writing that survives a power cut: the bytes are on the disk before a name points at them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassbert.errors import GlassbertError, OutputError, Problem, StorageError

CANNOT_CREATE = {
    errno.EACCES,
    errno.EEXIST,
    errno.EPERM,
    errno.EROFS,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into the error a person can act on.

    Errors: OutputError where nothing could be created (permission, read-only, name), StorageError otherwise.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def storage_error(error: OSError, path: Path) -> GlassbertError:
    """The error of the house for an OSError met at `path`."""
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    if error.errno in CANNOT_CREATE:
        fix = "choose a directory that you may write to"
        return OutputError(Problem(code="cannot-create", what=reason, fix=fix, file=str(path)))
    fix = "make room or mend the disk, then resume: what was there before is intact"
    return StorageError(Problem(code="write-failed", what=reason, fix=fix, file=str(path)))


def sync(path: Path) -> None:
    """Return when the file's bytes, or the directory's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and return when its bytes are on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def append_whole(descriptor: int, content: bytes) -> None:
    """Append all of `content` to a file opened with O_APPEND, or nothing: a full disk may take half of it.

    Errors: OSError.
    """
    before = os.fstat(descriptor).st_size
    if os.write(descriptor, content) != len(content):
        os.ftruncate(descriptor, before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`: a reader, or a crash, sees the old file or the new one and nothing between.

    Errors: OutputError, StorageError.
    """
    staged = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    with storage_errors(path):
        try:
            write_durably(staged, content)
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
        sync(path.parent)
