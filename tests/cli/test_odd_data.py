"""Odd data that is sound goes through the command itself: nothing is dropped, and what is odd is counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import Answer

Inside = Callable[..., Answer]
TEXTS = [f"film number {i} is {'warm' if i % 2 else 'cold'}" for i in range(40)]
LABELS = ["pos" if i % 2 else "neg" for i in range(40)]


def table(between: str = ",", end: str = "\n", *, labels: list[str] = LABELS, first: str = TEXTS[0]) -> str:
    texts = [first, *TEXTS[1:]]
    rows = [f"{text}{between}{label}{end}" for text, label in zip(texts, labels, strict=True)]
    return f"text{between}label{end}" + "".join(rows)


def lines(between: str = "\n") -> str:
    rows = zip(TEXTS, LABELS, strict=True)
    return between.join(json.dumps({"text": text, "label": label}) for text, label in rows)


ASKED = "question-answering"
MISSING = ["NA", "null", "None", "nan"] * 10
SOUND: dict[str, tuple[str, str]] = {
    "c3_mark": ("a.csv", "\ufeff" + table()),
    "c7_quotes_in_tsv": ("a.tsv", table("\t", first='a "quoted film, and more')),
    "c8_words_for_nothing": ("a.csv", table(labels=MISSING)),
    "c15_field_of_5_mb": ("a.csv", table(first="x" * 5_000_000)),
    "c17_bare_cr": ("a.csv", table(end="\r")),
    "c17_crlf": ("a.csv", table(end="\r\n")),
    "c17_mixed": ("a.csv", table().replace("\n", "\r\n", 7)),
    "c18_other_line_separators": ("a.csv", table(first='"a\u2028b\u0085c\x0bd\x0ce"')),
    "j1_blank_lines": ("a.jsonl", "\n" + lines("\n\n \n") + "\n\n"),
    "j14_mark": ("a.jsonl", "\ufeff" + lines()),
}


@pytest.mark.parametrize("name", SOUND)
def test_every_row_of_a_sound_table_is_used(inside: Inside, encoder: Path, tmp_path: Path, name: str) -> None:
    file, content = SOUND[name]
    (tmp_path / file).write_bytes(content.encode())
    answer = inside("check", tmp_path / file, "--model", encoder, "--no-measure", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["rows"] == {"read": 40, "used": 40, "set_aside": 0}
    wanted = set(MISSING) if name.startswith("c8") else set(LABELS)
    assert set(answer.json["answers"]["counts"]) == wanted
    assert answer.json["columns"]["all"] == ["text", "label"]


def tagged(words: list[str], end: str = "\n") -> str:
    return "".join(f"{word} {'B-LOC' if i == 0 else 'O'}{end}" for i, word in enumerate(words))


ODD_WORDS = {
    "n7_documents_and_blank_lines": (["bern", "is", "warm"], "\n", "-DOCSTART- O\n\n\n\n"),
    "n8_ten_thousand_words": (["bern"] * 10_000, "\n", ""),
    "n9_words_without_a_token": (["bern", "\u200b", "\u0301"], "\n", ""),
    "n10_word_of_many_tokens": (["bern", "fine" * 200], "\n", ""),
    "n11_crlf": (["bern", "is"], "\r\n", ""),
    "n13_right_to_left_and_joined": (["هذا", "👩‍👩‍👧‍👦", "🏳️‍🌈"], "\n", ""),
}


@pytest.mark.parametrize("name", ODD_WORDS)
def test_odd_words_are_tagged_each_exactly_once(
    inside: Inside, tagger: Path, tmp_path: Path, name: str
) -> None:
    words, end, before = ODD_WORDS[name]
    (tmp_path / "a.conll").write_bytes((before + tagged(words, end) + end + tagged(["rome"], end)).encode())
    answer = inside("predict", tagger, tmp_path / "a.conll", "-o", tmp_path / "out.csv", "--json")
    assert answer.code == 0, answer.err
    assert len(answer.json) == 2
    evaluated = inside("evaluate", tagger, tmp_path / "a.conll", "--json")
    assert evaluated.code == 0, evaluated.err
    assert evaluated.json["rows"] == 2
    assert evaluated.json["words"] == len(words) + 1
    bare = 2 if name.startswith("n9") else 0
    assert evaluated.json["words_without_tokens"] == bare


@pytest.fixture(scope="module")
def tagger(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.runs.material import run

    place = tmp_path_factory.mktemp("tagger")
    sentences = [tagged([f"bern{i}", "is", "fine"]) for i in range(40)]
    (place / "a.conll").write_text("\n".join(sentences))
    return run(place / "a.conll", encoder, place / "run", task="token-classification", epochs=0.5).path


def test_q8_long_questions_are_counted(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    context = "the film is warm and the plot is dull"
    row = {"context": context, "answers": [{"text": "warm", "answer_start": 12}]}
    asked = ["is it " * (40 if i < 5 else 1) + f"{i} ?" for i in range(40)]
    rows = [
        {"id": str(i), "question": each, **row, "context": f"{context} {i}"} for i, each in enumerate(asked)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    words = ("--task", "question-answering", "--model", encoder, "--epochs", "0.2", "--no-report")
    answer = inside("finetune", tmp_path / "a.jsonl", "--out", tmp_path / "run", *words)
    assert answer.code == 0, answer.err
    assert "questions longer than half a window, which are read in parts: " in answer.err


def test_q9_a_context_of_a_megabyte_is_read_whole_in_linearly_many_windows(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    """The answer stands at the end; ten times the text is ten times the windows."""
    from tests.runs.material import run
    from tests.runs.test_answering import nested

    model = run(nested(tmp_path / "a.json", 40), encoder, tmp_path / "run", task=ASKED, epochs=0.5).path
    windows = {}
    for size in (100_000, 1_000_000):
        context = "the film is dull and so it is . " * (size // 32) + "the film is WARM ."
        answer = {"text": "WARM", "answer_start": context.index("WARM")}
        row = {"id": "a", "question": "is it ?", "context": context, "answers": [answer]}
        (tmp_path / "b.jsonl").write_text(json.dumps(row))
        found = inside("evaluate", model, tmp_path / "b.jsonl", "--json")
        assert found.code == 0, found.err
        assert (found.json["rows"], found.json["long_texts"]) == (1, 1)
        assert "note: answers that lie whole in at least one window: 1 of 1" in found.err
        windows[size] = found.json["windows_used"]
    assert windows[1_000_000] == pytest.approx(10 * windows[100_000], rel=0.001)


@pytest.mark.parametrize("version", [None, "1.1", "v2.0", 7])
def test_q11_questions_need_no_version(
    inside: Inside, encoder: Path, tmp_path: Path, version: object
) -> None:
    from tests.runs.test_answering import nested

    file = nested(tmp_path / "a.json", 40)
    content = json.loads(file.read_text()) | {"version": version}
    kept = {key: value for key, value in content.items() if value is not None}
    file.write_text(json.dumps(kept))
    answer = inside("check", file, "--model", encoder, "--no-measure", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["task"]["name"] == ASKED
    assert answer.json["rows"] == {"read": 40, "used": 40, "set_aside": 0}


def test_j17_a_file_that_grows_while_it_is_read_leaves_with_74(
    inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(table())
    real, done = os.read, []

    def read(descriptor: int, size: int) -> bytes:
        if not done and os.fstat(descriptor).st_ino == path.stat().st_ino:
            done.append(size)
            with path.open("a") as file:
                file.write("more,pos\n")
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", read)
    answer = inside("finetune", path, "--out", tmp_path / "run")
    (problem,) = answer.problems
    assert answer.code == 74 and "changed-while-reading" in problem and " — " in problem


def test_v9_to_v12_odd_texts_are_predicted_each_once(inside: Inside, finished: Path, tmp_path: Path) -> None:
    """Special tokens are text, words without end one unknown token; no time and no row is lost on them."""
    texts = ["[SEP] a [MASK] [CLS]", "a" * 1_000_000, "\u0301" * 100_000, "\ufdfa" * 2000, "\ufffd\U000e0fff"]
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    answer = inside("predict", finished, file, "-o", tmp_path / "out.csv", "--json")
    assert answer.code == 0, answer.err
    assert len(answer.json) == len(texts)


def test_v12_half_a_character_is_refused(inside: Inside, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a \\ud800 b"}\n')
    answer = inside("predict", finished, tmp_path / "a.jsonl")
    (problem,) = answer.problems
    assert answer.code == 65 and "a.jsonl:1:" in problem and "lone-surrogate" in problem
