"""Plain text, a text a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.errors import DataError, UsageError
from glassbert.runs.rows import read_rows
from glassbert.text.asked import Schema
from glassbert.text.options import ReadOptions
from glassbert.text.tables import read_table
from glassbert.text.text_lines import parse_text_lines

TEXT = ReadOptions(format="text")


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))))
def test_every_line_that_holds_something_is_a_row(lines: list[str]) -> None:
    held = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not held:
        with pytest.raises(DataError, match="0 examples"):
            parse_text_lines("\n".join(lines), name="a.txt")
        return
    found = parse_text_lines("\n".join(lines), name="a.txt")
    assert found.rows.tolist() == held
    assert list(found.columns[0]) == [lines[number - 1] for number in held]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_commas_quotes_and_line_ends_are_as_they_are(tmp_path: Path, ends: str) -> None:
    lines = ['a film, "fine', "", "好看，真的", "tab\there  "]
    content = ends.join(["\ufeff" + lines[0], *lines[1:], ""])
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content.encode()))
    table = read_table(tmp_path / "a.txt.gz", TEXT)
    assert table.frame["text"].tolist() == [lines[0], *lines[2:]] and table.rows.tolist() == [1, 3, 4]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 examples"),
        (b" \n\n", "0 examples"),
        (b"fine\ncaf\xe9\n", ":2:4: "),
        (b"a\0b\n", "U\\+0000"),
        (b"fine " * 9, "has 45 bytes, more than 40"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "a.txt", ReadOptions(format="text", max_field_bytes=40))


def test_txt_is_plain_text_where_no_label_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a fine film, really\nno\n")
    rows = read_rows(tmp_path / "a.txt", ReadOptions(), need_label=False)
    assert rows.table.frame[rows.columns.text].tolist() == ["a fine film, really", "no"]
    assert rows.columns.reasons[0] == "plain text, a text a line"
    with pytest.raises(UsageError, match="the name does not say"):
        read_rows(tmp_path / "a.txt", ReadOptions())
    with pytest.raises(DataError, match="no column looks like a label"):
        read_rows(tmp_path / "a.txt", TEXT)


@pytest.mark.parametrize(
    "header", ["text,label", "review\tSentiment\tid", '"sentence1","sentence2"', "文本;标签"]
)
def test_a_table_called_txt_is_not_read_as_plain_text(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{header}\na fine film,pos\n", encoding="utf-8")
    with pytest.raises(UsageError, match="unclear-format: the first line names columns.*--format csv or tsv"):
        read_rows(path, ReadOptions(), need_label=False)
    assert len(read_rows(path, TEXT, need_label=False).table.rows) == 2


def test_other_names_that_say_nothing_need_a_format(tmp_path: Path) -> None:
    for name in ("a.dat", "a"):
        (tmp_path / name).write_text("a fine film\n")
        with pytest.raises(UsageError, match="the name does not say"):
            read_rows(tmp_path / name, ReadOptions(), need_label=False)


TAGGED = Schema(label="tags")


def test_running_text_is_not_taken_for_words_with_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Peter lives in York\nall is well\n")
    with pytest.raises(DataError, match="wrong-field-count.*running text, .* --format text"):
        read_rows(path, ReadOptions(), schema=TAGGED, need_label=False)
    path.write_text("Peter lives\nMary sings\n")
    with pytest.raises(UsageError, match="unclear-format.*--format text.*--format conll"):
        read_rows(path, ReadOptions(), schema=TAGGED, need_label=False)
    rows = read_rows(path, TEXT, schema=TAGGED, need_label=False)
    assert rows.table.frame[rows.columns.text].tolist() == ["Peter lives", "Mary sings"]
    told = read_rows(path, ReadOptions(format="conll"), schema=TAGGED, need_label=False)
    assert told.table.frame["tokens"].tolist() == [["Peter", "Mary"]]


@pytest.mark.parametrize(
    "content", ["Peter B-PER\nsings O\n", "Peter\nsings\n", "he PRP\nsings VB\n\nwe PRP\n"]
)
def test_words_a_line_are_still_conll(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    rows = read_rows(tmp_path / "a.txt", ReadOptions(), schema=TAGGED, need_label=False)
    assert rows.table.frame["tokens"].tolist()[0][1] == "sings"
