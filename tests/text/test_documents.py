"""Plain text in files of every kind is the same stream of documents, and what is no text is refused."""

import gzip
import hashlib
import json
import lzma
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glassbert.errors import DataError, GlassbertError, MissingInputError, UsageError
from glassbert.text import sources
from glassbert.text.documents import TextOptions, stream_documents
from glassbert.text.text_files import find_texts

DOCUMENTS = [["Eins \u2028 zwei.", "中文。"], ["Drei."], ["e\u0301 é \U0001f600"]]
STREAM = [line for document in DOCUMENTS for line in [*document, ""]]


def read(path: Path, **options: str) -> list[str]:
    return [line for run in stream_documents(path, TextOptions(**options)) for line in run]


def as_text(line_end: str) -> str:
    return (line_end * 3).join(line_end.join(document) for document in DOCUMENTS)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 20])
def test_line_ends_and_chunks_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line_end: str, chunk: int
) -> None:
    monkeypatch.setattr(sources, "CHUNK", chunk)
    path = tmp_path / "a.txt"
    path.write_bytes(("\ufeff" + line_end + as_text(line_end) + line_end * 2 + " \t").encode())
    assert read(path) == STREAM


def test_every_kind_of_file_gives_the_same_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(as_text("\n").encode()))
    (tmp_path / "b.TXT.xz").write_bytes(lzma.compress(as_text("\n").encode()))
    (tmp_path / "c").write_bytes(as_text("\n").encode("utf-16"))
    whole = ["\n\n".join(document) + "\n" for document in DOCUMENTS]  # a blank line inside ends nothing
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps({"body": text}) for text in whole))
    pq.write_table(pa.table({"body": whole, "n": [1, 2, 3]}), tmp_path / "e.parquet")
    assert read(tmp_path / "a.txt.gz") == read(tmp_path / "b.TXT.xz") == STREAM
    assert read(tmp_path / "c", encoding="utf-16") == STREAM
    assert read(tmp_path / "d.jsonl", text_column="body") == STREAM
    assert read(tmp_path / "e.parquet", text_column="body") == STREAM
    for name in ("a.txt.gz", "e.parquet"):
        digest = hashlib.sha256()
        list(stream_documents(tmp_path / name, TextOptions(text_column="body"), digest=digest))
        assert digest.hexdigest() == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


BAD = {
    "latin.txt": (b"abc\nd\xe9f\n", ":2:2: undecodable-byte: byte 2 of this line is 0xE9"),
    "late.txt": (b"x" * (1 << 20) + b"\r\nab\xff", ":2:3: undecodable-byte"),
    "cut.txt": ("abc\nd中".encode()[:-1], ":2:2: undecodable-byte"),
    "nul.txt": (b"abc\nd\0f\n", ":2: nul-character"),
    "image.txt": (bytes(range(256)) * 8, "not-text: this looks like a binary file"),
    "wide.txt": ("abc".encode("utf-16"), "wrong-encoding: the byte-order mark says UTF-16"),
    "packed.txt": (gzip.compress(b"abc"), "not-text: this is gzip data"),
    "pointer.txt": (b"version https://git-lfs.github.com/spec/v1\n", "not-text: this is a Git LFS pointer"),
    "cut.txt.gz": (gzip.compress(b"abc" * 99)[:-9], "damaged-compression"),
    "bomb.txt.gz": (gzip.compress(b"a\n" * (1 << 20)), "expanded-size-limit"),
    "array.jsonl": (b'\n[\n{"text": "a"}]', ":2: json-array"),
    "cut.jsonl": (b'{"text": "a"}\n{"text": "b', ":2: not-json"),
    "twice.jsonl": (b'{"text": "a", "text": "b"}', ":1: duplicate-key"),
    "half.jsonl": (b'{"text": "\\ud800"}', ":1: lone-surrogate"),
    "number.jsonl": (b'{"text": 42}', ":1: not-a-text: 'text' is an integer"),
    "other.jsonl": (b'{"body": "a"}', ":1: no-text-column: there is no 'text'; there is 'body'"),
    "bad.parquet": (b"PAR1 nothing", "damaged-parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_text_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    content, expected = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert f"{name}{expected}" in str(caught.value) or f": {expected}" in str(caught.value)


def test_parquet_without_the_column_or_with_a_gap_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r":2: not-a-text: 'text' is null"):
        read(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"no-text-column: there is no column 'body'"):
        read(tmp_path / "a.parquet", text_column="body")


def test_a_line_of_ten_megabytes_is_read_and_a_longer_one_than_allowed_is_not(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"a\n" + b"word " * (2 << 20))
    assert [len(line) for line in read(path)] == [1, 10 << 20, 0]
    with pytest.raises(DataError, match=r":2: line-too-long: this line is longer than 100,000 bytes"):
        list(stream_documents(path, TextOptions(max_line_bytes=100_000)))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (3, 12):
        path = tmp_path / f"{megabytes}.txt"
        path.write_bytes(b"a line of some forty letters, all alike.\n" * (megabytes * 25_000))
        tracemalloc.start()
        count = sum(map(len, stream_documents(path)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == megabytes * 25_000 + 1
    assert peaks[1] < 1.05 * peaks[0] and peaks[1] < 12 << 20


def test_files_folders_and_patterns_are_found_in_order(tmp_path: Path) -> None:
    copies = (".hidden.txt", ".ipynb_checkpoints/b-checkpoint.txt", "sub/.git/f.txt")
    for name in ("b.txt", "a.txt.gz", "sub/c.jsonl", "d.parquet", "e.pdf", *copies):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    folder, pattern, file = find_texts([tmp_path / "sub", str(tmp_path / "*.txt"), tmp_path / "e.pdf"])
    assert [path.name for path in folder.files] == ["c.jsonl"] and folder.others == 0
    assert [path.name for path in pattern.files] == ["b.txt"]
    assert [path.name for path in file.files] == ["e.pdf"]
    (whole,) = find_texts([tmp_path])
    assert [path.name for path in whole.files] == ["a.txt.gz", "b.txt", "d.parquet", "c.jsonl"]
    assert whole.others == 1
    (both,) = find_texts([tmp_path / "*"])  # as the shell would have it, which names the folder too
    assert [path.name for path in both.files] == ["a.txt.gz", "b.txt", "d.parquet", "e.pdf", "c.jsonl"]
    (tmp_path / "sub" / "deeper").mkdir()
    for name in ("g.txt", "h.pdf"):
        (tmp_path / "sub" / "deeper" / name).write_bytes(b"")
    (below,) = find_texts([tmp_path / "s*"])
    assert [path.name for path in below.files] == ["c.jsonl", "g.txt"] and below.others == 1
    (deep,) = find_texts([tmp_path / "sub" / "**"])
    assert [path.name for path in deep.files] == ["c.jsonl", "g.txt", "h.pdf"] and deep.others == 0


def test_what_leads_nowhere_or_twice_to_one_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "none").mkdir()
    wanted: list[tuple[list[str], type[GlassbertError], str]] = [
        (["b.txt"], MissingInputError, "did you mean"),
        (["*.jsonl"], MissingInputError, "no file fits this pattern"),
        (["none"], MissingInputError, "none of the 0 files"),
        (["a.txt", "*.txt"], UsageError, "named twice"),
    ]
    for names, kind, message in wanted:
        with pytest.raises(kind, match=message):
            find_texts([tmp_path / name for name in names])
