"""Two runs on the same rows: right and wrong counted by hand, other rows refused, every kind of answer."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.runs.comparing.answers import KINDS, compare_answers
from glassbert.runs.comparing.comparison import compare
from glassbert.runs.comparing.judged import Shared
from glassbert.runs.predictions import table_line
from tests.cli.process import Answer, inside

__all__ = ["inside"]
TASKS = {
    "class": "text-classification",
    "number": "text-regression",
    "set": "multi-label-classification",
    "span": "question-answering",
    "tags": "token-classification",
}
Line = tuple[Any, ...]


def make_run(
    path: Path,
    rows: Sequence[Line],
    *,
    kind: str = "class",
    pair: bool = False,
    labels: Sequence[str] = ("a", "b"),
) -> Path:
    """A finished run that holds these (row, text, (pair,) label, prediction)."""
    path.mkdir()
    document = {"format_version": 1, "run_id": path.name, "status": "finished"}
    document |= {"task": TASKS[kind], "labels": list(labels)}
    (path / "run.json").write_text(json.dumps(document))
    header = ["row", "text", *(["pair"] if pair else []), "label", "prediction", "score:text", "text"]
    lines = [table_line([*map(str, row), "0.5", "else"]) for row in rows]
    (path / "predictions.csv").write_text("".join([table_line(header), *lines]), encoding="utf-8")
    return path


def answers(count: int = 60, *, right: float, seed: int) -> list[Line]:
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        label = "ab"[i % 2]
        said = label if draw.random() < right else "ab"[1 - i % 2]
        rows.append((i + 2, f'=text, "{i}"\n\'x', label, said))
    return rows


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_run(tmp_path / "one", answers(right=0.6, seed=0)),
        make_run(tmp_path / "two", answers(right=0.95, seed=1)),
    )


def test_every_figure_is_that_of_the_rows(two: tuple[Path, Path]) -> None:
    found = compare(*two)
    first, second = answers(right=0.6, seed=0), answers(right=0.95, seed=1)
    right = [[row[2] == row[3] for row in rows] for rows in (first, second)]
    gained = [row[0] for row, a, b in zip(first, *right, strict=True) if b and not a]
    lost = [row[0] for row, a, b in zip(first, *right, strict=True) if a and not b]
    assert sorted(each["row"] for each in found["better"]) == gained
    assert sorted(each["row"] for each in found["worse"]) == lost
    wanted = binomtest(len(lost), len(lost) + len(gained), 0.5).pvalue
    assert found["test"]["p_value"] == pytest.approx(wanted)
    truth = [row[2] for row in first]
    for scores, rows in zip(found["metrics"], (first, second), strict=True):
        said = [row[3] for row in rows]
        assert scores["accuracy"] == pytest.approx(accuracy_score(truth, said))
        assert scores["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    accuracy = found["differences"]["accuracy"]
    assert accuracy["value"] == pytest.approx((len(gained) - len(lost)) / 60)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert found["outcome"] == "second better"
    assert found["better"][0]["text"] == first[gained[0] - 2][1]
    json.dumps(found, allow_nan=False)


def test_the_other_way_round_is_the_mirror_image(two: tuple[Path, Path]) -> None:
    there, back = compare(*two), compare(two[1], two[0])
    assert back["outcome"] == "first better"
    assert back["differences"]["accuracy"]["value"] == -there["differences"]["accuracy"]["value"]
    assert [each["row"] for each in back["worse"]] == [each["row"] for each in there["better"]]
    assert back["test"]["p_value"] == there["test"]["p_value"]


def test_a_run_against_itself_is_the_same(two: tuple[Path, Path]) -> None:
    found = compare(two[0], two[0])
    assert (found["outcome"], found["better"], found["worse"]) == ("same answers", [], [])
    assert found["test"]["p_value"] == 1


def test_nothing_is_claimed_of_chance_or_of_few_rows(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", answers(right=0.8, seed=0))
    two = make_run(tmp_path / "two", answers(right=0.8, seed=1))
    assert compare(one, two)["outcome"] == "not distinguishable"
    few = [make_run(tmp_path / n, answers(20, right=r, seed=1)) for n, r in (("x", 0.0), ("y", 1.0))]
    assert compare(*few)["outcome"] == "too few"


def test_other_rows_are_refused_and_shared_texts_compared_when_told(tmp_path: Path) -> None:
    rows = answers(right=0.5, seed=0)
    one = make_run(tmp_path / "one", rows[:50])
    moved = [(row[0] + 100, *row[1:3], row[2]) for row in rows[10:]]
    two = make_run(tmp_path / "two", moved)
    with pytest.raises(DataError, match="50 rows and 50 rows, 0 of them the same") as caught:
        compare(one, two)
    assert "--shared" in str(caught.value)
    found = compare(one, two, shared=True)
    assert (found["rows"], found["rows_only_in"]) == (40, [10, 10])
    assert found["metrics"][1]["accuracy"] == 1
    assert found["better"][0]["row_b"] == found["better"][0]["row"] + 100
    other = make_run(tmp_path / "other", [(1, "else", "a", "a")])
    with pytest.raises(DataError, match="no-shared-rows"):
        compare(one, other, shared=True)


def test_repeated_texts_are_paired_in_their_order(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", [(1, "t", "a", "a"), (2, "t", "a", "b"), (3, "t", "b", "b")])
    two = make_run(
        tmp_path / "two", [(7, "t", "a", "b"), (8, "t", "b", "b"), (9, "t", "a", "a"), (10, "t", "a", "a")]
    )
    found = compare(one, two, shared=True)
    assert (found["rows"], found["rows_only_in"]) == (3, [0, 1])
    assert [(each["row"], each["row_b"]) for each in found["worse"]] == [(1, 7)]
    assert [(each["row"], each["row_b"]) for each in found["better"]] == [(2, 9)]


def test_pairs_of_texts_are_told_apart_by_both(tmp_path: Path) -> None:
    rows = [(1, "t", "u", "a", "a"), (2, "t", "v", "a", "b")]
    one = make_run(tmp_path / "one", rows, pair=True)
    two = make_run(tmp_path / "two", [rows[0], (2, "t", "v", "a", "a")], pair=True)
    (changed,) = compare(one, two)["better"]
    assert (changed["text"], changed["pair"]) == ("t", "v")


def test_numbers_are_compared_by_their_errors(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    truth = draw.normal(size=80)
    rows = [[(i, f"t{i}", truth[i], truth[i] + s * draw.normal()) for i in range(80)] for s in (1.0, 0.2)]
    one, two = (make_run(tmp_path / n, r, kind="number") for n, r in zip("ab", rows, strict=True))
    found = compare(one, two)
    assert found["outcome"] == "second better"
    errors = [np.sqrt(np.mean([(row[3] - row[2]) ** 2 for row in each])) for each in rows]
    assert found["differences"]["rmse"]["value"] == pytest.approx(errors[1] - errors[0])
    gains = [abs(a[3] - a[2]) - abs(b[3] - b[2]) for a, b in zip(*rows, strict=True)]
    assert found["better"][0]["row"] == int(np.argmax(gains))
    assert len(found["better"]) + len(found["worse"]) == 80
    assert compare(two, one)["outcome"] == "first better"


def test_sets_of_labels_are_right_where_all_labels_are(tmp_path: Path) -> None:
    truth = [["x"], ["x", "y"], [], ["y"]] * 10
    first = [(i, f"t{i}", json.dumps(each), json.dumps(["x"])) for i, each in enumerate(truth)]
    second = [(i, f"t{i}", json.dumps(each), json.dumps(each[::-1])) for i, each in enumerate(truth)]
    found = compare(make_run(tmp_path / "a", first, kind="set"), make_run(tmp_path / "b", second, kind="set"))
    assert (found["outcome"], len(found["better"]), len(found["worse"])) == ("second better", 30, 0)
    assert [each["subset_accuracy"] for each in found["metrics"]] == [0.25, 1.0]


def test_what_cannot_be_compared_is_refused(tmp_path: Path, two: tuple[Path, Path]) -> None:
    number = make_run(tmp_path / "n", [(1, "t", "1", "2")], kind="number")
    with pytest.raises(UsageError, match="two-tasks"):
        compare(two[0], number)
    with pytest.raises(MissingInputError, match="no-run"):
        compare(two[0], tmp_path / "nothing")
    with pytest.raises(UsageError, match="no-comparison"):
        compare_answers("dance", Shared(first=(), second=()))
    assert set(KINDS) == set(TASKS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("row,text\n1,a\n", "it has no label, prediction"),
        ("row,text,label,prediction\n", "it has no rows"),
        ("row,text,label,prediction\n1,a,b\n", "row 2 has 3 fields"),
        ("row,text,label,prediction\nx,a,b,b\n", "row 2 has the number 'x'"),
        ('row,text,label,prediction\n1,"a,b,b\n', "unexpected end"),
    ],
)
def test_damaged_predictions_are_named(two: tuple[Path, Path], content: str, said: str) -> None:
    (two[1] / "predictions.csv").write_text(content)
    with pytest.raises(DataError, match=f"bad-predictions: .*{said}"):
        compare(*two)
    assert csv.field_size_limit() == 131072


def test_the_command_prints_a_page_or_one_object(
    two: tuple[Path, Path], inside: Callable[..., Answer]
) -> None:
    answer = inside("compare", *two, "--rows", "2")
    assert answer.code == 0
    assert "McNemar's exact test: p = " in answer.out
    assert f"{two[1]} is better." in " ".join(answer.out.split())
    assert answer.out.count("-> ") == 2 + min(2, len(compare(*two)["worse"]))
    assert inside("compare", *two, "--json").json == json.loads(json.dumps(compare(*two)))


def test_the_page_is_written_and_not_over_another_file(
    two: tuple[Path, Path], inside: Callable[..., Answer], tmp_path: Path
) -> None:
    page, plain = tmp_path / "diff.html", tmp_path / "diff.json"
    assert inside("compare", *two, "-o", page).out.endswith(f"{page}\n")
    assert page.read_bytes().count(b'data-record="ComparisonRecord"') == 1
    assert inside("compare", *two, "-o", plain, "--json").json == json.loads(json.dumps(compare(*two)))
    assert json.loads(plain.read_text())["num_better"] == len(compare(*two)["better"])
    assert inside("compare", *two, "-o", page).code == 73
    assert inside("compare", *two, "-o", tmp_path / "diff.pdf").code == 2
    assert inside("compare", *two, "-o", page, "--overwrite").code == 0


def test_real_runs_are_compared(finished: Path, encoder: Path, rows: Path, tmp_path: Path) -> None:
    from tests.runs.material import run

    run(rows, encoder, tmp_path / "short", epochs=1, learning_rate=1e-5)
    found = compare(tmp_path / "short", finished)
    assert found["rows"] == 24
    assert found["metrics"][1]["accuracy"] >= found["metrics"][0]["accuracy"]
