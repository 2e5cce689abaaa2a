"""multi-label-classification through the whole path: ways to write labels, thresholds, the estimator."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as oracle
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import glassbert as gb
from glassbert.errors import DataError, UsageError
from glassbert.runs.data import DataOptions, read_dataset
from glassbert.runs.evaluate import evaluate
from glassbert.runs.label_estimator import MultiLabelClassifier
from glassbert.runs.models import load
from glassbert.runs.predict import predict_texts
from glassbert.show.looks import telling_rows
from glassbert.show.report import build_report
from glassbert.show.run_report import report_run
from glassbert.text.options import ReadOptions
from tests.runs.material import LETTERS, read_json, run

QUICK = {"epochs": 10, "patience": 99, "task": "multi-label-classification"}
WORDS = {"good": "fine", "cosy": "warm", "bad": "dull"}


def texts_and_sets(count: int = 240, *, seed: int = 0) -> tuple[list[str], list[list[str]]]:
    """Each label has a word of its own, which a text holds or not."""
    draw = np.random.default_rng(seed)
    texts, sets = [], []
    for number in range(count):
        held = [label for label in WORDS if draw.random() < 0.35]
        noise = "".join(draw.choice(list(LETTERS), 3))
        texts.append(" ".join(["a", *(WORDS[label] for label in held), "film", noise + str(number)]))
        sets.append(held)
    return texts, sets


def jsonl(path: Path, count: int = 240, *, seed: int = 0) -> Path:
    rows = zip(*texts_and_sets(count, seed=seed), strict=True)
    path.write_text("".join(json.dumps({"text": text, "labels": held}) + "\n" for text, held in rows))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    place = tmp_path_factory.mktemp("sets")
    run(jsonl(place / "rows.jsonl"), encoder, place / "run", **QUICK)
    return place / "run"


def test_it_learns_and_says_what_it_learnt(trained: Path) -> None:
    document = read_json(trained / "run.json")
    result = document["result"]
    assert document["labels"] == ["bad", "cosy", "good"]
    assert document["config"]["metric"]["value"] == "micro_f1"
    assert result["metrics"]["micro_f1"] > 0.7
    for name in ("micro_f1", "macro_f1", "subset_accuracy"):
        low, high = result["intervals"][name]
        assert low <= result["metrics"][name] <= high
    assert set(result["per_label"]) == set(result["thresholds"]["values"]) == set(document["labels"])
    assert set(result["baselines"]) == {"majority", "tfidf_sets"}
    assert result["baselines"]["tfidf_sets"]["micro_f1"] > 0.8
    assert "confusion" not in result and "calibration" not in result


def test_predictions_give_the_scores_again(trained: Path) -> None:
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["row", "text", "label", "prediction", "score:bad", "score:cosy", "score:good", "windows"]
    assert list(rows[0]) == names
    labels = ["bad", "cosy", "good"]
    sides = [
        np.array([[label in json.loads(row[column]) for label in labels] for row in rows])
        for column in ("label", "prediction")
    ]
    result = read_json(trained / "run.json")["result"]
    assert oracle.f1_score(*sides, average="micro") == pytest.approx(result["metrics"]["micro_f1"])
    scores = np.array([[float(row[f"score:{label}"]) for label in labels] for row in rows])
    wanted = np.array([result["thresholds"]["values"][label] for label in labels])
    clear = np.abs(scores - wanted) > 1e-6
    assert ((scores >= wanted) == sides[1])[clear].all()


def test_a_prediction_has_what_the_pipeline_of_transformers_4_gives(trained: Path) -> None:
    texts = texts_and_sets(12, seed=4)[0]
    model = load(trained)
    listed = model.task.listed(model.predict(texts))
    answers = gb.pipeline("text-classification", model=str(trained))(texts)
    assert [each["label"] for each in listed] == [each["label"] for each in answers]
    np.testing.assert_allclose([each["score"] for each in listed], [each["score"] for each in answers])
    for each in listed:
        assert each["score"] == max(each["scores"].values()) == each["scores"][each["label"]]


def test_thresholds_are_kept_and_used(trained: Path, tmp_path: Path) -> None:
    model = load(trained)
    kept = read_json(trained / "model" / "glassbert.json")["thresholds"]
    assert model.task.thresholds == tuple(kept) and len(kept) == 3
    texts, sets = texts_and_sets(60, seed=4)
    found = evaluate(model, jsonl(tmp_path / "other.jsonl", 60, seed=4))
    truth = np.array([[label in each for label in model.labels] for each in sets])
    scores = model.predict(texts).scores
    assert found["metrics"]["micro_f1"] == pytest.approx(
        oracle.f1_score(truth, scores >= np.array(kept), average="micro")
    )
    assert set(found["per_label"]["bad"]) == {"precision", "recall", "f1", "rows", "predicted"}


def test_transformers_gives_the_same_scores(trained: Path) -> None:
    transformers = pytest.importorskip("transformers")
    assert read_json(trained / "model" / "config.json")["problem_type"] == "multi_label_classification"
    pipeline = transformers.pipeline("text-classification", model=str(trained / "model"), top_k=None)
    texts = ["a fine film", "a dull warm film", "a film"]
    ours = predict_texts(load(trained), texts).as_list()
    for theirs, mine in zip(pipeline(texts), ours, strict=True):
        assert {each["label"]: each["score"] for each in theirs} == pytest.approx(mine["scores"], abs=1e-5)


def test_the_report_and_its_looks_are_made(trained: Path, tmp_path: Path) -> None:
    assert report_run(trained, tmp_path / "report.html", looks=1).stat().st_size > 10_000
    assert telling_rows(trained / "predictions.csv", 4)


def test_the_report_holds_the_sets_of_every_row_and_the_counts_of_every_label(trained: Path) -> None:
    report = build_report(trained)
    held = report.sets
    assert held is not None and report.confusion is None and report.numbers is None
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert held.row.tolist() == [int(row["row"]) for row in rows]
    assert held.text == tuple(row["text"] for row in rows)
    for column, found in (("label", held.given), ("prediction", held.predicted)):
        expected = [[label in json.loads(row[column]) for label in held.labels] for row in rows]
        np.testing.assert_array_equal(found, expected)
    result = read_json(trained / "run.json")["result"]
    for place, label in enumerate(held.labels):
        recorded = result["per_label"][label]
        assert (held.actual[place], held.said[place]) == (recorded["rows"], recorded["predicted"])
        assert held.hits[place] / max(held.actual[place], 1) == pytest.approx(recorded["recall"])
        assert held.threshold[place] == result["thresholds"]["values"][label]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"[""bad""]"', '"[""unheard of""]"', "wrong-predictions"),
        ('"[""bad""]"', '"{""bad"": 1}"', "wrong-predictions"),
        ('"[""bad""]"', '"[""bad"', "wrong-predictions"),
        ('"[""bad""]"', '"[""cosy""]"', "run-contradicts-itself"),
    ],
)
def test_a_table_of_sets_that_is_not_this_runs_is_refused(
    trained: Path, tmp_path: Path, old: str, new: str, code: str
) -> None:
    shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints", "model"))
    path = tmp_path / "run" / "predictions.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=code):
        build_report(tmp_path / "run")


def forms(sets: list[list[str]]) -> dict[str, pd.DataFrame]:
    """The same labels written in each way."""
    return {
        "lists": pd.DataFrame({"labels": pd.Series(sets, dtype=object)}),
        "json": pd.DataFrame({"tags": [json.dumps(each) for each in sets]}),
        "semicolons": pd.DataFrame({"label": [";".join(each) for each in sets]}),
        "bars": pd.DataFrame({"labels": ["|".join(each) for each in sets]}),
        "commas": pd.DataFrame({"labels": [", ".join(each) for each in sets]}),
        "columns": pd.DataFrame({label: [str(int(label in each)) for each in sets] for label in WORDS}),
        "numbers": pd.DataFrame({label: [int(label in each) for each in sets] for label in WORDS}),
    }


@pytest.mark.parametrize("form", sorted(forms([["good"]])))
def test_labels_may_be_written_in_several_ways(form: str) -> None:
    texts, sets = texts_and_sets(100)
    frame = forms(sets)[form].assign(text=texts)
    dataset = read_dataset(DataOptions(train=frame, task="multi-label-classification"))
    assert set(dataset.task.head.labels) == set(WORDS)
    for part in (dataset.train, dataset.validation, dataset.evaluation):
        for row, target in zip(part.rows.tolist(), part.targets, strict=True):
            held = {label for label, has in zip(dataset.task.head.labels, target, strict=True) if has}
            assert held == set(sets[row - 1])
    assert any("rows have no label" in warning for warning in dataset.warnings)


def test_columns_of_marks_may_be_named() -> None:
    texts, sets = texts_and_sets(100)
    frame = forms(sets)["columns"].assign(text=texts, kept=["1", "0"] * 50)
    options = DataOptions(train=frame, task="multi-label-classification", label_column="good,bad")
    assert read_dataset(options).task.head.labels == ("bad", "good")


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        (None, "null or absent"),
        (["a", "a"], "names a label twice"),
        (["a", 1.5], "holds what is no label"),
        (["a", ""], "holds what is no label"),
        (True, "'labels' is "),
        ("['a', 'b']", "is no JSON list"),
    ],
)
def test_what_is_no_list_of_labels_is_refused_with_its_row(cell: object, named: str) -> None:
    texts, sets = texts_and_sets(40)
    frame = pd.DataFrame({"text": texts, "labels": pd.Series([*sets[:-1], cell], dtype=object)})
    options = DataOptions(train=frame, task="multi-label-classification")
    with pytest.raises(DataError, match=rf":40: .*{named}") as caught:
        read_dataset(options)
    assert caught.value.total == 1
    skipped = read_dataset(DataOptions(train=frame, task=options.task, read=ReadOptions(on_bad_rows="skip")))
    assert skipped.facts["rejected"] == 1


def test_two_separators_are_refused() -> None:
    frame = pd.DataFrame({"text": texts_and_sets(20)[0], "labels": ["a;b", "b|c"] * 10})
    with pytest.raises(DataError, match="two-separators"):
        read_dataset(DataOptions(train=frame, task="multi-label-classification"))


def test_unknown_labels_and_data_without_labels_are_refused(trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "a film", "labels": ["ugly"]}\n{"text": "it", "labels": []}\n')
    with pytest.raises(DataError, match="unseen-label: label 'ugly'"):
        evaluate(load(trained), other)
    bare = pd.DataFrame({"text": texts_and_sets(20)[0], "labels": pd.Series([[]] * 20, dtype=object)})
    with pytest.raises(DataError, match="no row has a label"):
        read_dataset(DataOptions(train=bare, task="multi-label-classification"))


def test_class_weights_are_refused(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--class-weights is given.*threshold"):
        run(jsonl(tmp_path / "x.jsonl", 40), encoder, tmp_path / "run", class_weights="balanced", **QUICK)


def test_the_estimator_takes_lists_and_matrices(encoder: Path, tmp_path: Path) -> None:
    texts, sets = texts_and_sets(120)
    common = {"model": str(encoder), "epochs": 6, "learning_rate": 8e-3, "batch_size": 16}
    estimator = clone(MultiLabelClassifier(**common)).fit(texts, sets)
    assert estimator.classes_.tolist() == ["bad", "cosy", "good"]
    matrix = np.array([[label in each for label in estimator.classes_] for each in sets]).astype(int)
    again = MultiLabelClassifier(**common).fit(texts, pd.DataFrame(matrix, columns=estimator.classes_))
    assert np.array_equal(again.predict_proba(texts), estimator.predict_proba(texts))
    assert estimator.score(texts, sets) == estimator.score(texts, matrix) > 0.2
    assert [set(each) for each in estimator.label_lists(texts)] == [
        set(estimator.classes_[row.astype(bool)]) for row in estimator.predict(texts)
    ]
    estimator.save(tmp_path / "model")
    loaded = MultiLabelClassifier.load(tmp_path / "model")
    assert np.array_equal(loaded.predict(texts), estimator.predict(texts))
    alone = np.concatenate([estimator.predict_proba([text]) for text in texts[:20]])
    np.testing.assert_allclose(alone, estimator.predict_proba(texts[:20]), atol=1e-6)
    quick = MultiLabelClassifier(**{**common, "epochs": 0.5})
    search = GridSearchCV(quick, {"learning_rate": [1e-5, 8e-3]}, cv=2, error_score="raise", refit=False)
    assert len(search.fit(texts[:60], matrix[:60]).cv_results_["mean_test_score"]) == 2


@pytest.mark.parametrize("y", [None, ["a"] * 20, [["a"]] * 19, np.full((20, 2), 2), [[]] * 20])
def test_what_is_no_set_of_labels_is_refused_by_the_estimator(encoder: Path, y: object) -> None:
    with pytest.raises(UsageError):
        MultiLabelClassifier(model=str(encoder)).fit(texts_and_sets(20)[0], y)


def test_numbers_stay_numbers_as_labels(encoder: Path, tmp_path: Path) -> None:
    texts, sets = texts_and_sets(60)
    numbers = {"bad": 3, "cosy": 10, "good": 7}
    y = [[numbers[label] for label in each] for each in sets]
    estimator = MultiLabelClassifier(model=str(encoder), epochs=1).fit(texts, y)
    assert estimator.classes_.tolist() == [3, 7, 10]
    estimator.save(tmp_path / "model")
    loaded = MultiLabelClassifier.load(tmp_path / "model")
    assert loaded.label_lists(texts) == estimator.label_lists(texts)
    assert {label for each in loaded.label_lists(texts) for label in each} <= {3, 7, 10}
    assert loaded.score(texts, y) == estimator.score(texts, y)


@pytest.mark.parametrize("mark", [";", "|", "；", ",", "、", "，"])
def test_each_separator_parts_labels_in_chinese_too(mark: str) -> None:
    frame = pd.DataFrame({"text": texts_and_sets(20)[0], "labels": [f"体育{mark} 财经", "财经"] * 10})
    task = read_dataset(DataOptions(train=frame, task="multi-label-classification")).task
    assert task.head.labels == ("体育", "财经")
