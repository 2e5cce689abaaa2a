"""Files of a directory nobody vouches for; tests/model/test_files.py replaces files (S16, S18)."""

import errno
import os
from pathlib import Path

import pytest

from glassbert.durable import make_directory, write_file
from glassbert.errors import DataError, MissingInputError, OutputError, StorageError
from glassbert.storage import read_file


def test_read_file_returns_what_write_file_wrote(tmp_path: Path) -> None:
    write_file(tmp_path / "a", [b"one", memoryview(b"two"), b""])
    assert read_file(tmp_path / "a", max_bytes=6) == b"onetwo"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_over_its_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(DataError, match="file-too-large"):
        read_file(tmp_path / "a", max_bytes=1 << 20)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs-pointer"),
        (b"\n<!DOCTYPE html><html>", "html-page"),
        (b"<HTML><body>404", "html-page"),
        (b"\x1f\x8b\x08", "gzip-file"),
        (b"PK\x03\x04", "zip-file"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(tmp_path: Path, head: bytes, code: str) -> None:
    (tmp_path / "a").write_bytes(head)
    with pytest.raises(DataError, match=code):
        read_file(tmp_path / "a", max_bytes=1000)


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "."):
        with pytest.raises(DataError, match="not-a-file"):
            read_file(tmp_path / name, max_bytes=10)
    for name in ("loop", "absent", "x" * 300):
        with pytest.raises(MissingInputError, match="cannot-open"):
            read_file(tmp_path / name, max_bytes=10)


def test_a_disk_that_fails_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"text")

    class Failing:
        def __init__(self, descriptor: int, _mode: str) -> None:
            os.close(descriptor)

        def __enter__(self) -> "Failing":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self, _size: int) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdopen", Failing)
    with pytest.raises(StorageError, match="read-failed: reading failed: Input/output error"):
        read_file(tmp_path / "a", max_bytes=10)


def test_a_file_that_is_swapped_for_a_directory_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"text")
    real = os.open
    monkeypatch.setattr(os, "open", lambda _path, _flags: real(tmp_path, os.O_RDONLY))
    with pytest.raises(DataError, match="not-a-file"):
        read_file(tmp_path / "a", max_bytes=10)


def test_make_directory_refuses_a_place_under_a_file(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    (tmp_path / "plain").write_text("")
    for name in ("plain", "plain/a"):
        with pytest.raises(OutputError, match="cannot-create"):
            make_directory(tmp_path / name)
