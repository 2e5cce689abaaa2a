"""text-regression through the whole path: numbers of any unit, singles and pairs, whole in transformers."""

import csv
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import sklearn.base
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from glassbert.errors import DataError, UsageError
from glassbert.runs.estimators import TextPairClassifier
from glassbert.runs.evaluate import evaluate
from glassbert.runs.ground import open_ground
from glassbert.runs.models import load
from glassbert.runs.predict import predict_file, predict_texts
from glassbert.runs.regressor import TextRegressor
from glassbert.show.looks import telling_rows
from glassbert.show.report import build_report
from glassbert.show.run_report import report_run
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions
from glassbert.train.log import read_metrics
from tests.runs.material import options, read_json, run, said_by, texts_and_labels

QUICK = {"epochs": 8, "patience": 99, "task": "text-regression"}
# far from 0 and of another size than 1: a model that ignored the unit could not come near
LOW, HIGH = 340.0, 420.0


def numbers(count: int = 160, *, seed: int = 0) -> tuple[list[str], list[float]]:
    """Texts with one telling word, and a number about LOW or HIGH."""
    texts, labels = texts_and_labels(count, seed=seed)
    noise = np.random.default_rng(seed).normal(0, 3, count)
    return texts, [
        (HIGH if label == "good" else LOW) + error for label, error in zip(labels, noise, strict=True)
    ]


def frame(count: int = 160, *, seed: int = 0) -> pd.DataFrame:
    texts, values = numbers(count, seed=seed)
    return pd.DataFrame({"text": texts, "score": [f"{value:.3f}" for value in values]})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    place = tmp_path_factory.mktemp("numbers")
    frame().to_csv(place / "scores.csv", index=False)
    run(place / "scores.csv", encoder, place / "run", keep_checkpoints=4, **QUICK)
    return place / "run"


def test_it_learns_numbers_in_their_own_unit(trained: Path) -> None:
    result = read_json(trained / "run.json")["result"]
    metrics, intervals = result["metrics"], result["intervals"]
    assert metrics["pearson"] > 0.9 and metrics["rmse"] < 20
    assert metrics["mse"] == pytest.approx(metrics["rmse"] ** 2)
    for name in ("pearson", "spearman", "mae", "rmse", "mse"):
        low, high = intervals[name]
        assert low <= metrics[name] <= high
    assert set(result["baselines"]) == {"mean", "tfidf_ridge"}
    assert result["baselines"]["mean"]["pearson"] == 0.0
    assert 35 < result["baselines"]["mean"]["rmse"] < 45
    assert result["target"]["mean"] == pytest.approx(380, abs=6)
    assert "confusion" not in result and "calibration" not in result
    assert result["verdict"]["outcome"] in ("better", "same", "worse", "mixed")


def test_loss_counts_in_variances_of_the_training_rows(trained: Path) -> None:
    result = read_json(trained / "run.json")["result"]
    expected = result["metrics"]["mse"] / result["target"]["scale"] ** 2
    assert result["metrics"]["loss"] == pytest.approx(expected)
    assert result["baselines"]["mean"]["loss"] == pytest.approx(1.0, abs=0.15)
    first = next(row for row in read_metrics(trained / "metrics.jsonl") if "validation_loss" in row)
    assert first["validation_loss"] < 3.0


def test_the_best_step_has_the_smallest_error(trained: Path) -> None:
    document = read_json(trained / "run.json")
    assert document["config"]["metric"] == {
        "value": "rmse", "from": "recipe", "reason": "the task's own measure chooses the best step"
    }  # fmt: skip
    log = [row for row in read_metrics(trained / "metrics.jsonl") if "validation_rmse" in row]
    best = min(log, key=lambda row: (row["validation_rmse"], row["validation_loss"]))
    assert document["result"]["best_step"] == best["step"]


def test_predictions_are_numbers_and_give_the_scores_again(trained: Path) -> None:
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "text", "label", "prediction", "windows"]
    given, found = (np.array([float(row[name]) for row in rows]) for name in ("label", "prediction"))
    metrics = read_json(trained / "run.json")["result"]["metrics"]
    assert scipy.stats.spearmanr(given, found).statistic == pytest.approx(metrics["spearman"], abs=1e-3)
    assert np.abs(given - found).mean() == pytest.approx(metrics["mae"], abs=1e-3)


