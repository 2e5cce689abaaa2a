"""Opening what a person named: a regular file, bounded, hashed, and the same at the end as at the start."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import io
import itertools
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, MissingInputError, Problem, StorageError
from glassbert.text.line_limit import LineLimit

CHUNK = 1 << 20
MAX_LINE_BYTES = 64 << 20
MAX_EXPANDED_BYTES = 4 << 30
# gzip can reach 1,032:1 and prose stays below 10:1; under the floor the cap would only hit harmless files.
RATIO_CAP = 200
RATIO_FLOOR = 1 << 20
COMPRESSIONS = (".gz", ".xz")
# O_NONBLOCK: opening a FIFO that nobody writes to returns at once. Windows has no such flag, nor such FIFOs.
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
NAMES_LOOKED_AT = 10_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much may be read: bytes of one line (None: the format has no lines), bytes after decompression
    (None: any number, which is for readers that keep none of them).
    """

    line_bytes: int | None = MAX_LINE_BYTES
    expanded_bytes: int | None = MAX_EXPANDED_BYTES


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The bytes of a file after decompression, and the SHA-256 of the file as it lies on disk."""

    data: bytearray
    sha256: str


def read_source(path: str | Path, limits: Limits = Limits()) -> Contents:
    """Read a whole file, decompressing `.gz` and `.xz`, without ever holding more than the limits allow.

    Errors: MissingInputError (66) when there is no such file or it cannot be opened; DataError (65) when it
    is no regular file, is damaged, or exceeds a limit; StorageError (74) when reading fails or it changes.
    """
    digest = hashlib.sha256()
    data = bytearray()
    for chunk in stream_source(path, limits, digest=digest):
        data += chunk
    return Contents(data=data, sha256=digest.hexdigest())


def stream_source(path: str | Path, limits: Limits = Limits(), *, digest: Any = None) -> Iterator[bytes]:
    """The bytes that `read_source` reads, chunk by chunk; none of them is kept.

    `digest` (of hashlib) has taken in the whole file, as it lies on disk, when the last chunk has been given.
    Errors: those of `read_source`, as soon as they show.
    """
    name = os.fspath(path)
    descriptor = open_regular(name)
    try:
        before = os.fstat(descriptor)
        raw = _Watched(descriptor, hashlib.sha256() if digest is None else digest)
        try:
            yield from _chunks(raw, limits, name=name)
        except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
            _require_unchanged(descriptor, before, name=name)
            raise DataError(_damaged(name, error)) from error
        except OSError as error:
            raise StorageError(_failed(name, error)) from error
        _require_unchanged(descriptor, before, name=name)
    finally:
        os.close(descriptor)


def open_regular(name: str) -> int:
    """A descriptor of the regular file `name`; never blocks, never opens a device, a FIFO or a directory."""
    if "\0" in name:
        raise MissingInputError(
            Problem(
                code="no-such-file",
                what="the path contains a NUL character",
                fix="correct it",
                file=ascii(name),
            )
        )
    try:
        _require_regular(os.stat(name), name)
        descriptor = os.open(name, FLAGS)
    except OSError as error:
        raise MissingInputError(_unreadable(name, error)) from error
    try:  # again, on what was really opened: the name may point elsewhere by now
        _require_regular(os.fstat(descriptor), name)
    except DataError:
        os.close(descriptor)
        raise
    return descriptor


def compression(name: str) -> str | None:
    """The suffix that says how the file `name` is compressed; None when it is not."""
    suffix = os.path.splitext(name)[1].casefold()
    return suffix if suffix in COMPRESSIONS else None


class _Watched(io.RawIOBase):
    """A raw stream over a descriptor that hashes and counts what passes; it does not own the descriptor."""

    def __init__(self, descriptor: int, digest: Any) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.digest = digest
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = os.read(self.descriptor, len(buffer))
        buffer[: len(chunk)] = chunk
        self.digest.update(chunk)
        self.count += len(chunk)
        return len(chunk)


def _chunks(raw: _Watched, limits: Limits, *, name: str) -> Iterator[bytes]:
    compressed = compression(name) is not None
    stream = _expand(raw, name)
    lines = None if limits.line_bytes is None else LineLimit(limits.line_bytes, name)
    count = 0
    while chunk := stream.read(CHUNK):
        count += len(chunk)
        if limits.expanded_bytes is not None and count > limits.expanded_bytes:
            raise DataError(_too_large(name, f"more than {limits.expanded_bytes:,} bytes"))
        if compressed and count > max(RATIO_FLOOR, RATIO_CAP * raw.count):
            raise DataError(_too_large(name, f"more than {RATIO_CAP} times its compressed size"))
        if lines is not None:
            lines.check(chunk)
        yield chunk


def _expand(raw: _Watched, name: str) -> gzip.GzipFile | lzma.LZMAFile | _Watched:
    kind = compression(name)
    if kind == ".gz":
        return gzip.GzipFile(fileobj=raw)
    if kind == ".xz":
        return lzma.LZMAFile(raw)  # type: ignore[arg-type]
    return raw


def _require_regular(status: os.stat_result, name: str) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        problem = Problem(
            code="not-a-file", what="this is a directory", fix="name a file inside it", file=name
        )
    else:
        problem = Problem(
            code="not-a-file",
            what="this is a pipe, device or socket, not a regular file",
            fix="write the data to a file first and name that file",
            file=name,
        )
    raise DataError(problem)


def _require_unchanged(descriptor: int, before: os.stat_result, *, name: str) -> None:
    try:
        after = [os.fstat(descriptor), os.stat(name)]
    except OSError:
        after = []
    if not after or any(_identity(status) != _identity(before) for status in after):
        raise StorageError(
            Problem(
                code="changed-while-reading",
                what="the file grew, shrank or was replaced while it was being read",
                fix="wait until whatever writes it has finished, then run again",
                file=name,
            )
        )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _unreadable(name: str, error: OSError) -> Problem:
    if not isinstance(error, FileNotFoundError):
        return Problem(
            code="cannot-open",
            what=error.strerror or str(error),
            fix="check the path and its permissions",
            file=name,
        )
    if os.path.islink(name):
        what = "this is a symbolic link to a file that does not exist"
        return Problem(code="no-such-file", what=what, fix="mend the link", file=name)
    return Problem(code="no-such-file", what="there is no such file", fix=_suggestion(Path(name)), file=name)


def _suggestion(path: Path) -> str:
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in itertools.islice(entries, NAMES_LOOKED_AT)]
    except OSError:
        return f"the directory '{path.parent}' cannot be read either; check the path"
    close = difflib.get_close_matches(path.name, names, n=3)
    if not close:
        return f"check the path; nothing in '{path.parent}' has a similar name"
    return "did you mean " + " or ".join(f"'{path.with_name(name)}'" for name in close) + "?"


def _damaged(name: str, error: Exception) -> Problem:
    tool = "xz" if compression(name) == ".xz" else "gzip"
    return Problem(
        code="damaged-compression",
        what=f"the compressed data is truncated or damaged ({error})",
        fix=f"fetch or compress the file again; `{tool} -t` tests it",
        file=name,
    )


def _failed(name: str, error: OSError) -> Problem:
    what = f"reading failed half-way: {error.strerror or error}"
    return Problem(code="read-failed", what=what, fix="check the disk or the network share", file=name)


def _too_large(name: str, what: str) -> Problem:
    return Problem(
        code="expanded-size-limit",
        what=f"expanded size limit: the file expands to {what}",
        fix="if you trust it, decompress or split it yourself and name the result",
        file=name,
    )
