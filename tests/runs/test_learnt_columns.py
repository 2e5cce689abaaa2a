"""A model reads of other files the columns that its run learnt from."""

from pathlib import Path

import pandas as pd
import pytest

from glassbert.runs.evaluate import evaluate
from glassbert.runs.learnt_columns import learnt_columns
from glassbert.runs.models import load
from glassbert.runs.predict import predict_file
from glassbert.text.asked import Asked
from tests.runs.material import run, texts_and_labels


@pytest.fixture(scope="module")
def two() -> pd.DataFrame:
    """Two columns of text, of which the second is learnt."""
    texts, labels = texts_and_labels(60, seed=5)
    others = [f"nothing at all is said in row {number}" for number in range(60)]
    return pd.DataFrame({"text": others, "body": texts, "label": labels})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, two: pd.DataFrame, encoder: Path) -> Path:
    place = tmp_path_factory.mktemp("learnt")
    two.to_csv(place / "two.csv", index=False)
    return run(place / "two.csv", encoder, place / "run", text_column="body", epochs=1).path


@pytest.mark.parametrize("part", [".", "model"])
def test_the_column_that_was_learnt_is_read(trained: Path, two: pd.DataFrame, part: str) -> None:
    found = predict_file(load(trained / part), two)
    assert found.examples.texts == two["body"].tolist()
    assert any(note.startswith("text: 'body', as in the training file") for note in found.notes)


def test_scores_are_those_of_the_column_that_was_learnt(trained: Path, two: pd.DataFrame) -> None:
    alone = evaluate(load(trained), two[["body", "label"]])
    assert evaluate(load(trained), two)["metrics"] == alone["metrics"]
    assert evaluate(load(trained), two, asked=Asked(text="text"))["metrics"] != alone["metrics"]


def test_a_column_that_is_named_wins(trained: Path, two: pd.DataFrame) -> None:
    assert predict_file(load(trained), two, asked=Asked(text="text")).examples.texts == two["text"].tolist()


def test_a_file_without_the_column_is_guessed_as_ever(trained: Path, two: pd.DataFrame) -> None:
    found = predict_file(load(trained), two[["text", "label"]])
    assert found.examples.texts == two["text"].tolist()
    assert "text: the training file calls this column 'body'" in found.notes


def test_pairs_keep_their_order(tmp_path: Path, encoder: Path) -> None:
    texts, labels = texts_and_labels(60, seed=6)
    frame = pd.DataFrame({"句子1": texts, "句子2": texts[::-1], "标签": labels})
    frame.to_csv(tmp_path / "pairs.csv", index=False)
    options = {"text_column": "句子2", "pair_column": "句子1", "task": "text-pair-classification"}
    done = run(tmp_path / "pairs.csv", encoder, tmp_path / "run", epochs=1, **options)
    found = predict_file(load(done.path), frame.drop(columns="标签"))
    assert found.examples.texts == list(zip(frame["句子2"], frame["句子1"], strict=True))


def test_the_column_of_tags_that_was_learnt_is_judged(tmp_path: Path, encoder: Path) -> None:
    file = tmp_path / "three.conll"
    file.write_text("".join(f"q{n} O N\nwarm B-LOC A\nfilm I-LOC N\n\n" for n in range(60)))
    done = run(file, encoder, tmp_path / "run", epochs=1, task="token-classification", label_column="2")
    assert learnt_columns(load(done.path)).label == "2"
    assert set(evaluate(load(done.path), file)["metrics"]) >= {"precision", "recall", "f1"}


def test_columns_of_0_and_1_are_judged_together(tmp_path: Path, encoder: Path) -> None:
    texts, _ = texts_and_labels(60, seed=7)
    frame = pd.DataFrame(
        {"text": texts, "film": ["0", "1"] * 30, "plot": ["1", "1", "0"] * 20, "new": ["0", "1"] * 30}
    )
    frame.to_csv(tmp_path / "sets.csv", index=False)
    asked = {"label_column": "film,plot", "task": "multi-label-classification"}
    done = run(tmp_path / "sets.csv", encoder, tmp_path / "run", epochs=1, **asked)
    assert learnt_columns(load(done.path)).indicators == ("film", "plot")
    assert evaluate(load(done.path), frame)["labels"] == ["film", "plot"]


def test_of_a_model_that_is_no_run_nothing_is_known(encoder: Path) -> None:
    assert learnt_columns(load(encoder)) is None
