"""What is told of a file is what its bytes say."""

import gzip
from pathlib import Path

import pytest

from glassbert.text.file_facts import file_facts
from glassbert.text.options import ReadOptions


def test_a_table_with_a_mark_and_two_kinds_of_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\r\na,b\nc,d\re,f\n")
    found = file_facts(path)
    assert (found.format, found.mark, found.delimiter, found.compressed) == ("csv", True, ",", None)
    assert found.line_ends == ("\\n", "\\r\\n", "\\r")
    assert found.bytes_on_disk == path.stat().st_size
    assert len(found.reasons) == 3


@pytest.mark.parametrize(
    ("name", "kind", "delimiter"), [("a.tsv.gz", "tsv", "\t"), ("a.jsonl.gz", "jsonl", None)]
)
def test_a_compressed_file(tmp_path: Path, name: str, kind: str, delimiter: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b'{"text": "a"}\n'))
    found = file_facts(path)
    assert (found.format, found.delimiter, found.compressed) == (kind, delimiter, ".gz")


def test_what_was_told_is_said_to_be_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("a;b\n\xe9;c\n".encode("latin-1"))
    found = file_facts(path, ReadOptions(format="csv", delimiter=";", encoding="latin-1"))
    assert all("as told" in reason for reason in found.reasons)
    assert found.as_dict()["line_ends"] == ["\\n"]
