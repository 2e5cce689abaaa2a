"""`glassbert check`: a page of 80 columns in any script, one JSON object, and exit code 65 for a mistake."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from glassbert.cli.check_page import WIDTH, fitted, wrapped
from tests.cli.process import Answer
from tests.runs.check.test_answers import conll as few_entities
from tests.runs.material import run
from tests.runs.test_answering import nested
from tests.runs.test_tagging import conll

Inside = Callable[..., Answer]
CHINESE = ["酒店的位置很好，离地铁站很近，房间也很干净", "这部电影太长了，我看到一半就睡着了"]


def write(path: Path, lines: list[tuple[str, ...]]) -> Path:
    path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_page_tells_a_newcomer_what_the_file_is(inside: Inside, rows: Path, encoder: Path) -> None:
    answer = inside("check", rows, "--model", encoder)
    assert answer.code == 0
    for said in (
        "120 read = 120 used + 0 set aside",
        "text-classification: one text and one of 2 different labels",
        "text: 'text', the only column of running text",
        "bad          60  50.0%  ####################",
        "Latin 100.0%",
        "TF-IDF + logistic regression: accuracy",
        "a base model (",
    ):
        assert said in answer.out
    assert max(map(cell_len, answer.out.splitlines())) <= WIDTH


@pytest.mark.parametrize("script", ["Latin", "Han"])
def test_no_line_is_wider_than_the_terminal(
    inside: Inside, encoder: Path, tmp_path: Path, script: str
) -> None:
    texts = CHINESE if script == "Han" else ["a very long text about a film" * 4, "another " * 30]
    lines = [(f"{texts[i % 2]}{i}", "好评" if i % 2 else "差评") for i in range(40)]
    file = write(tmp_path / f"{'数据' * 20}.csv", [("text", "label"), *lines, *[(lines[0][0], "好评")]])
    answer = inside("check", file, "--model", encoder, "--no-measure")
    assert answer.code == 0
    body = answer.out.splitlines()[1:]
    assert max(map(cell_len, body)) <= WIDTH
    assert f"{script} 100.0%" in answer.out


def test_an_adapter_is_checked_upon_the_base_that_is_named(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    place = run(rows, encoder, tmp_path / "run", lora=2, epochs=0.5).path / "adapter"
    config = json.loads((place / "adapter_config.json").read_text()) | {
        "base_model_name_or_path": "elsewhere"
    }
    (place / "adapter_config.json").write_text(json.dumps(config))
    words = ("check", rows, "--model", place, "--no-measure", "--json")
    refused = inside(*words)
    assert refused.code == 66 and "--base" in refused.problems[0]
    answer = inside(*words, "--base", encoder)
    assert answer.code == 0 and answer.json["lengths"]["model"] == str(place)


def test_json_is_one_object_and_a_mistake_leaves_with_65(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    rows = [(f"text {i // 2}", "good" if i % 2 else "bad") for i in range(60)]
    answer = inside(
        "check",
        write(tmp_path / "a.csv", [("text", "label"), *rows]),
        "--model",
        encoder,
        "--json",
        "--no-measure",
    )
    assert answer.code == 65
    assert not answer.json["ok"]
    assert "contradictory-labels: 60 of 60 rows" in answer.err
    assert "baselines" not in answer.json


def test_a_file_that_cannot_be_read_is_told_as_everywhere(inside: Inside, tmp_path: Path) -> None:
    answer = inside("check", write(tmp_path / "a.csv", [("text", "label"), ("a", "b", "c")]))
    assert (answer.code, answer.out) == (65, "")
    assert answer.err.startswith(f"{tmp_path / 'a.csv'}:2: wrong-field-count: ")


def test_cells_are_cut_and_filled_by_what_a_terminal_shows() -> None:
    assert cell_len(fitted("电影" * 20, 15)) == 15
    assert fitted("ab", 4) == "ab  "
    assert all(cell_len(line) <= 20 for line in wrapped("电影太长了" * 12, 20))
    assert "".join(wrapped("电影太长了" * 12, 20)).replace(" ", "") == "电影太长了" * 12
    assert wrapped("", 10) == [""]


PAIRS = [(f"a film number {i}", f"film {i} it is", f"{i % 5}") for i in range(40)]
REFUSED = {
    "a_chain_of_classes": (("--task", "text-classification", "--crf"), "no-such-choice: --crf is given"),
    "an_lstm_of_classes": (("--task", "text-classification", "--lstm-size", "4"), "no-such-choice: "),
    "pooling_of_classes": (("--task", "text-classification", "--pooling", "cls"), "no-such-choice: "),
    "a_loss_of_tags": (("--task", "token-classification", "--loss", "cosine"), "no-such-choice: "),
    "an_lstm_of_no_units": (("--task", "token-classification", "--lstm-size", "-1"), "--lstm-size is -1"),
    "a_loss_that_does_not_fit": (("--task", "sentence-similarity", "--loss", "triplet"), "wrong-loss: "),
    "unknown_pooling": (("--task", "sentence-similarity", "--pooling", "sum"), "--pooling is 'sum'"),
    "a_senseless_rank": (("--task", "text-classification", "--lora", "0"), "bad-setting: --lora is 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_finetune_refuses_is_refused_with_the_same_code_and_words(
    inside: Inside, encoder: Path, rows: Path, tmp_path: Path, name: str
) -> None:
    words, message = REFUSED[name]
    files = {
        "text-classification": rows,
        "token-classification": conll(tmp_path / "x.conll", 40),
        "sentence-similarity": write(tmp_path / "pairs.csv", [("sentence1", "sentence2", "score"), *PAIRS]),
    }
    both = (files[words[1]], "--model", encoder, *words)
    learnt = inside("finetune", *both, "--out", tmp_path / "run")
    checked = inside("check", *both)
    assert learnt.code == checked.code == 2 and checked.out == ""
    assert checked.problems == learnt.problems and message in checked.problems[0]


def test_a_choice_of_another_task_names_the_task_that_has_it(inside: Inside, rows: Path) -> None:
    answer = inside("check", rows, "--crf")
    assert answer.code == 2
    assert answer.problems == [
        "no-such-choice: --crf is given, and text-classification has none"
        " — leave it out, or give --task token-classification"
    ]


def test_the_run_that_is_estimated_has_the_head_that_is_asked_for(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    words = ("check", conll(tmp_path / "x.conll", 40), "--model", encoder, "--json")
    plain, asked = (inside(*words, *more).json["estimates"] for more in ((), ("--crf", "--lstm-size", "7")))
    for without, with_head in zip(plain, asked, strict=True):
        assert with_head["num_parameters"] > without["num_parameters"]
        assert with_head["num_learning"] > without["num_learning"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (few_entities, "answers     10 entities, by type:\n            LOC          6  60.0%  ######"),
        (few_entities, "            7 rows without an entity\n"),
        (
            lambda path: nested(path, 40),
            "answers     40 questions on 40 contexts: 30 with an answer, 10 without one\n",
        ),
    ],
    ids=["entities", "none", "questions"],
)
def test_the_page_says_it(
    inside: Inside, encoder: Path, tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    file = make(tmp_path / ("a.conll" if make is few_entities else "a.json"))
    answer = inside("check", file, "--model", encoder, "--no-measure")
    assert said in answer.out, answer.err


def test_the_last_line_names_warnings_where_there_are_any(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    draw = random.Random(0)
    texts = [" ".join("".join(draw.choices("abcdefgh", k=6)) for _ in range(9)) for _ in range(40)]
    lines = [(text, "good" if "a" in text[:4] else "bad") for text in texts]
    sound = write(tmp_path / "sound.csv", [("text", "label"), *lines])
    again = write(tmp_path / "again.csv", [("text", "label"), *lines, *lines[:20]])
    words = ("--model", encoder, "--no-measure")
    calm, warned = (inside("check", file, *words).out.rstrip() for file in (sound, again))
    assert "\nwarning " not in calm
    assert calm.endswith("\nok          nothing here speaks against training")
    assert "\nwarning     20 of 60 rows repeat" in warned
    assert warned.endswith(
        "\nok          no mistake that forbids training; the warnings above ask for a look"
    )


@pytest.mark.parametrize(("groups", "said"), [(1, "1 group"), (2, "2 groups")])
def test_one_group_of_near_copies_is_one_group(
    inside: Inside, encoder: Path, tmp_path: Path, groups: int, said: str
) -> None:
    draw = random.Random(0)
    texts = [" ".join("".join(draw.choices("abcdefgh", k=6)) for _ in range(9)) for _ in range(40)]
    texts += [f"{text}!" for text in texts[:groups]]
    lines = [(text, "good" if "a" in text[:4] else "bad") for text in texts]
    file = write(tmp_path / "a.csv", [("text", "label"), *lines])
    answer = inside("check", file, "--model", encoder, "--no-measure")
    assert f"alike       {2 * groups} rows in {said} of texts that are nearly the same\n" in answer.out
    assert f"{2 * groups} of {40 + groups} rows are nearly the same as another ({said})" in answer.out
