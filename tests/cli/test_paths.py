"""Row X7 of failures.md: a file or directory may bear any name that the file system takes."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import Answer
from tests.runs.material import read_json

Inside = Callable[..., Answer]
NAMES = ["two words", "line\nbreak", "\x1b[31mred", "映画 🎬", "-dash", "--json", "é", "'$(x)\"", "n" * 251]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_and_its_files_may_have_any_name(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    data, out = f"{name}.csv", f"{name}.out"[:255]
    shutil.copy(rows, data)
    words = ("--model", encoder, "--epochs", "0.5", "--no-report")
    answer = inside("finetune", *words, f"--out={out}", "--", data)
    assert answer.code == 0, answer.err
    assert read_json(Path(out, "run.json"))["data"]["train"]["path"] == data
    answer = inside("predict", f"-o{name}.new", "--", out, data)
    assert answer.code == 0, answer.err
    table = Path(f"{name}.new").read_text(encoding="utf-8")
    assert len(list(csv.DictReader(io.StringIO(table, newline="")))) == 120
    assert inside("report", "--", out).code == 0
    assert "\x1b" not in answer.err
    assert {path.name for path in tmp_path.iterdir()} == {data, out, f"{name}.new"}


def test_a_name_in_a_message_stays_on_its_line_and_steers_no_terminal(inside: Inside, tmp_path: Path) -> None:
    answer = inside("predict", tmp_path / "no\nsuch\x1b[2J", "--text", "a")
    assert answer.code == 66
    assert answer.err.count("\n") == 1
    assert "\x1b" not in answer.err and r"no\nsuch\x1b[2J" in answer.err


@pytest.mark.parametrize("verb", ["finetune", "evaluate", "predict"])
def test_a_name_that_is_too_long_is_refused(
    inside: Inside, tmp_path: Path, finished: Path, verb: str
) -> None:
    long = tmp_path / ("n" * 256 + ".csv")
    words = {"finetune": (long, "--out", tmp_path / "run"), "evaluate": (finished, long)}
    answer = inside(verb, *words.get(verb, (finished, long)))
    assert (answer.code, len(answer.problems)) == (66, 1)
    assert "File name too long" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_an_output_name_that_is_too_long_is_refused(
    inside: Inside, tmp_path: Path, rows: Path, encoder: Path
) -> None:
    answer = inside("finetune", rows, "--model", encoder, "--out", tmp_path / ("n" * 256))
    assert (answer.code, len(answer.problems)) == (73, 1)
    assert list(tmp_path.iterdir()) == []
