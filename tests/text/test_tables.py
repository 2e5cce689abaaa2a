"""Every way to read a table end to end; each bad one gets the message that `bad_tables.py` holds."""

import gzip
import hashlib
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad_tables import BAD, HEADER, LINE, LINES, ROWS, Bad

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.text.cells import label_strings, text_strings, usable_rows
from glassbert.text.columns import choose_columns
from glassbert.text.tables import ReadOptions, Table, read_table


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | bytes], str]:
    monkeypatch.chdir(tmp_path)

    def write(name: str, content: str | bytes) -> str:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


def load(name: str, **options: Any) -> tuple[list[str], list[str]]:
    table = read_table(name, ReadOptions(**options))
    columns = choose_columns(table)
    assert columns.label is not None
    return text_strings(table, columns.text), label_strings(table, columns.label)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id)
def test_bad_file_gets_its_message(bad: Bad, write: Callable[..., str]) -> None:
    write(bad.file, bad.content)
    with pytest.raises(bad.error) as caught:
        load(bad.file, **bad.options)
    assert str(caught.value) == bad.message
    assert type(caught.value) is bad.error
    assert caught.value.exit_code == {DataError: 65, UsageError: 2}[bad.error]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id)
def test_every_message_names_file_problem_and_remedy_on_one_line(bad: Bad) -> None:
    for line in bad.message.split("\n"):
        assert line.startswith(bad.file)
        assert " — " in line and "\r" not in line


