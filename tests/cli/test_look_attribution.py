"""`glassbert look attribution`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.cli.attribution_table import PassProgress, table
from glassbert.lens.attributing.attribution import attribution
from glassbert.lens.attribution_record import AttributionRecord
from glassbert.runs.models import load
from tests.cli.process import Answer

Inside = Callable[..., Answer]
TEXT = "the film is warm !"


def look(inside: Inside, model: Path, *words: str | Path) -> Answer:
    return inside("look", "attribution", model, *words)


def test_the_table_holds_the_numbers_of_the_python_call(inside: Inside, finished: Path) -> None:
    answer = look(inside, finished, "--text", TEXT, "--method", "occlusion", "--method", "saliency")
    assert answer.code == 0
    record = attribution(load(finished), TEXT, method=["occlusion", "saliency"])
    assert answer.out == table(record, colour=False)
    head, _, first, *rows = answer.out.splitlines()
    assert head.startswith(f"{record.target}: probability {record.prediction:.3f}, log-odds ")
    assert first == "occlusion"
    shown = [re.match(r" *([+-]\d+\.\d{4})  [█ ]{20}  (.*)", row) for row in rows[: len(record.tokens)]]
    assert [match[2] for match in shown if match] == list(record.tokens)
    assert [float(match[1]) for match in shown if match] == pytest.approx(record.scores.tolist(), abs=1e-4)
    assert record.verdict in answer.out and "agreement (rank correlation)" in answer.out


def test_bars_are_as_long_as_the_scores_and_coloured_by_sign(finished: Path) -> None:
    record = attribution(load(finished), TEXT, method="input_x_gradient")
    lines = table(record, colour=True).splitlines()[3 : 3 + len(record.tokens)]
    largest = abs(record.scores).max()
    for line, score in zip(lines, record.scores.tolist(), strict=True):
        assert line.count("█") == round(abs(score) / largest * 20)
        assert ("\x1b[34m" in line) == (score > 0) and ("\x1b[33m" in line) == (score <= 0)


def test_files_hold_the_record(inside: Inside, finished: Path, tmp_path: Path) -> None:
    words = ("--text", TEXT, "--pair", "so cold", "--target", load(finished).labels[0])
    binary, plain = tmp_path / "look.gbr", tmp_path / "look.json"
    assert look(inside, finished, *words, "-o", binary).out == f"{binary}\n"
    found = AttributionRecord.from_bytes(binary.read_bytes())
    assert (found.text, found.pair, found.target) == (TEXT, "so cold", load(finished).labels[0])
    said = look(inside, finished, *words, "-o", plain, "--json").json
    written = json.loads(plain.read_text(encoding="utf-8"))
    assert written["tokens"] == list(found.tokens)
    assert said["verdicts"] == {found.methods[0].method: found.verdict}
    assert said["bytes"] == plain.stat().st_size
    assert look(inside, finished, *words, "-o", plain).code == 73


def test_the_page_holds_the_record(inside: Inside, finished: Path, tmp_path: Path) -> None:
    page = tmp_path / "look.html"
    assert look(inside, finished, "--text", TEXT, "--method", "occlusion", "-o", page).out == f"{page}\n"
    record = attribution(load(finished), TEXT, method="occlusion")
    text = page.read_text(encoding="utf-8")
    assert base64.b64encode(record.to_bytes()).decode() in text
    assert f"<title>{TEXT} · glassbert</title>" in text


def test_json_without_a_file_is_the_record_on_one_line(inside: Inside, finished: Path) -> None:
    answer = look(inside, finished, "--text", TEXT, "--json")
    assert answer.json["record"] == "AttributionRecord"
    assert len(answer.json["methods"][0]["scores"]) == len(answer.json["tokens"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "lukewarm"), "unknown-label: no label is called 'lukewarm' — use "),
        (("--method", "guessing"), "unknown-method: no method is called 'guessing' — use attention_rollout"),
        (("--window", "9"), "no-such-window: the text has 1 windows, and window 9 is none of them"),
        (("--token", "1"), "bad-target: a sequence-classification head reads no single token"),
        (("-o", "page.txt"), "unknown-format: "),
        (("--samples", "1"), "bad-option: samples is 1"),
    ],
)
def test_what_cannot_be_done_is_refused(
    inside: Inside, finished: Path, words: tuple[str, ...], message: str
) -> None:
    answer = look(inside, finished, "--text", TEXT, *words)
    assert answer.code == 2 and message in answer.err
    assert answer.out == ""


def test_an_encoder_without_a_head_is_refused(inside: Inside, encoder: Path) -> None:
    answer = look(inside, encoder, "--text", TEXT)
    assert answer.code == 2
    assert "no-head" in answer.err and "train one with `glassbert finetune DATA" in answer.err


def test_an_empty_text_has_a_table(inside: Inside, finished: Path) -> None:
    answer = look(inside, finished, "--text", "")
    assert answer.code == 0
    assert answer.out.endswith("The text has no tokens to attribute anything to.\n")


def test_a_long_text_says_which_window_is_shown(inside: Inside, finished: Path) -> None:
    answer = look(inside, finished, "--text", "the film is warm . " * 200, "--method", "saliency")
    assert answer.code == 0
    assert "the text is longer than the model: this is window 0 of 0 to " in answer.err


def test_the_cost_of_much_work_is_said_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 2.0, 20.0, 100.0, 101.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    progress = PassProgress()
    for done in (100, 200, 300, 500):
        progress(done, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "about 1,000 forward passes of the text, 8 s",
        "forward pass 500 of about 1,000  25 s left",
    ]
    quick = PassProgress()
    quick(1, 3)
    quick(2, 3)
    assert capsys.readouterr().err == ""
