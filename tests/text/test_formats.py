"""Formats by name and by option."""

from pathlib import Path
from typing import Any

import pytest

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.text.formats import resolve_format
from glassbert.text.options import ReadOptions


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"),
        ("a.b.TSV", "tsv"),
        ("a.tab", "tsv"),
        ("a.json.gz", "json"),
        ("a.jsonl.xz", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.parquet", "parquet"),
        ("dir.csv/a.pq", "parquet"),
    ],
)
def test_suffix_says_the_format(name: str, expected: str) -> None:
    assert resolve_format(name, ReadOptions()) == expected


def test_option_wins_over_the_suffix() -> None:
    assert resolve_format("a.json", ReadOptions(format="jsonl")) == "jsonl"
    assert resolve_format("a.txt.gz", ReadOptions(format="tsv")) == "tsv"


def test_name_without_suffix_is_looked_at_first(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError):
        resolve_format(str(tmp_path / "nothing"), ReadOptions())
    with pytest.raises(DataError, match="directory"):
        resolve_format(str(tmp_path), ReadOptions())
    (tmp_path / "data").touch()
    with pytest.raises(UsageError, match="unknown-format"):
        resolve_format(str(tmp_path / "data"), ReadOptions())


@pytest.mark.timeout(10)
def test_j18_device_without_suffix_is_refused() -> None:
    with pytest.raises(DataError, match="not-a-file"):
        resolve_format("/dev/zero", ReadOptions())


@pytest.mark.parametrize(
    "options",
    [
        {"format": "xlsx"},
        {"on_bad_rows": "ignore"},
        {"delimiter": ""},
        {"delimiter": ";;"},
        {"delimiter": '"'},
        {"delimiter": "\n"},
    ],
)
def test_options_without_sense_are_usage_errors(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_format("a.csv", ReadOptions(**options))
    assert caught.value.exit_code == 2