def test_transformers_gives_the_same_numbers(trained: Path) -> None:
    transformers = pytest.importorskip("transformers")
    config = read_json(trained / "model" / "config.json")
    assert config["problem_type"] == "regression" and config["id2label"] == {"0": "score"}
    model = load(trained)
    texts = [text for text in numbers(30, seed=3)[0] if model.windows([text]).lengths.tolist()[1:] == []]
    assert len(texts) > 10
    ours = [each["score"] for each in predict_texts(model, texts).as_list()]
    pipeline = transformers.pipeline("text-classification", model=str(trained / "model"))
    theirs = pipeline(texts)
    assert {each["label"] for each in theirs} == {"score"}
    np.testing.assert_allclose(ours, [each["score"] for each in theirs], rtol=1e-5)
    assert max(ours) > 400 > 360 > min(ours)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(trained / "model")
    assert network.config.problem_type == "regression"


def test_evaluate_gives_what_the_rows_give(trained: Path, tmp_path: Path) -> None:
    other = frame(60, seed=3)
    other.to_csv(tmp_path / "other.csv", index=False)
    model = load(trained)
    found = evaluate(model, tmp_path / "other.csv")
    values = model.predict(other["text"].tolist()).answers
    assert found["metrics"]["rmse"] == pytest.approx(
        float(np.sqrt(((values - other["score"].astype(float)) ** 2).mean()))
    )
    assert found["metrics"]["loss"] == pytest.approx(
        found["metrics"]["mse"] / read_json(trained / "run.json")["result"]["target"]["scale"] ** 2
    )
    assert "confusion" not in found and "calibration_error" not in found
    predicted = predict_file(model, tmp_path / "other.csv", asked=Asked(text="text"))
    assert predicted.as_csv().splitlines()[0] == "row,text,prediction,windows"


@pytest.mark.parametrize("cell", ["1_000", "１", "nan", "inf", "-inf", "1,5", "1e999", "good", " 3", "0x10"])
def test_what_is_no_finite_number_is_refused_with_its_line(cell: str, tmp_path: Path, encoder: Path) -> None:
    rows = frame(20)
    rows.loc[4, "score"] = f'"{cell}"' if "," in cell else cell
    path = tmp_path / "bad.csv"
    path.write_text("text,score\n" + "".join(f"{a},{b}\n" for a, b in rows.itertuples(index=False)))
    with pytest.raises(DataError, match=r"bad\.csv:6: bad-number: 'score': ") as caught:
        run(path, encoder, tmp_path / "run", **QUICK)
    assert caught.value.total == 1
    assert not (tmp_path / "run").exists()


def test_bad_numbers_can_be_set_aside(tmp_path: Path, encoder: Path) -> None:
    rows = frame(40)
    rows.loc[[3, 7], "score"] = ["n/a", "inf"]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    reading = ReadOptions(on_bad_rows="skip")
    wanted = options(
        tmp_path / "rows.csv", encoder, tmp_path / "run", read=reading, **{**QUICK, "epochs": 0.5}
    )
    done, said = said_by(wanted)
    assert done.document["data"]["rejected"] == 2
    assert any("2 rows were set aside" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("value", "named"),
    [(True, "true or false"), (None, "missing-label"), ([1.0], "a list"), (math.inf, "range")],
)
def test_values_of_other_types_are_refused(value: object, named: str, tmp_path: Path, encoder: Path) -> None:
    rows = pd.DataFrame({"text": numbers(20)[0], "score": [1.5] * 10 + [2] * 9 + [value]}, dtype=object)
    with pytest.raises(DataError, match=named):
        run(rows, encoder, tmp_path / "run", **QUICK)


def test_one_number_for_all_is_refused_and_may_be_allowed(tmp_path: Path, encoder: Path) -> None:
    same = frame(40).assign(score="2.5")
    with pytest.raises(DataError, match="single-number: all 40 rows have the number 2.5"):
        run(same, encoder, tmp_path / "run", label_column="score", **QUICK)
    done = run(
        same, encoder, tmp_path / "run", label_column="score", allow_degenerate=True, **{**QUICK, "epochs": 1}
    )
    assert done.document["result"]["verdict"]["outcome"] == "too-few"
    assert done.document["result"]["metrics"]["pearson"] == 0.0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"class_weights": "balanced"}, "--class-weights is given, and text-regression has no classes"),
        ({"label_smoothing": 0.1}, "--label-smoothing is given"),
        ({"metric": "accuracy"}, "--metric is 'accuracy', which text-regression does not have"),
    ],
)
def test_options_of_classes_are_refused(
    change: dict[str, object], named: str, tmp_path: Path, encoder: Path
) -> None:
    with pytest.raises(UsageError, match=named):
        run(frame(40), encoder, tmp_path / "run", **QUICK, **change)


