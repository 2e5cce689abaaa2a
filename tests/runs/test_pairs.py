"""text-pair-classification through the whole path, from the columns of a file to an estimator."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from glassbert.errors import DataError, UsageError
from glassbert.runs.estimators import TextClassifier, TextPairClassifier
from glassbert.runs.evaluate import evaluate
from glassbert.runs.models import load
from glassbert.runs.predict import predict_file, predict_texts
from glassbert.show.looks import look_inside, telling_rows
from glassbert.show.report import build_report
from glassbert.show.run_report import report_run
from glassbert.text.asked import Asked
from tests.runs.material import options, read_json, run, said_by, texts_and_labels

QUICK = {"epochs": 8, "patience": 99}


def pairs(count: int = 120, *, seed: int = 0) -> tuple[list[tuple[str, str]], list[str]]:
    """The second text alone decides: who reads only the first cannot do better than chance."""
    seconds, labels = texts_and_labels(count, seed=seed)
    firsts = [f"the film {number} is a film" for number in np.random.default_rng(seed).permutation(count)]
    return list(zip(firsts, seconds, strict=True)), labels


def write_pairs(path: Path, count: int = 120, *, seed: int = 0) -> Path:
    texts, labels = pairs(count, seed=seed)
    frame = pd.DataFrame(texts, columns=["premise", "hypothesis"]).assign(gold_label=labels)
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    """A finished run on pairs."""
    place = tmp_path_factory.mktemp("pairs")
    data = write_pairs(place / "pairs.csv")
    run(data, encoder, place / "run", task="text-pair-classification", **QUICK)
    return place / "run"


def test_the_run_says_what_it_read_and_learns_from_the_second_text(trained: Path) -> None:
    document = read_json(trained / "run.json")
    assert document["task"] == "text-pair-classification"
    columns = document["data"]["columns"]
    assert (columns["text"], columns["pair"], columns["label"]) == ("premise", "hypothesis", "gold_label")
    assert document["result"]["metrics"]["accuracy"] > 0.85
    assert set(document["result"]["baselines"]) == {"majority", "tfidf"}


def test_predictions_hold_both_texts(trained: Path) -> None:
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"row", "text", "pair", "label", "prediction", "confidence", "windows"} <= set(rows[0])
    given = {str(number): texts for number, texts in enumerate(pairs()[0], start=2)}
    assert all((row["text"], row["pair"]) == given[row["row"]] for row in rows)


def test_the_model_directory_is_a_pair_classifier_to_transformers(trained: Path) -> None:
    transformers = pytest.importorskip("transformers")
    config = read_json(trained / "model" / "config.json")
    assert config["problem_type"] == "single_label_classification"
    assert read_json(trained / "model" / "glassbert.json")["task"] == "text-pair-classification"
    tokenizer = transformers.AutoTokenizer.from_pretrained(trained / "model")
    network = transformers.AutoModelForSequenceClassification.from_pretrained(trained / "model").eval()
    texts = [pair for pair in pairs(30, seed=3)[0] if len(tokenizer(*pair)["input_ids"]) <= 19]
    model = load(trained)
    assert (model.predict(texts).windows == 1).sum() > 5
    for pair, logits, windows in zip(texts, model.logits(texts), model.predict(texts).windows, strict=True):
        with torch.no_grad():
            theirs = network(**tokenizer(*pair, return_tensors="pt")).logits[0].numpy()
        if windows == 1:
            np.testing.assert_allclose(logits, theirs, atol=1e-5)


def test_evaluate_finds_the_columns_and_gives_what_the_run_gave(trained: Path, tmp_path: Path) -> None:
    other = write_pairs(tmp_path / "other.csv", 60, seed=8)
    found = evaluate(load(trained), other)
    assert found["metrics"]["accuracy"] > 0.85
    swapped = evaluate(load(trained), other, asked=Asked(text="hypothesis", pair="premise"))
    assert swapped["metrics"]["accuracy"] < found["metrics"]["accuracy"]


def test_predict_reads_pairs_and_refuses_single_texts(trained: Path, tmp_path: Path) -> None:
    model = load(trained)
    found = predict_file(model, write_pairs(tmp_path / "new.csv", 20, seed=5))
    assert [len(text) for text in found.examples.texts] == [2] * 20
    assert set(found.as_list()[0]) == {"label", "score", "scores"}
    given = predict_texts(model, [("a film", "the film is dull ."), ("a film", "the film is warm .")])
    assert [each["label"] for each in given.as_list()] == ["bad", "good"]
    with pytest.raises(UsageError, match="reads pairs"):
        predict_texts(model, ["the film is dull ."])


def test_a_file_of_single_texts_is_refused(encoder: Path, rows: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing-pair-column.*--pair-column"):
        run(rows, encoder, tmp_path / "run", task="text-pair-classification")


def test_a_column_of_second_texts_is_refused_where_one_text_is_read(
    encoder: Path, rows: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="--pair-column is 'label'.*--task text-pair-classification"):
        run(rows, encoder, tmp_path / "run", pair_column="label")


def test_rows_without_agreement_are_named(encoder: Path, tmp_path: Path) -> None:
    texts, labels = pairs(60)
    labels[:2] = ["-", "-"]
    frame = pd.DataFrame(texts, columns=["sentence1", "sentence2"]).assign(label=labels)
    wanted = options(frame, encoder, tmp_path / "run", task="text-pair-classification", epochs=0.5)
    _, said = said_by(wanted)
    assert any("2 rows have the label '-'" in sentence for sentence in said)


def test_a_stopped_run_remembers_its_column_of_second_texts(trained: Path) -> None:
    assert read_json(trained / "run.json")["request"]["data"]["pair_column"] is None


def test_the_report_holds_the_pairs(trained: Path, tmp_path: Path) -> None:
    page = report_run(trained, tmp_path / "report.html", looks=1)
    assert page.stat().st_size > 10_000
    first, second = build_report(trained).confusion.examples.text[0].split(" ‖ ")
    assert (first, second) in pairs()[0]
    (row,) = telling_rows(trained / "predictions.csv", 1)
    assert (row.text, row.pair) in pairs()[0]
    explained, *_ = look_inside(load(trained), [row], room=10**6, say=lambda _: None)
    assert explained.record.text == row.text and explained.record.pair == row.pair


def test_the_estimator_takes_pairs_in_any_container(encoder: Path, tmp_path: Path) -> None:
    texts, labels = pairs(60)
    common = {"model": str(encoder), "epochs": 1, "learning_rate": 5e-3}
    estimator = TextPairClassifier(**common).fit(texts, labels)
    expected = estimator.predict_proba(texts)
    for container in (np.array(texts), pd.DataFrame(texts), list(map(list, texts))):
        assert np.array_equal(estimator.predict_proba(container), expected)
    estimator.save(tmp_path / "model")
    again = TextPairClassifier.load(tmp_path / "model")
    assert np.abs(again.predict_proba(texts) - expected).max() < 1e-9
    assert load(tmp_path / "model").task.name == "text-pair-classification"
    for wrong in (["a", "b"], [("a", "b"), "c"], [("a", "b", "c")], np.zeros((3, 2)), "ab"):
        with pytest.raises(UsageError, match="not-a-pair|not-texts"):
            estimator.predict(wrong)


def test_an_estimator_of_pairs_does_not_load_a_model_of_single_texts(finished: Path) -> None:
    with pytest.raises(UsageError, match="text-classification"):
        TextPairClassifier.load(finished)
    assert TextClassifier.load(finished).classes_.tolist() == ["bad", "good"]
