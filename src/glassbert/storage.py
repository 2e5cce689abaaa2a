"""Reading the files of a directory that nobody vouches for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from glassbert.errors import DataError, MissingInputError, Problem, StorageError

MEBIBYTE = 1 << 20
SNIFFED_BYTES = 512
# O_NONBLOCK: opening a FIFO that nobody writes to returns at once. Windows has neither this nor O_CLOEXEC.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MARKS = (
    (
        b"version https://git-lfs.github.com/spec/",
        "git-lfs-pointer",
        "this is a Git LFS pointer",
        "run `git lfs pull`",
    ),
    (
        b"<!doctype html",
        "html-page",
        "this is an HTML page",
        "download the file itself, not the page about it",
    ),
    (b"<html", "html-page", "this is an HTML page", "download the file itself, not the page about it"),
    (b"\x1f\x8b", "gzip-file", "this is a gzip file", "decompress it"),
    (b"pk\x03\x04", "zip-file", "this is a zip archive", "unpack it"),
)


def open_file(path: Path) -> int:
    """A descriptor of a regular file; never blocks, and follows no link out of the file's own directory.

    Errors: MissingInputError when nothing can be opened there, DataError when it is no regular file or a link
    leads elsewhere.
    """
    check_link(path)
    try:
        _require_regular(os.stat(path).st_mode, path)
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        what = error.strerror or str(error)
        raise MissingInputError(
            Problem(code="cannot-open", what=what, fix="check the path and its permissions", file=str(path))
        ) from error
    try:  # again, on what was really opened: the name may point elsewhere by now
        _require_regular(os.fstat(descriptor).st_mode, path)
    except DataError:
        os.close(descriptor)
        raise
    return descriptor


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """All bytes of a regular file of at most `max_bytes`.

    Errors: those of `open_file`; DataError when it is larger, or plainly another kind of file (a Git LFS
    pointer, an HTML page, an archive); StorageError when reading fails.
    """
    with os.fdopen(open_file(path), "rb") as file:
        try:
            data = file.read(max_bytes + 1)
        except OSError as error:
            what = f"reading failed: {error.strerror}"
            raise StorageError(
                Problem(code="read-failed", what=what, fix="check the disk", file=str(path))
            ) from error
    if len(data) > max_bytes:
        what = f"larger than the {max_bytes / MEBIBYTE:,.0f} MiB that such a file may have"
        raise DataError(
            Problem(code="file-too-large", what=what, fix="is this the right file?", file=str(path))
        )
    check_kind(data, path)
    return data


def check_kind(head: bytes, path: Path) -> None:
    """Refuse a file whose first bytes say that it is something else than its name says."""
    start = head[:SNIFFED_BYTES].lstrip().lower()
    for mark, code, what, fix in _MARKS:
        if start.startswith(mark):
            raise DataError(Problem(code=code, what=what, fix=fix, file=str(path)))


def check_link(path: Path) -> None:
    """Refuse a symbolic link that leaves the directory it lies in.

    One exit is allowed: the hub's cache keeps `models--*/snapshots/*/file` as a link into `models--*/blobs`,
    which may itself link into the cache's common store `blobs`.
    """
    if not os.path.islink(path):
        return
    folder = path.parent.resolve()
    target = Path(os.path.realpath(path))  # Path.resolve raises RuntimeError on a loop of links
    if any(target.is_relative_to(home) for home in (folder, *_hub_homes(folder))):
        return
    raise DataError(
        Problem(
            code="link-escapes",
            what=f"a symbolic link to {target}, outside its directory",
            fix="replace the link by a copy of the file, if you trust it",
            file=str(path),
        )
    )


def _hub_homes(folder: Path) -> tuple[Path, ...]:
    for revision in (folder, *folder.parents):
        repository = revision.parent.parent
        if revision.parent.name == "snapshots" and repository.name.startswith("models--"):
            return revision, repository / "blobs", repository.parent / "blobs"
    return ()


def _require_regular(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a pipe, device or socket"
        what = f"this is {kind}, not a regular file"
        raise DataError(
            Problem(code="not-a-file", what=what, fix="put the file itself there", file=str(path))
        )
