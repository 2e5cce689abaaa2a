"""Writing a file whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from glassbert.errors import OutputError, StorageError
from glassbert.lens.files import write_atomically


def test_write_replaces_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / ("报告" * 40 + ".html")
    target.write_bytes(b"old")
    assert write_atomically(target, b"new") == target
    assert target.read_bytes() == b"new" and list(tmp_path.iterdir()) == [target]


def test_write_gives_the_permissions_of_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "ours")}
    assert len(modes) == 1


def test_write_that_fails_half_way_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_write_onto_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="output-is-a-directory"):
        write_atomically(tmp_path, b"")


def test_write_into_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot-create"):
        write_atomically(tmp_path / "no" / "report.html", b"")
