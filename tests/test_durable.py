"""Durable writing: the old file or the new one, and errors that a person can act on."""

import errno
import os
from pathlib import Path

import pytest

from glassbert.durable import append_whole, storage_error, whole_directory, write_file
from glassbert.errors import GlassbertError, OutputError, StorageError


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, OutputError),
        (errno.EROFS, OutputError),
        (errno.ENAMETOOLONG, OutputError),
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EIO, StorageError),
        (errno.ENOENT, OutputError),
    ],
)
def test_an_operating_system_error_gets_its_exit_code(number: int, kind: type[GlassbertError]) -> None:
    error = storage_error(OSError(number, "text"), Path("here"))
    assert type(error) is kind
    assert str(error).startswith("here: ") and os.strerror(number) in str(error)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_file(path, [b"old"])

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left on device"):
            write_file(path, [b"new"])
    assert path.read_bytes() == b"old"
    write_file(path, [b"new"])
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_an_append_is_whole_or_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    append_whole(descriptor, b"first\n")
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, content: write(file, content[:3]))
        with pytest.raises(OSError, match="No space left"):
            append_whole(descriptor, b"second\n")
    append_whole(descriptor, b"third\n")
    os.close(descriptor)
    assert (tmp_path / "log").read_bytes() == b"first\nthird\n"


def test_a_directory_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "new" / "out"

    def write(content: str, *, replace: bool = False) -> None:
        with whole_directory(place, replace=replace) as staged:
            (staged / "a").write_text(content)
            if content == "broken":
                raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        write("broken")
    assert list(place.parent.iterdir()) == []
    write("first")
    with pytest.raises(OutputError, match="not empty"):
        write("second")
    with pytest.raises(OSError, match="full"):
        write("broken", replace=True)
    assert [(place / name.name).read_text() for name in place.iterdir()] == ["first"]
    write("second", replace=True)
    assert (place / "a").read_text() == "second" and list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("replace", [False, True])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path, replace: bool) -> None:
    target, link = tmp_path / "elsewhere", tmp_path / "link"
    target.mkdir()
    link.symlink_to(target)
    if replace:
        (target / "old").write_text("old", encoding="utf-8")
    with whole_directory(link, replace=replace) as staged:
        (staged / "new").write_text("new", encoding="utf-8")
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "link"]
    assert [(each.name, each.read_text(encoding="utf-8")) for each in target.iterdir()] == [("new", "new")]


def test_a_link_to_nothing_yet_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with whole_directory(tmp_path / "link"):
        pass
    assert (tmp_path / "elsewhere").is_dir()
