"""`glassbert look diff`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import glassbert as gb
from glassbert.lens.diff_record import DiffRecord
from glassbert.model.pretrained import save_pretrained
from tests.cli.process import Answer
from tests.lens.comparing.material import deep

Inside = Callable[..., Answer]


def test_the_table_holds_the_numbers_of_the_python_call(
    inside: Inside, encoder: Path, finished: Path
) -> None:
    answer = inside("look", "diff", encoder, finished, "--text", "the film is warm .")
    assert answer.code == 0
    record = gb.lens.diff(gb.load(encoder), gb.load(finished), ["the film is warm ."])
    _, first, *_ = answer.out.splitlines()
    number, own, run = first.split()
    layer, head = map(int, number.split("."))
    assert record.own.max() == record.own[layer, head] == pytest.approx(float(own), abs=1e-5)
    assert record.divergence[layer, head] == pytest.approx(float(run), abs=1e-5)
    assert "CKA of each layer with itself: 0." in answer.out or "itself: 1." in answer.out
    assert "another answer" not in answer.out


def test_files_hold_the_record(inside: Inside, finished: Path, rows: Path, tmp_path: Path) -> None:
    binary, plain, page = tmp_path / "a.gbr", tmp_path / "a.json", tmp_path / "a.html"
    words = ("look", "diff", finished, finished, rows, "--show", "5")
    assert inside(*words, "-o", binary).out == f"{binary}\n"
    found = DiffRecord.from_bytes(binary.read_bytes())
    assert found.num_flips == 0 and (found.own == 0).all()
    assert inside(*words, "-o", plain, "--json").json["flips"] == 0
    assert json.loads(plain.read_text(encoding="utf-8"))["text"] == found.text
    assert inside(*words, "-o", page).code == 0 and b"<title>" in page.read_bytes()
    assert inside(*words, "-o", page).code == 73


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no-texts: give either DATA or --text"),
        (("--text", "warm", "--show", "7"), "no-such-text: show is -1"),
        (("--text", "warm", "-o", "page.txt"), "unknown-format: "),
    ],
)
def test_what_cannot_be_done_is_refused(
    inside: Inside, encoder: Path, words: tuple[str, ...], message: str
) -> None:
    answer = inside("look", "diff", encoder, encoder, *words)
    assert answer.code == 2 and message in answer.err and answer.out == ""


def test_another_shape_is_refused(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    model = deep(tmp_path / "deep")
    model.tokenizer.save(tmp_path / "deep")
    save_pretrained(model.network, tmp_path / "deep")
    answer = inside("look", "diff", encoder, tmp_path / "deep", "--text", "warm")
    assert answer.code == 2 and "differ in num_hidden_layers (2, 9)" in answer.err


def test_a_long_text_says_which_window_is_drawn(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.gbr"
    words = ("look", "diff", encoder, encoder, "--text", "the film is warm . " * 200)
    answer = inside(*words, "--text", "warm", "-o", out)
    record = DiffRecord.from_bytes(out.read_bytes())
    last = record.text_windows - 1
    assert answer.code == 0 and last > 0
    assert (
        f"its maps are those of window 0 of 0 to {last}; all other numbers are of all windows" in answer.err
    )
    assert "longer than the model" not in inside(*words, "--text", "warm", "--show", "2").err


def test_the_empty_text_alone_is_refused_with_the_reason(inside: Inside, encoder: Path) -> None:
    answer = inside("look", "diff", encoder, encoder, "--text", "")
    assert answer.code == 2 and "no-texts: every text is empty, and the numbers here are means" in answer.err
