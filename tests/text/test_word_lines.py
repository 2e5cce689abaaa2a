"""Words in one file, their tags in another: every line of one belongs to that line of the other."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.text.options import ReadOptions
from glassbert.text.tables import read_table
from glassbert.text.word_lines import partner_of

WORDS, TAGS = "EU rejects\n\nthe  call\n", "B-ORG O\n\nO O\n"


def written(
    place: Path, words: str, tags: str | None, name: str = "a.words", partner: str = "a.tags"
) -> Path:
    (place / name).write_text(words, encoding="utf-8")
    if tags is not None:
        (place / partner).write_text(tags, encoding="utf-8")
    return place / name


@pytest.mark.parametrize(("name", "partner"), [("a.words", "a.tags"), ("seq.in", "seq.out")])
def test_a_sentence_is_a_line_of_both_files(tmp_path: Path, name: str, partner: str) -> None:
    table = read_table(written(tmp_path, WORDS, TAGS, name, partner))
    assert table.frame["tokens"].tolist() == [["EU", "rejects"], ["the", "call"]]
    assert table.frame["tags"].tolist() == [["B-ORG", "O"], ["O", "O"]]
    assert table.rows.tolist() == [1, 3]


def test_any_other_name_has_its_tags_beside_it_under_the_format_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(WORDS.encode()))
    (tmp_path / "a.tags.gz").write_bytes(gzip.compress(TAGS.encode()))
    assert partner_of(str(tmp_path / "a.txt.gz")) == tmp_path / "a.tags.gz"
    table = read_table(tmp_path / "a.txt.gz", ReadOptions(format="words"))
    assert table.frame["tags"].tolist() == [["B-ORG", "O"], ["O", "O"]]


def test_words_without_tags_are_rows_without_tags(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, WORDS, None))
    assert list(table.frame.columns) == ["tokens"]
    assert table.rows.tolist() == [1, 3]


def test_the_hash_is_of_both_files(tmp_path: Path) -> None:
    before = read_table(written(tmp_path, WORDS, TAGS)).sha256
    assert read_table(written(tmp_path, WORDS, TAGS)).sha256 == before
    assert read_table(written(tmp_path, WORDS, "B-LOC O\n\nO O\n")).sha256 != before


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("B-ORG O\n\n", ":3: line-counts: 3 lines, and 2 in .*; the first that differs is 3"),
        (
            "B-ORG O\nO O\nO\nO\n",
            ":2: line-counts: 3 lines, and 4 in .*; the first that differs is 2",
        ),
        ("", ":1: line-counts: 3 lines, and 0 in"),
        ("B-ORG O\n\nO\n", ":3: length-mismatch: 2 words, and 1 tags in .*: 'the call'"),
        ("B-ORG O\nO\nO O\n", ":2: length-mismatch: 0 words, and 1 tags in"),
    ],
)
def test_files_that_are_not_of_each_other_are_refused(tmp_path: Path, tags: str, said: str) -> None:
    """N12 of failures.md."""
    with pytest.raises(DataError, match=said):
        read_table(written(tmp_path, WORDS, tags))


def test_a_line_that_differs_can_be_set_aside(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, WORDS, "B-ORG\n\nO O\n"), ReadOptions(on_bad_rows="skip"))
    assert table.rows.tolist() == [3]
    assert [each.line for each in table.rejected] == [1]


@pytest.mark.parametrize("words", ["", "\n\n"])
def test_no_sentence_is_an_error(tmp_path: Path, words: str) -> None:
    with pytest.raises(DataError, match=r"no-examples|empty-file"):
        read_table(written(tmp_path, words, words))
