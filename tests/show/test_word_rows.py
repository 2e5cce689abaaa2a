"""Tagged words and answers in a report: every number again from the file, every place on its own text."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassbert.errors import DataError
from glassbert.lens.report_records import Report
from glassbert.lens.word_records import AnswerRows, TagRows
from glassbert.show import answer_rows, tag_rows
from glassbert.show.answer_rows import OUTCOMES
from glassbert.show.report import build_report
from glassbert.tasks.tag_outcomes import OUTCOMES as FATES
from tests.show.make_words import FOX, QUESTIONS, SENTENCES, Tagged, answer_run, tag_run


def tags_of(run: Path) -> TagRows:
    found = build_report(run).tags
    assert found is not None
    return found


def answers_of(run: Path) -> AnswerRows:
    found = build_report(run).answers
    assert found is not None
    return found


def told(tags: TagRows) -> list[tuple[int, str, str, str, str]]:
    """Every entity: sentence, side, type, words, outcome."""
    columns = (tags.sentence, tags.predicted, tags.type, tags.start, tags.end, tags.outcome)
    return [
        (i, ("given", "said")[side], tags.types[kind], tags.text[i][begin:end], FATES[outcome])
        for i, side, kind, begin, end, outcome in zip(*(each.tolist() for each in columns), strict=True)
    ]


def edit(run: Path, column: str, change: Callable[[str], str], line: int = 0) -> None:
    path = run / "predictions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[line][column] = change(rows[line][column])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_entities_stand_on_their_words_and_say_what_became_of_them(tmp_path: Path) -> None:
    found = told(tags_of(tag_run(tmp_path)))
    assert [each[1:] for each in found if each[0] == 0] == [
        ("given", "PER", "Ann Lee", "right"),
        ("given", "PER", "Bo", "alone"),
        ("given", "LOC", "Oslo", "right"),
        ("said", "PER", "Ann Lee", "right"),
        ("said", "LOC", "Oslo", "right"),
    ]
    assert [each[1:] for each in found if each[0] == 1] == [
        ("given", "ORG", "Oslo", "type"),
        ("given", "LOC", "New York City", "border"),
        ("said", "LOC", "Oslo", "type"),
        ("said", "LOC", "New York", "border"),
    ]
    assert {each[4] for each in found if each[0] == 2} == {"both"}
    assert (3, "said", "PER", "周 恩", "border") in found
    assert (5, "said", "ORG", "Acme", "alone") in found
    assert [each[3] for each in found if each[0] == 6] == ["Bo"] * 4


def test_counts_of_types_are_those_of_run_json(tmp_path: Path) -> None:
    tags = tags_of(tag_run(tmp_path))
    result = json.loads((tmp_path / "run.json").read_text())["result"]
    assert tags.matrix.tolist() == result["entity_confusion"]["matrix"]
    for place, name in enumerate(tags.types):
        recorded = result["metrics"]["per_type"][name]
        assert recorded["number"] == tags.actual[place] == tags.fate[place].sum()
        assert recorded["recall"] == pytest.approx(tags.hits[place] / tags.actual[place])
        assert tags.said[place] == tags.said_fate[place].sum()
        assert tags.hits[place] == tags.fate[place, 0] == tags.said_fate[place, 0]
    assert tags.total == len(SENTENCES) and not tags.plain


@pytest.mark.parametrize("make", [tag_run, answer_run])
def test_report_survives_its_bytes(make: Callable[[Path], Path], tmp_path: Path) -> None:
    report = build_report(make(tmp_path))
    assert Report.from_bytes(report.to_bytes()).to_bytes() == report.to_bytes()


def test_capped_sentences_keep_those_with_most_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_rows, "MAX_EXAMPLES", 2)
    tags = tags_of(tag_run(tmp_path))
    assert tags.row.tolist() == [3, 4] and tags.total == len(SENTENCES)
    assert set(tags.sentence.tolist()) == {0, 1}
    assert tags.matrix.sum() > len(tags.sentence) // 2


def test_entities_behind_the_cut_of_a_long_text_are_left_out(tmp_path: Path) -> None:
    filler = " ".join(["x"] * 1500)
    long = Tagged(f"Bo {filler} Bo", f"B-PER {'O ' * 1500}B-PER", f"B-PER {'O ' * 1500}O")
    tags = tags_of(tag_run(tmp_path, [*SENTENCES, long]))
    last = len(SENTENCES)
    assert [each[1:4] for each in told(tags) if each[0] == last] == [
        ("given", "PER", "Bo"),
        ("said", "PER", "Bo"),
    ]
    assert tags.length[last] == len(long.text) > len(tags.text[last])


def test_scores_and_outcomes_of_answers_are_those_of_run_json(tmp_path: Path) -> None:
    answers = answers_of(answer_run(tmp_path))
    metrics = json.loads((tmp_path / "run.json").read_text())["result"]["metrics"]
    assert 100 * answers.f1.mean() == pytest.approx(metrics["f1"])
    assert 100 * answers.exact.mean() == pytest.approx(metrics["exact_match"])
    said = [OUTCOMES[i] for i in answers.outcome.tolist()]
    assert said == ["right", "partly", "wrong", "invented", "none", "unanswered", "right", "right"]
    assert answers.outcomes.tolist() == [said.count(name) for name in OUTCOMES]
    assert answers.threshold == 1.0
    assert answers.null_odds.tolist() == pytest.approx([each.odds for each in QUESTIONS])


def test_places_of_answers_hold_their_texts(tmp_path: Path) -> None:
    answers = answers_of(answer_run(tmp_path))
    contexts = [QUESTIONS[i].context for i in range(len(QUESTIONS))]
    for i, text, start in zip(
        answers.right_row.tolist(), answers.right_text, answers.right_start.tolist(), strict=True
    ):
        assert contexts[i][start : start + len(text)] == text and text in QUESTIONS[i].right
    for i, each in enumerate(QUESTIONS):
        assert contexts[i][answers.start[i] : answers.end[i]] == answers.said[i] == each.said
    best = np.flatnonzero(answers.best_row == 1)
    assert [answers.best_text[i] for i in best] == ["red fox jumps", FOX, FOX[: len(FOX) // 2]]
    assert answers.best_share[best].tolist() == pytest.approx([0.51, 0.2, 0.001])
    assert len(answers.contexts) == 3
    cut = int(answers.length.argmax())
    assert answers.length[cut] > len(answers.contexts[cut]) == 10_000


def test_groups_part_all_questions_by_word_and_by_length(tmp_path: Path) -> None:
    answers = answers_of(answer_run(tmp_path))
    groups = answers.groups
    assert [name for kind, name in zip(groups.kind, groups.name, strict=True) if kind == "question"] == [
        "when", "where", "who", "why", "how", "which", "what",
    ]  # fmt: skip
    for column, kind in enumerate(("question", "length")):
        places = [i for i, each in enumerate(groups.kind) if each == kind]
        assert groups.rows[places].sum() == answers.total
        for place in places:
            rows = answers.group[:, column] == place
            assert groups.rows[place] == rows.sum() > 0
            assert groups.f1[place, 0] == pytest.approx(100 * answers.f1[rows].mean())
            assert groups.f1[place, 1] <= groups.f1[place, 0] <= groups.f1[place, 2]


def test_answers_of_an_earlier_version_are_shown_without_what_it_did_not_write(tmp_path: Path) -> None:
    path = answer_run(tmp_path) / "predictions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("null_odds", "n_best", "right_spans")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    answers = answers_of(tmp_path)
    assert np.isnan(answers.null_odds).all() and len(answers.best_row) == 0
    assert set(answers.right_start.tolist()) == {-1} and answers.right_text[0] == "red fox"


def test_capped_questions_keep_wrong_answers_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_rows, "MAX_CHARACTERS", 115)
    answers = answers_of(answer_run(tmp_path))
    assert [OUTCOMES[i] for i in answers.outcome.tolist()] == ["wrong", "invented"]
    assert answers.total == len(QUESTIONS) and answers.outcomes.sum() == answers.total


@pytest.mark.parametrize(
    ("make", "column", "change", "message"),
    [
        (tag_run, "label", lambda cell: "[1]", "label is '[1]', not a list of tags"),
        (
            tag_run,
            "prediction",
            lambda cell: cell.replace("LOC", "GPE"),
            "'B-GPE', which is not a tag of this run",
        ),
        (tag_run, "prediction", lambda cell: '["O"]', "7 true tags stand beside 1 predictions"),
        (tag_run, "label", lambda cell: cell.replace("B-LOC", "O"), "count different entities"),
        (answer_run, "label", lambda cell: "fox", "label is 'fox', not a list of answers"),
        (answer_run, "label", lambda cell: '["dog"]', "run.json says exact_match is"),
        (answer_run, "n_best", lambda cell: "[[0, 999, 0.5]]", "a place that the context has not"),
        (answer_run, "start", lambda cell: "0", "does not stand at start"),
        (answer_run, "null_odds", lambda cell: "much", "null_odds is 'much', not a number"),
    ],
)
def test_what_is_not_of_this_run_is_refused(
    make: Callable[[Path], Path], column: str, change: Any, message: str, tmp_path: Path
) -> None:
    edit(make(tmp_path), column, change)
    with pytest.raises(DataError) as caught:
        build_report(tmp_path)
    assert message in str(caught.value)
