"""question-answering through the whole path: nested files, null threshold, predictions, report, estimator."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from typer.testing import CliRunner

from glassbert.cli.main import app
from glassbert.errors import DataError, UsageError
from glassbert.runs.answerer import QuestionAnswerer
from glassbert.runs.comparing.comparison import compare
from glassbert.runs.data import DataOptions, read_dataset
from glassbert.runs.evaluate import evaluate
from glassbert.runs.models import load
from glassbert.runs.predict import predict_file, predict_texts
from glassbert.show.looks import telling_rows
from glassbert.show.run_report import report_run
from glassbert.tasks.span_metrics import score_answers
from tests.runs.material import LETTERS, options, read_json, run, said_by

QUICK = {"epochs": 12, "patience": 99, "task": "question-answering"}
WORDS = ("fine", "warm", "dull", "cold")


def material(count: int, *, seed: int = 0, impossible: bool = True) -> list[dict[str, Any]]:
    """How the film is: the one word of four that is in the context, in a quarter of them none."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        noise = ["".join(draw.choice(list(LETTERS), 2)) for _ in range(3)]
        word = draw.choice(WORDS) if not impossible or number % 4 else None
        context = (
            f"{noise[0]} The  Film is {'' if word is None else word.upper()} , {noise[1]}{seed}{number} ."
        )
        given = [] if word is None else [{"text": word.upper(), "answer_start": context.index(word.upper())}]
        rows.append({"id": f"{seed}-{number}", "question": "is it ?", "context": context, "answers": given})
    return rows


