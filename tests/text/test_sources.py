"""Opening files that are missing, special, compressed, too large, or changing."""

import gzip
import lzma
import os
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.errors import DataError, GlassbertError, MissingInputError, StorageError
from glassbert.text.sources import RATIO_CAP, RATIO_FLOOR, Limits, open_regular, read_source

CONTENT = b"text,label\ngood film,pos\n"


def code_of(error: pytest.ExceptionInfo[GlassbertError]) -> str:
    return error.value.problems[0].code


def test_missing_file_suggests_close_names(tmp_path: Path) -> None:
    (tmp_path / "train.csv").touch()
    (tmp_path / "other.txt").touch()
    with pytest.raises(MissingInputError) as caught:
        read_source(tmp_path / "trian.csv")
    assert caught.value.exit_code == 66
    assert caught.value.problems[0].fix == f"did you mean '{tmp_path / 'train.csv'}'?"


def test_missing_file_without_close_names_says_so(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="nothing in '.*' has a similar name"):
        read_source(tmp_path / "x.csv")


def test_missing_directory_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="cannot be read either"):
        read_source(tmp_path / "no" / "x.csv")


def test_dangling_link_is_told_from_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(MissingInputError, match="symbolic link"):
        read_source(tmp_path / "a.csv")


def test_nul_in_a_path_is_a_missing_file() -> None:
    with pytest.raises(MissingInputError, match="NUL"):
        read_source("a\0.csv")


def test_overlong_name_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="cannot-open: File name too long"):
        read_source(tmp_path / ("x" * 300))


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


@pytest.mark.parametrize("make", [make_directory, make_fifo, make_link_to_zero, make_socket])
@pytest.mark.timeout(10)
def test_j18_special_file_is_refused_without_hanging(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("a.csv"))
    with pytest.raises(DataError) as caught:
        read_source("a.csv")
    assert code_of(caught) == "not-a-file"
    assert caught.value.exit_code == 65


@pytest.mark.timeout(10)
def test_j18_link_loop_is_a_missing_input(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(MissingInputError, match="Too many levels of symbolic links"):
        read_source(tmp_path / "a.csv")


@pytest.mark.timeout(10)
def test_j18_fifo_put_in_place_after_the_check_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, regular = tmp_path / "a.csv", os.stat(__file__)
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda name: regular)
    with pytest.raises(DataError, match="not a regular file"):
        open_regular(str(path))


def test_link_to_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(CONTENT)
    (tmp_path / "a.csv").symlink_to(tmp_path / "real.csv")
    assert read_source(tmp_path / "a.csv").data == CONTENT


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 10)


def replace_by_same_size(path: Path) -> None:
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    other = path.with_name("other")
    other.write_bytes(bytes(path.stat().st_size))
    os.utime(other, ns=times)
    other.replace(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("change", [grow, shrink, replace_by_same_size, remove])
def test_j17_file_that_changes_while_read_is_an_io_error(
    change: Callable[[Path], None], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CONTENT) if name.endswith(".gz") else CONTENT)
    real_read, reads = os.read, []

    def read(descriptor: int, size: int) -> bytes:
        if not reads:
            reads.append(size)
            change(path)
        return real_read(descriptor, size)

    monkeypatch.setattr(os, "read", read)
    with pytest.raises(StorageError) as caught:
        read_source(path)
    assert code_of(caught) == "changed-while-reading"
    assert caught.value.exit_code == 74


def test_read_error_is_an_io_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(CONTENT)

    def fail(descriptor: int, size: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    with pytest.raises(StorageError, match="read-failed: reading failed half-way: Input/output error"):
        read_source(tmp_path / "a.csv")


def test_descriptor_is_closed_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"not gzip")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(DataError):
            read_source(tmp_path / "a.csv.gz")
    assert len(os.listdir("/proc/self/fd")) == before


def test_j13_line_of_2_gb_is_refused_after_its_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:  # sparse: takes no disk
        file.truncate(2 << 30)
    real_read, total = os.read, [0]

    def read(descriptor: int, size: int) -> bytes:
        chunk = real_read(descriptor, size)
        total[0] += len(chunk)
        return chunk

    monkeypatch.setattr(os, "read", read)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="line-too-long"):
            read_source(path, Limits(line_bytes=4 << 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total[0] <= (4 << 20) + (2 << 20)
    assert peak < 40 << 20


def test_j15_bomb_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="expanded size limit"):
            read_source(path, Limits(line_bytes=None))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_j15_ratio_cap_holds_for_each_compression(
    suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(compress(b"x,y\n" * (1 << 20)))
    assert path.stat().st_size * RATIO_CAP < 4 << 20
    with pytest.raises(DataError, match=f"more than {RATIO_CAP} times its compressed size"):
        read_source(path)


def test_j15_small_file_may_compress_as_well_as_it_likes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    content = b"x,y\n" * (RATIO_FLOOR // 4)
    path.write_bytes(gzip.compress(content))
    assert path.stat().st_size * RATIO_CAP < len(content)
    assert read_source(path).data == content


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_j16_every_truncation_is_noticed(
    suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    whole = compress(CONTENT)
    path = tmp_path / f"a.csv{suffix}"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError) as caught:
            read_source(path)
        assert code_of(caught) == "damaged-compression"
        assert caught.value.exit_code == 65


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_j16_every_flipped_byte_of_the_content_is_noticed(
    suffix: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    whole = compress(CONTENT * 10)
    path = tmp_path / f"a.csv{suffix}"
    for place in range(10, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(DataError):
            read_source(path)