def test_pairs_are_read_where_the_file_holds_them(tmp_path: Path, encoder: Path) -> None:
    texts, values = numbers(60)
    data = pd.DataFrame({"sentence1": ["the film"] * 60, "sentence2": texts, "score": values})
    done = run(data, encoder, tmp_path / "run", **{**QUICK, "epochs": 1})
    assert done.document["data"]["columns"]["pair"] == "sentence2"
    model = load(tmp_path / "run")
    found = predict_texts(model, [("the film", "it is fine .")])
    assert np.isfinite(found.predictions.answers).all()
    notes = done.document["result"]["baselines"]["tfidf_ridge"]["notes"]
    assert any("cosine" in note for note in notes)


def test_a_landscape_stands_on_the_loss_that_was_trained(trained: Path) -> None:
    """The saved head says numbers in the data's unit; the trained loss wants them standardised again."""
    ground = open_ground(trained)
    training, held_out = ground.losses(rows=200)
    with torch.no_grad():
        value = float(sum(part() for part in held_out.parts)) / held_out.weight
    assert value == pytest.approx(read_json(trained / "run.json")["result"]["metrics"]["loss"], rel=1e-3)
    best = ground.weights(f"step-{ground.best_step}")
    for name, tensor in ground.weights("final").items():
        torch.testing.assert_close(tensor, best[name], rtol=1e-4, atol=1e-5)


def test_the_report_shows_the_numbers(trained: Path, tmp_path: Path) -> None:
    report = build_report(trained)
    assert report.confusion is None and report.numbers is not None
    assert report.numbers.name == "score" and report.numbers.total == len(report.numbers.row)
    errors = report.numbers.predicted - report.numbers.given
    rmse = next(each.value for each in report.score.contenders[0].scores if each.metric == "rmse")
    assert np.sqrt((errors**2).mean()) == pytest.approx(rmse, rel=1e-4)
    page = report_run(trained, tmp_path / "report.html", looks=2)
    assert page.stat().st_size > 10_000
    worst, *_, nearest = telling_rows(trained / "predictions.csv", 4)
    size = dict(zip(report.numbers.row.tolist(), np.abs(errors).tolist(), strict=True))
    assert not worst.right and nearest.right
    assert size[worst.number] > size[nearest.number]


def test_a_report_of_other_predictions_is_refused(trained: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(trained, tmp_path / "run"))
    lines = (other / "predictions.csv").read_text(encoding="utf-8").splitlines()
    first = lines[1].rsplit(",", 2)
    lines[1] = ",".join([first[0], "9999", first[2]])
    (other / "predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="run-contradicts-itself"):
        build_report(other)


def test_the_regressor_keeps_scikit_learns_contract(encoder: Path, tmp_path: Path) -> None:
    texts, values = numbers(120)
    common = {"model": str(encoder), "epochs": 6, "learning_rate": 8e-3, "batch_size": 16}
    regressor = clone(TextRegressor(**common)).fit(texts, values)
    others, wanted = numbers(40, seed=5)
    assert regressor.score(others, wanted) > 0.7
    assert sklearn.base.is_regressor(regressor)
    regressor.save(tmp_path / "model")
    again = TextRegressor.load(tmp_path / "model")
    assert np.array_equal(again.predict(others), regressor.predict(others))
    assert load(tmp_path / "model").task.name == "text-regression"
    alone = np.concatenate([regressor.predict([text]) for text in others])
    np.testing.assert_allclose(alone, regressor.predict(others), rtol=1e-5)
    quick = TextRegressor(**{**common, "epochs": 0.5})
    search = GridSearchCV(quick, {"learning_rate": [1e-5, 8e-3]}, cv=2, error_score="raise", refit=False)
    assert len(search.fit(texts[:40], values[:40]).cv_results_["mean_test_score"]) == 2
    with pytest.raises(UsageError, match="not for text-pair"):
        TextPairClassifier.load(tmp_path / "model")


@pytest.mark.parametrize("y", [None, ["a"] * 20, [np.nan] * 20, [1.0] * 19, [None] * 20, [[1.0, 2.0]] * 20])
def test_what_is_no_number_is_refused_by_the_regressor(encoder: Path, y: object) -> None:
    with pytest.raises(ValueError):
        TextRegressor(model=str(encoder)).fit(numbers(20)[0], y)
