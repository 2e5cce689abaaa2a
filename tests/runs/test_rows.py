"""Rows that can be used, and rows that are set aside with a reason."""

import json
from pathlib import Path

import pytest

from glassbert.errors import DataError, UsageError
from glassbert.runs.rows import Rejected, read_rows, rejected_warning, write_rejected
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions

GOOD = ['{"text": "fine", "label": "a"}', '{"text": "dull", "label": "b"}'] * 5


def jsonl(path: Path, *lines: str) -> Path:
    path.write_text("\n".join((*GOOD, *lines)) + "\n", encoding="utf-8")
    return path


BAD = [
    '{"text": null, "label": "a"}',
    '{"text": "no label"}',
    '{"text": 42, "label": "a"}',
    '{"text": "twice", "label": "a", "label": "b"}',
]


def test_bad_rows_are_errors_by_default(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="duplicate-key"):
        read_rows(jsonl(tmp_path / "x.jsonl", *BAD), ReadOptions())


@pytest.mark.parametrize("policy", ["skip", "quarantine"])
def test_bad_rows_are_set_aside_with_line_and_reason(tmp_path: Path, policy: str) -> None:
    rows = read_rows(jsonl(tmp_path / "x.jsonl", *BAD), ReadOptions(on_bad_rows=policy))
    assert len(rows.table.rows) == len(GOOD)
    assert rows.facts["rows"] == len(GOOD)
    assert {(each.problem.line, each.problem.code) for each in rows.rejected} == {
        (11, "missing-text"),
        (12, "missing-label"),
        (13, "not-a-string"),
        (14, "duplicate-key"),
    }


def test_the_warning_counts_and_names_the_first(tmp_path: Path) -> None:
    rows = read_rows(jsonl(tmp_path / "x.jsonl", *BAD), ReadOptions(on_bad_rows="skip"))
    first, *reasons = rejected_warning(rows.rejected, "x.jsonl")
    assert first == "x.jsonl: 4 rows were set aside and not used; the first:"
    assert len(reasons) == 3
    assert rejected_warning([], "x.jsonl") == []
    assert "1 row was" in rejected_warning(rows.rejected[:1], "x.jsonl")[0]


def test_rejected_rows_are_written_with_what_they_held(tmp_path: Path) -> None:
    rows = read_rows(jsonl(tmp_path / "x.jsonl", *BAD), ReadOptions(on_bad_rows="quarantine"))
    write_rejected(tmp_path / "rejected.jsonl", rows.rejected)
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert len(lines) == 4
    for line in lines:
        assert set(line) == {"code", "what", "fix", "file", "line", "column", "row"}
        assert line["file"] == str(tmp_path / "x.jsonl")
    assert any("no label" in line["row"] for line in lines)


def test_a_row_with_half_a_character_can_be_written(tmp_path: Path) -> None:
    bad = '{"text": "\\ud800", "label": "a"}'
    rows = read_rows(jsonl(tmp_path / "x.jsonl", bad), ReadOptions(on_bad_rows="quarantine"))
    assert len(rows.rejected) == 1
    odd = Rejected(problem=rows.rejected[0].problem, row="\ud800")
    write_rejected(tmp_path / "rejected.jsonl", [*rows.rejected, odd])
    lines = (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1])["row"] == "\ud800"


def test_pairs_are_another_task(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("sentence1,sentence2,label\n" + "one text here,another text there,a\n" * 3)
    with pytest.raises(UsageError, match="pairs of texts.*--text-column"):
        read_rows(path, ReadOptions())
    assert read_rows(path, ReadOptions(), asked=Asked(text="sentence1")).columns.text == "sentence1"


def test_without_need_of_labels_none_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\nfine,\ndull,b\n")
    assert read_rows(path, ReadOptions(), need_label=False).columns.label is None
