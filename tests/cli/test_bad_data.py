"""Bad data through the command itself: exit code, the one line per problem, and nothing written.

The files and messages are those of the reading's own tests: sections 1 to 4 of failures.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.errors import DataError, UsageError
from tests.cli.process import Answer
from tests.text.bad_tables import BAD, Bad
from tests.text.test_squad import BAD as BAD_QUESTIONS
from tests.text.test_squad import write as write_questions

Inside = Callable[..., Answer]
CODES = {DataError: 65, UsageError: 2}
# a limit that only Python has a word for
WITHOUT_OPTION = "max_expanded_bytes"


@pytest.fixture
def finetune(inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """`glassbert finetune` of a file in a directory where it leaves nothing behind."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> Answer:
        answer = inside("finetune", *words, "--out", "run")
        assert answer.out == "" and not Path("run").exists()
        return answer

    return run


@pytest.mark.parametrize(
    "bad", [each for each in BAD if WITHOUT_OPTION not in each.options], ids=lambda bad: bad.id
)
def test_a_bad_table_leaves_with_its_code_and_its_message(finetune: Inside, bad: Bad) -> None:
    Path(bad.file).write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())
    limits = [
        word for name, value in bad.options.items() for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    answer = finetune(bad.file, *limits)
    assert answer.code == CODES[bad.error]
    assert answer.problems == bad.message.split("\n")


@pytest.mark.parametrize(
    ("content", "message"), [each[1:] for each in BAD_QUESTIONS], ids=[each[0] for each in BAD_QUESTIONS]
)
def test_bad_questions_leave_with_their_code_and_their_message(
    finetune: Inside, content: object, message: str
) -> None:
    write_questions(Path("a.json"), content)
    answer = finetune("a.json", "--task", "question-answering")
    assert answer.code == 65
    assert answer.problems == [f"a.json:{message}"]


def test_at_most_twenty_problems_are_shown_and_all_are_counted(finetune: Inside) -> None:
    Path("a.csv").write_text("text,label\n" + "a film,pos\nb film,neg\n" * 10 + "one field\n" * 50)
    answer = finetune("a.csv")
    assert answer.code == 65
    assert len(answer.problems) == 21 and answer.problems[-1] == "... and 30 more (50 in all)"


TWO = "EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n"
BAD_TAGS = {
    "n1_one_column": (TWO.replace("rejects O", "rejects"), ":2: wrong-field-count: 1 column where"),
    "n2_tabs_and_spaces": (
        TWO.replace(" ", "\t").replace("Blackburn\t", "Blackburn "),
        ":5: mixed-separators: this line is separated by spaces",
    ),
    "n3_space_in_a_word": (TWO.replace("EU", "New York"), ":1: wrong-field-count: 3 columns"),
    "n5_no_type": (TWO.replace("rejects O", "rejects B-"), ":2: bad-tag: 'B-' is no tag of IOB2"),
    "n5_no_letter": (TWO.replace("rejects O", "rejects X-PER"), ":2: bad-tag: 'X-PER' is no tag"),
    "n5_small": (TWO.replace("rejects O", "rejects b-per"), ":2: bad-tag: 'b-per' is no tag"),
    "n5_no_tag": (TWO.replace("rejects O", "rejects ABC"), ":2: bad-tag: 'ABC' is no tag"),
    "n6_two_schemes": (TWO.replace("B-ORG", "S-ORG"), ":4: mixed-schemes: this sentence is written in IOB2"),
    "empty_word": ("\tO\nb\tO\n", ":1: empty-field: the word is empty"),
    "no_word": ("-DOCSTART- O\n\n", ": no-examples: 0 examples"),
    "no_tags": ("EU\nrejects\n\nit\n", ": missing-label-column: no column holds tags of the words"),
}


@pytest.mark.parametrize("name", BAD_TAGS)
def test_bad_tags_leave_with_65_and_one_line(finetune: Inside, name: str) -> None:
    content, message = BAD_TAGS[name]
    Path("a.conll").write_text(content)
    answer = finetune("a.conll", "--task", "token-classification")
    (problem,) = answer.problems
    assert answer.code == 65
    assert problem.startswith(f"a.conll{message}") and " — " in problem


def test_n12_words_and_tags_of_different_length_leave_with_65(finetune: Inside) -> None:
    Path("a.words").write_text("EU rejects\nPeter Blackburn\n")
    Path("a.tags").write_text("B-ORG O\n")
    answer = finetune("a.words", "--task", "token-classification")
    (problem,) = answer.problems
    assert answer.code == 65 and " — " in problem
    assert ":2: line-counts: 2 lines, and 1 in 'a.tags'; the first that differs is 2" in problem


def test_n4_tags_that_continue_nothing_are_counted(
    inside: Inside, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sentence = "EU{0} B-ORG\nin O\nParis{0} {1}-LOC\n\nBern{0} B-LOC\n\n"
    Path("a.conll").write_text("".join(sentence.format(i, "I" if i < 3 else "B") for i in range(20)))
    answer = inside("check", "a.conll", "--model", encoder, "--no-measure")
    assert answer.code == 0
    assert "3 tags in 3 sentences do not follow IOB2" in " ".join(answer.out.split())


def rows_of(labels: list[str]) -> str:
    return "text,label\n" + "".join(f"film number {i},{label}\n" for i, label in enumerate(labels))


BAD_LABELS = {
    "c21_label_unseen_in_training": (
        ("--eval-data", "b.csv"),
        ["pos", "neg"] * 10,
        "b.csv: unseen-label: label 'ugly' occurs 2 times here and never in the training data",
    ),
    "c22_single_class": ((), ["pos"] * 20, "a.csv: single-class: all 20 examples have the label 'pos'"),
    "c24_leak": (
        ("--eval-data", "a.csv", "--fail-on-leak"),
        ["pos", "neg"] * 10,
        "a.csv: leak: 20 of 20 evaluation texts",
    ),
    **{
        f"c23_{name}": (("--task", "text-regression"), ["1.5", "2"] * 10 + [label], "a.csv:22: ")
        for name, label in {
            "underscore": "1_000", "other_digit": "１", "nan": "nan", "infinity": "inf", "comma": '"1,5"',
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_LABELS)
def test_bad_labels_leave_with_65_and_one_line(finetune: Inside, name: str) -> None:
    words, labels, message = BAD_LABELS[name]
    Path("a.csv").write_text(rows_of(labels))
    Path("b.csv").write_text(rows_of(["ugly"] * 2 + ["pos", "neg"]))
    answer = finetune("a.csv", *words)
    (problem,) = answer.problems
    assert answer.code == 65
    assert problem.startswith(message) and " — " in problem


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([" pos", "pos", "Pos", "neg"] * 8, "labels that look alike but are different classes"),
        (["\u00e9", "e\u0301", "a", "a"] * 8, "labels that look alike but are different classes"),
    ],
    ids=["c19_case_and_spaces", "c20_unicode_forms"],
)
def test_labels_that_look_alike_are_said_and_not_merged(
    inside: Inside, encoder: Path, tmp_path: Path, labels: list[str], said: str
) -> None:
    (tmp_path / "a.csv").write_text(rows_of(labels), encoding="utf-8")
    answer = inside("check", tmp_path / "a.csv", "--model", encoder, "--no-measure", "--json")
    assert answer.code == 0
    assert any(said in each for each in answer.json["warnings"])
    assert answer.json["answers"]["labels"] == len(set(labels))


def test_c24_contradictions_are_counted_with_the_first_five(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    rows = [f"film number {i // 2},{label}\n" for i, label in enumerate(["pos", "neg"] * 7)]
    more = [f"another film {i},{label}\n" for i, label in enumerate(["pos", "neg"] * 40)]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(rows + more))
    answer = inside("check", tmp_path / "a.csv", "--model", encoder, "--no-measure", "--json")
    assert answer.code == 0
    (place,) = (
        i
        for i, each in enumerate(answer.json["warnings"])
        if each.startswith("7 texts occur with contradictory")
    )
    shown = answer.json["warnings"][place + 1 : place + 7]
    assert [each.startswith("rows ") for each in shown[:5]] == [True] * 5
    assert not any(each.startswith("rows ") for each in shown[5:])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.mkdir(), 65),
        (os.mkfifo, 65),
        (lambda path: path.symlink_to("/dev/zero"), 65),
        (lambda path: path.symlink_to(path), 66),
        (lambda path: None, 66),
    ],
    ids=["directory", "fifo", "dev_zero", "link_loop", "missing"],
)
@pytest.mark.timeout(60)
def test_j18_what_is_no_file_is_refused_without_hanging(
    finetune: Inside, make: Callable[[Path], object], code: int
) -> None:
    make(Path("a.csv"))
    answer = finetune("a.csv")
    (problem,) = answer.problems
    assert answer.code == code
    assert problem.startswith("a.csv: ") and " — " in problem


@pytest.mark.timeout(60)
def test_j13_a_line_without_end_is_refused_at_the_limit(finetune: Inside) -> None:
    """Two gigabytes that take no room on the disk; the reading's own tests hold its memory."""
    with Path("a.jsonl").open("wb") as file:
        file.truncate(2 << 30)
    answer = finetune("a.jsonl")
    (problem,) = answer.problems
    assert answer.code == 65 and problem.startswith("a.jsonl:1")
