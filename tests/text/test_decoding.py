"""Bytes to text: encodings, marks, NUL characters and line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError, UsageError
from glassbert.text.decoding import decode


@given(st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"])))
def test_text_comes_back_but_for_line_ends(text: str) -> None:
    assert decode(text.encode(), name="a.csv") == text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "UTF8"])
def test_mark_at_the_start_is_removed(encoding: str) -> None:
    assert decode("\ufefftext".encode(encoding), name="a.csv", encoding=encoding) == "text"


def test_mark_in_the_middle_is_kept() -> None:
    assert decode("te\ufeffxt".encode(), name="a.csv") == "te\ufeffxt"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_foreign_mark_names_its_encoding(encoding: str) -> None:
    with pytest.raises(DataError, match=f"use --encoding {encoding}"):
        decode("text".encode(encoding), name="a.csv")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_undecodable_byte_has_line_and_column_for_each_line_end(end: bytes) -> None:
    with pytest.raises(DataError) as caught:
        decode(b"one" + end + b"caf\xe9", name="a.csv")
    problem = caught.value.problems[0]
    assert (problem.line, problem.column) == (2, 4)


def test_chinese_bytes_suggest_gb18030_and_western_ones_latin_1() -> None:
    with pytest.raises(DataError, match="--encoding gb18030"):
        decode("这个宾馆比较陈旧了，特价的房间也很一般。".encode("gb18030"), name="a.csv")
    with pytest.raises(DataError, match="--encoding latin-1"):
        decode("très bien, déjà vu, un café".encode("latin-1"), name="a.csv")


def test_gb18030_is_suggested_for_large_files_too() -> None:
    with pytest.raises(DataError, match="--encoding gb18030"):
        decode(("a" + "这个宾馆" * 200_000).encode("gb18030"), name="a.csv")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\x1f\x8b", "gzip"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"PAR1", "Parquet"),
        (b"PK\x03\x04", "Excel"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    ],
)
def test_content_that_is_no_text_is_named(start: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what):
        decode(start + b"...", name="a.csv")


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "", "a\0b"])
def test_unknown_encoding_is_a_usage_error(encoding: str) -> None:
    with pytest.raises(UsageError) as caught:
        decode(b"text", name="a.csv", encoding=encoding)
    assert caught.value.exit_code == 2


def test_latin_1_reads_what_utf_8_refuses() -> None:
    assert decode(b"caf\xe9", name="a.csv", encoding="latin-1") == "café"