def nested(path: Path, count: int = 160, **options: Any) -> Path:
    articles = []
    for row in material(count, **options):
        context = row.pop("context")
        row |= {"is_impossible": not row["answers"]} if options.get("impossible", True) else {}
        articles.append({"title": "t", "paragraphs": [{"context": context, "qas": [row]}]})
    path.write_text(json.dumps({"version": "v2.0", "data": articles}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    place = tmp_path_factory.mktemp("spans")
    test = nested(place / "test.json", 60, seed=1)
    run(nested(place / "train.json"), encoder, place / "run", evaluation=test, **QUICK)
    return place / "run"


def test_it_learns_and_says_what_it_learnt(trained: Path) -> None:
    document = read_json(trained / "run.json")
    result = document["result"]
    assert document["config"]["metric"]["value"] == "f1"
    columns = document["data"]["columns"]
    assert (columns["text"], columns["pair"], columns["label"]) == ("question", "context", "answers")
    assert result["metrics"]["f1"] > 70
    names = ("exact_match", "f1", "has_answer_f1", "no_answer_f1")
    assert set(result["metrics"]) == {*names, "loss"}
    for name in names:
        low, high = result["intervals"][name]
        assert low <= result["metrics"][name] <= high
    assert set(result["baselines"]) == {"overlap", "no_answer"}
    assert result["baselines"]["no_answer"]["f1"] == pytest.approx(25)
    assert result["scoring"]["by"] == "words"
    assert result["questions"]["without_answer"] == 15
    assert "validation questions" in result["null_threshold"]["reason"]
    notes = read_json(trained / "model" / "glassbert.json")
    assert notes["null_threshold"] == result["null_threshold"]["value"]
    assert notes["max_answer_length"] == 30


def test_predictions_are_cut_from_the_original_and_give_the_scores_again(trained: Path) -> None:
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "row", "text", "pair", "label", "prediction", "score", "start", "end", "null_score",
        "null_odds", "n_best", "right_spans", "windows",
    ]  # fmt: skip
    threshold = read_json(trained / "run.json")["result"]["null_threshold"]["value"]
    for row in rows:
        assert (float(row["null_odds"]) > threshold) == (row["prediction"] == "")
        places = json.loads(row["right_spans"])
        assert [row["pair"][begin:end] for begin, end in places] == json.loads(row["label"])
        best = json.loads(row["n_best"])
        assert 1 < len(best) <= 5
        if row["prediction"]:
            assert [str(each) for each in best[0][:2]] == [row["start"], row["end"]]
            assert best[0][2] == pytest.approx(float(row["score"]), abs=1e-6)
        assert row["pair"][int(row["start"]) : int(row["end"])] == row["prediction"]
    scores = score_answers([json.loads(r["label"]) for r in rows], [r["prediction"] for r in rows], "words")
    result = read_json(trained / "run.json")["result"]
    assert 100 * scores.mean(0) == pytest.approx([result["metrics"]["exact_match"], result["metrics"]["f1"]])


def test_evaluating_and_predicting_give_what_the_run_said(trained: Path, tmp_path: Path) -> None:
    model, path = load(trained), nested(tmp_path / "again.json", 60, seed=1)
    found = evaluate(model, path)
    assert found["metrics"] == pytest.approx(read_json(trained / "run.json")["result"]["metrics"])
    assert "answers that lie whole in at least one window: 45 of 45" in found["notes"]
    listed = predict_file(model, path).as_list()
    assert len(listed) == 60 and set(listed[0]) == {"score", "start", "end", "answer"}
    context = "ab The  Film is WARM , xyz ."
    one = predict_texts(model, [("is it ?", context)]).as_list()[0]
    assert one["answer"] == context[one["start"] : one["end"]] == "WARM"
    with pytest.raises(UsageError, match="not-a-pair"):
        predict_texts(model, ["is it ?"])


def test_a_run_is_compared_with_itself_and_with_a_worse_one(trained: Path, tmp_path: Path) -> None:
    worse = tmp_path / "worse"
    shutil.copytree(trained, worse)
    with (worse / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (worse / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows({**row, "prediction": "nothing of it"} for row in rows)
    same, found = compare(trained, trained), compare(trained, worse)
    f1 = read_json(trained / "run.json")["result"]["metrics"]["f1"]
    assert same["differences"]["f1"]["value"] == 0 and same["outcome"] == "same answers"
    assert found["differences"]["f1"]["value"] == pytest.approx(-f1)
    assert found["test"]["p_value"] < 0.01


def test_a_run_counts_the_answers_that_lie_whole_in_a_window(tmp_path: Path, encoder: Path) -> None:
    """Q7 of failures.md: contexts of three windows each, whose answers stand anywhere."""
    rows, noise = [], "a b c d e f g h i j k l".split()
    for number in range(24):
        words = [*noise * 3]
        words[number : number + 2] = ["FINE", "WARM"]
        context = f"{' '.join(words)} {number}"
        answer = {"text": "FINE WARM", "answer_start": context.index("FINE WARM")}
        rows.append({"id": str(number), "question": "is it ?", "context": context, "answers": [answer]})
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done, said = said_by(options(file, encoder, tmp_path / "run", task="question-answering", epochs=0.5))
    count = read_json(done.path / "run.json")["data"]["sizes"]["train"]
    assert f"note: answers that lie whole in at least one window: {count} of {count}" in said
    assert done.document["result"]["windows_used"] > 3 * count


def test_command_line_answers_a_question(trained: Path) -> None:
    asked = ["--question", "is it ?", "--context", "ab The  Film is COLD , xyz ."]
    done = CliRunner().invoke(app, ["predict", str(trained), *asked, "--json"])
    assert json.loads(done.stdout)[0]["answer"] == "COLD"


def test_report_and_card_are_written(trained: Path, tmp_path: Path) -> None:
    page = report_run(trained, tmp_path / "report.html", looks=1, say=lambda text: None)
    assert page is not None and page.stat().st_size > 10_000
    rows = telling_rows(trained / "predictions.csv", 60)
    exact = read_json(trained / "run.json")["result"]["metrics"]["exact_match"]
    assert 100 * np.mean([row.right for row in rows]) == pytest.approx(exact)
    card = (trained / "model" / "README.md").read_text(encoding="utf-8")
    assert "# question-answering\n" in card and "null score exceeds" in card and "labels" not in card


def test_data_without_unanswerable_questions_always_gets_an_answer(tmp_path: Path, encoder: Path) -> None:
    path = nested(tmp_path / "train.json", 80, impossible=False)
    run(path, encoder, tmp_path / "run", **{**QUICK, "epochs": 1})
    result = read_json(tmp_path / "run" / "run.json")["result"]
    assert set(result["metrics"]) == {"exact_match", "f1", "loss"}
    assert set(result["baselines"]) == {"overlap"} and "null_threshold" not in result
    assert result["questions"]["left_unanswered"] == 0
    assert "Every question gets an answer" in (tmp_path / "run" / "model" / "README.md").read_text()
    second = evaluate(load(tmp_path / "run"), nested(tmp_path / "second.json", 40, seed=2))
    assert second["metrics"]["no_answer_f1"] == 0 and second["questions"]["left_unanswered"] == 0


def test_no_context_stands_on_both_sides_of_a_split(tmp_path: Path) -> None:
    rows = material(40)
    several = [
        {**row, "id": f"{row['id']}-{k}", "question": f"is it {k} ?"} for row in rows for k in range(3)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in several))
    found = read_dataset(DataOptions(train=path, task="question-answering"))
    sets = [{text[1] for text in part.texts} for part in (found.train, found.validation, found.evaluation)]
    assert not sets[0] & sets[1] and not sets[0] & sets[2] and not sets[1] & sets[2]
    assert sum(map(len, (found.train, found.validation, found.evaluation))) == 120
    assert found.warnings == ("30 of 120 questions have no answer",)


def test_options_of_classes_are_refused(tmp_path: Path) -> None:
    from glassbert.runs.data import Learning

    path = nested(tmp_path / "train.json", 20)
    with pytest.raises(UsageError, match="no-classes: --class-weights"):
        read_dataset(DataOptions(train=path, task="question-answering"), Learning(class_weights="balanced"))
    none = [{**row, "answers": {"text": [], "answer_start": []}} for row in material(12)]
    (tmp_path / "none.json").write_text(json.dumps(none))
    with pytest.raises(DataError, match="none of 12 questions has an answer"):
        read_dataset(DataOptions(train=tmp_path / "none.json", task="question-answering"))


def test_estimator_fits_predicts_scores_saves_and_searches(encoder: Path, tmp_path: Path) -> None:
    rows = material(80)
    pairs = [(row["question"], row["context"]) for row in rows]
    y = [row["answers"] for row in rows]
    answerer = QuestionAnswerer(model=str(encoder), epochs=12, learning_rate=8e-3, batch_size=16)
    fitted = clone(answerer).fit(pairs, y)
    dicts = [{"question": question, "context": context} for question, context in pairs]
    assert fitted.score(dicts, y) > 0.5
    said = fitted.answers(dicts)
    assert [each["answer"] for each in said] == fitted.predict(pairs).tolist()
    for (_, context), each in zip(pairs, said, strict=True):
        assert context[each["start"] : each["end"]] == each["answer"]
    fitted.save(tmp_path / "model")
    again = QuestionAnswerer.load(tmp_path / "model")
    assert again.predict(pairs).tolist() == fitted.predict(pairs).tolist()
    plain = [row["answers"][0]["text"] if row["answers"] else None for row in rows]
    assert fitted.score(pairs, plain) == fitted.score(pairs, y)
    search = GridSearchCV(clone(answerer), {"epochs": [1]}, cv=2).fit(dicts, y)
    assert search.best_params_ == {"epochs": 1}
    for X, wrong, problem in (
        (pairs, None, "no-labels"),
        (pairs, y[:3], "length-mismatch"),
        ([pairs[0][0]], y[:1], "not-a-pair"),
        (pairs[:1], ["Spain"], "answer-not-in-context"),
        (pairs[:1], [None], "single-class"),
    ):
        with pytest.raises((UsageError, DataError), match=problem):
            clone(answerer).fit(X, wrong)


@pytest.mark.parametrize(("pair", "role"), [((" ", "a film"), "question"), (("is it ?", ""), "context")])
def test_an_empty_question_or_context_is_refused(trained: Path, pair: tuple[str, str], role: str) -> None:
    with pytest.raises(DataError, match=f"empty-{role}: the {role} is empty"):
        predict_texts(load(trained), [("is it ?", "The film is warm ."), pair])
