"""Writing that survives a power cut: the bytes are on the disk before a name points at them."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from glassbert.errors import OutputError, Problem, StorageError

# the file cannot come to be where it was asked for; anything else went wrong while its bytes were written
_CANNOT_CREATE = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EEXIST,
    errno.EISDIR, errno.ELOOP, errno.ENOTEMPTY, errno.EINVAL,
}  # fmt: skip


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into the error a person can act on: OutputError or StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def storage_error(error: OSError, path: Path) -> OutputError | StorageError:
    """OutputError where nothing can come to be (permission, read-only, name), StorageError otherwise."""
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    if error.errno in _CANNOT_CREATE:
        fix = "choose another place, or change its permissions"
        return OutputError(Problem(code="cannot-create", what=reason, fix=fix, file=str(path)))
    fix = "make room or mend the disk; what was there before is intact"
    return StorageError(Problem(code="write-failed", what=reason, fix=fix, file=str(path)))


def write_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Replace `path` by a new file of these bytes: written aside, flushed to the disk, renamed.

    A process that has the old file open or mapped keeps the old bytes. Errors: OutputError when a file cannot
    come to be there, StorageError when writing it fails; either way the previous file is intact and nothing
    is left beside it.
    """
    # short, so that a name of the greatest length the file system takes can still be written
    temporary = path.with_name(f".tmp-{secrets.token_hex(6)}")
    with storage_errors(path):
        try:
            write_flushed(temporary, chunks)
            os.replace(temporary, path)
            with suppress(OSError):  # where the platform lets no directory be opened
                sync(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def whole_directory(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a new directory beside `path`; when the block ends it is on the disk and bears that name.

    Whatever happens before leaves nothing under the name: not half a directory, and with `replace` the one
    that was there. Without it, what is there must be an empty directory. A link stays, and what it leads to
    is written. Errors: OutputError, StorageError.
    """
    path = Path(os.path.realpath(path))
    staged = path.with_name(f".tmp-{secrets.token_hex(6)}")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.mkdir()
    try:
        yield staged
        with storage_errors(path):
            for file in [*filter(Path.is_file, staged.iterdir()), staged]:
                sync(file)
            if replace and path.is_dir():
                old = path.with_name(f".tmp-{secrets.token_hex(6)}")
                os.replace(path, old)
                os.replace(staged, path)
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(staged, path)
            sync(path.parent)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def make_directory(path: Path) -> None:
    """Create a directory and its parents; one that is there is fine. Errors: OutputError, StorageError."""
    with storage_errors(path):
        path.mkdir(parents=True, exist_ok=True)


def write_flushed(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file that is not there yet and return when its bytes are on the disk. Errors: OSError."""
    with open(path, "xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Return when the file's bytes, or the directory's names, are on the disk. Errors: OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_whole(descriptor: int, content: bytes) -> None:
    """Append all of `content` to a file opened with O_APPEND, or nothing: a full disk may take half of it.

    Errors: OSError.
    """
    before = os.fstat(descriptor).st_size
    if os.write(descriptor, content) != len(content):
        os.ftruncate(descriptor, before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