GOOD = {
    "c3_mark_at_the_start_is_no_part_of_the_name": ("a.csv", ("\ufeff" + HEADER + ROWS).encode()),
    "c17_bare_cr_ends_lines": ("a.csv", (HEADER + ROWS).replace("\n", "\r").encode()),
    "c17_crlf_ends_lines": ("a.csv", (HEADER + ROWS).replace("\n", "\r\n").encode()),
    "c17_mixed_line_ends_end_lines": ("a.csv", (HEADER + ROWS).replace("\n", "\r\n", 1).encode()),
    "last_line_end_may_be_absent": ("a.csv", (HEADER + ROWS).rstrip().encode()),
    "blank_lines_at_the_end_are_no_rows": ("a.csv", (HEADER + ROWS + "\n\n").encode()),
    "csv_gz": ("a.csv.gz", gzip.compress((HEADER + ROWS).encode())),
    "csv_xz": ("a.csv.xz", lzma.compress((HEADER + ROWS).encode())),
    "upper_case_suffixes": ("A.CSV.GZ", gzip.compress((HEADER + ROWS).encode())),
    "gz_of_two_members": ("a.csv.gz", gzip.compress(HEADER.encode()) + gzip.compress(ROWS.encode())),
    "tsv": ("a.tsv", (HEADER + ROWS).replace(",", "\t").encode()),
    "json": ("a.json", json.dumps([json.loads(line) for line in LINES.splitlines()], indent=2).encode()),
    "jsonl": ("a.jsonl", LINES.encode()),
    "j1_blank_lines_are_no_rows": ("a.jsonl", ("\n" + LINES.replace("\n", "\n \n\n")).encode()),
    "j14_mark_at_the_start_of_jsonl": ("a.jsonl", ("\ufeff" + LINES).encode()),
    "jsonl_with_crlf": ("a.jsonl", LINES.replace("\n", "\r\n").encode()),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_file_gives_the_same_examples(name: str, write: Callable[..., str]) -> None:
    file, content = GOOD[name]
    assert load(write(file, content)) == (["good film", "bad film"], ["pos", "neg"])


def test_c4_utf_16_is_read_when_named(write: Callable[..., str]) -> None:
    name = write("a.csv", (HEADER + ROWS).encode("utf-16"))
    assert load(name, encoding="utf-16") == (["good film", "bad film"], ["pos", "neg"])


def test_c7_tsv_reads_quotes_as_letters_and_a_line_as_a_row(write: Callable[..., str]) -> None:
    content = 'text\tlabel\n"Hello, he said\t1\nshe "said" so"\t0\n"whole"\t1\n'
    table = read_table(write("a.tsv", content))
    assert table.frame["text"].tolist() == ['"Hello, he said', 'she "said" so"', '"whole"']
    assert len(table.frame) == content.count("\n") - 1


@pytest.mark.parametrize("word", ["NA", "null", "None", "nan", "007", "", " x ", "TRUE", "1e3", "-"])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_c8_cells_stay_literal_strings(word: str, suffix: str, write: Callable[..., str]) -> None:
    separator = {"csv": ",", "tsv": "\t"}[suffix]
    rows = [("text", "label"), (word, "NA"), ("x", "None")]
    table = read_table(write(f"a.{suffix}", "".join(separator.join(row) + "\n" for row in rows)))
    assert table.frame["text"].tolist() == [word, "x"]
    assert label_strings(table, "label") == ["NA", "None"]
    assert not table.frame.isna().any().any()


def test_c15_field_of_5_mb_is_read(write: Callable[..., str]) -> None:
    text = "long text " * 524_288
    assert load(write("a.csv", f'{HEADER}"{text}",pos\nshort,neg\n'))[0] == [text, "short"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\x1d", "\x1e"])
def test_c18_unicode_line_separators_stay_inside_the_cell(separator: str, write: Callable[..., str]) -> None:
    text = f"one{separator}two"
    row = json.dumps({"text": text, "label": "pos"}, ensure_ascii=False)
    for name, content in [
        ("a.csv", f"text,label\n{text},pos\nx,neg\n"),
        ("b.csv", f'text,label\n"{text}",pos\nx,neg\n'),
        ("a.tsv", f"text\tlabel\n{text}\tpos\nx\tneg\n"),
        ("a.jsonl", row + '\n{"text": "x", "label": "neg"}'),
    ]:
        assert load(write(name, content)) == ([text, "x"], ["pos", "neg"])


def test_rows_are_the_lines_where_they_begin(write: Callable[..., str]) -> None:
    quoted = write("a.csv", 'text,label\n"two\nlines",1\none,0\n')
    assert read_table(quoted).rows.tolist() == [2, 4]
    assert read_table(write("a.jsonl", "\n" + LINES)).rows.tolist() == [2, 3]
    assert read_table(write("a.json", "[" + ",".join(LINES.splitlines()) + "]")).rows.tolist() == [1, 2]


def test_header_false_numbers_the_columns(write: Callable[..., str]) -> None:
    table = read_table(write("a.csv", ROWS), ReadOptions(header=False))
    assert table.frame.columns.tolist() == ["0", "1"]
    assert table.rows.tolist() == [1, 2]


def test_named_delimiter_is_used_and_not_second_guessed(write: Callable[..., str]) -> None:
    name = write("a.csv", "text;label\ngood film;pos\n")
    assert read_table(name, ReadOptions(delimiter=";")).frame.columns.tolist() == ["text", "label"]
    assert read_table(name, ReadOptions(delimiter=",")).frame.columns.tolist() == ["text;label"]


def test_sha256_is_of_the_file_as_it_lies_on_disk(write: Callable[..., str]) -> None:
    content = gzip.compress((HEADER + ROWS).encode())
    assert read_table(write("a.csv.gz", content)).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("policy", ["skip", "quarantine"])
def test_bad_rows_are_set_aside_with_reason_and_text(policy: Any, write: Callable[..., str]) -> None:
    name = write("a.csv", HEADER + 'good film,pos\nno label\n"a\nb",1,2\nbad film,neg\n')
    table = read_table(name, ReadOptions(on_bad_rows=policy))
    assert table.frame["text"].tolist() == ["good film", "bad film"]
    assert table.rows.tolist() == [2, 6]
    assert [(problem.code, problem.line) for problem in table.rejected] == [
        ("wrong-field-count", 3),
        ("wrong-field-count", 4),
    ]
    assert table.rejected_text == ("no label", '"a\nb",1,2')


def test_bad_lines_and_cells_of_jsonl_are_set_aside_together(write: Callable[..., str]) -> None:
    name = write("a.jsonl", LINE + "{broken}\n" + '{"text": null, "label": "pos"}\n' + LINES)
    table = read_table(name, ReadOptions(on_bad_rows="skip"))
    usable = usable_rows(table, choose_columns(table))
    assert usable.rows.tolist() == [1, 4, 5]
    assert [(problem.line, problem.code) for problem in usable.rejected] == [
        (2, "not-json"),
        (3, "missing-text"),
    ]
    assert len(usable.rejected_text) == 2
    assert label_strings(usable, "label") == ["pos", "pos", "neg"]


def test_all_rows_bad_is_an_error_even_when_skipping(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match="none of 2 rows is usable"):
        read_table(write("a.csv", HEADER + "one\ntwo\n"), ReadOptions(on_bad_rows="skip"))


def test_twenty_problems_are_shown_and_all_are_counted(write: Callable[..., str]) -> None:
    with pytest.raises(DataError) as caught:
        read_table(write("a.csv", HEADER + ROWS + "x\n" * 1000))
    assert caught.value.total == 1000
    assert len(caught.value.problems) == 20
    assert str(caught.value).endswith("... and 980 more (1000 in all)")


def test_names_with_spaces_emoji_and_dashes_are_read(write: Callable[..., str]) -> None:
    for name in ["with space.csv", "emoji 😀.csv", "-dash.csv", "línea\nnueva.csv", "x" * 251 + ".csv"]:
        assert load(write(name, HEADER + ROWS))[1] == ["pos", "neg"]


def test_missing_file_exits_66(write: Callable[..., str]) -> None:
    with pytest.raises(MissingInputError) as caught:
        read_table("nowhere.csv")
    assert caught.value.exit_code == 66


def strings(table: Table) -> bool:
    return all(type(cell) is str for name in table.frame for cell in table.frame[name])


@pytest.mark.data
def test_sst2_is_read_exactly(shared_data: Path) -> None:
    path = shared_data / "sst2" / "train.tsv.gz"
    table = read_table(path)
    lines = gzip.decompress(path.read_bytes()).decode().replace("\r\n", "\n").split("\n")
    assert len(table.frame) == 67_349 == len(lines) - 2
    joined = (table.frame["label"] + "\t" + table.frame["sentence"]).tolist()
    assert joined == lines[1:-1]
    assert table.rows.tolist() == list(range(2, 67_351))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("sst2/dev.tsv", {}, (872, 2)),
        ("ag_news/test.csv", {"header": False}, (7600, 3)),
        ("ag_news/alps_train_subset.tsv", {"header": False}, (10_001, 2)),
        ("chnsenticorp/train.tsv.gz", {}, (9600, 2)),
        ("imdb/test.tsv.xz", {"header": False}, (25_000, 4)),
        ("mrpc/msr_paraphrase_train.txt.gz", {"format": "tsv"}, (4076, 5)),
        ("ocnli/dev.json.gz", {"format": "jsonl"}, (3000, 12)),
        ("rte/train.tsv", {}, (2490, 4)),
    ],
)
def test_real_files_are_read_whole(
    shared_data: Path, name: str, options: dict[str, Any], shape: tuple[int, int]
) -> None:
    table = read_table(shared_data / name, ReadOptions(**options))
    assert table.frame.shape == shape
    assert len(table.rows) == shape[0] and np.all(np.diff(table.rows) > 0)
    assert strings(table) or "json" in name


@pytest.mark.data
@pytest.mark.parametrize("name", ["ag_news/test.csv", "ag_news/alps_train_subset.tsv", "imdb/test.tsv.xz"])
def test_c13_real_files_without_header_are_refused_as_such(shared_data: Path, name: str) -> None:
    with pytest.raises(DataError, match="first row looks like data"):
        read_table(shared_data / name)


@pytest.mark.data
def test_csv_agrees_with_pandas_on_ag_news(shared_data: Path) -> None:
    path = shared_data / "ag_news" / "test.csv"
    table = read_table(path, ReadOptions(header=False))
    theirs = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
    assert table.frame.to_numpy().tolist() == theirs.to_numpy().tolist()
