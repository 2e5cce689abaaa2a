"""Tables of predictions: whole for every reader, harmless in a spreadsheet, and exactly invertible."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from glassbert.runs.predictions import FORMULA_STARTS, plain_cell, predictions_csv, write_predictions
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.tables import read_table

LABELS = ("bad", "good")
ODD = st.text(st.sampled_from("=+-@\t\r\n'\"\\,ab ＝é\u2028"), max_size=8)


def table(texts: list, labels: tuple[str, ...] = LABELS, known: bool = True) -> str:
    count = len(texts)
    scores = np.tile([0.25, 0.75], (count, 1))
    predictions = Predictions(
        logits=np.log(scores), scores=scores, answers=np.ones(count, int), windows=np.full(count, 2)
    )
    targets = np.zeros(count, dtype=np.int64) if known else None
    examples = Examples(texts=texts, targets=targets, rows=np.arange(5, 5 + count))
    return predictions_csv(examples, predictions, task=TextClassification.of_labels(labels))


def test_columns_and_values_are_as_documented() -> None:
    assert table(["fine, really"]) == (
        "row,text,label,prediction,confidence,score:bad,score:good,windows\n"
        '5,"fine, really",bad,good,0.750000,0.250000,0.750000,2\n'
    )


def test_without_known_labels_there_is_no_label_column() -> None:
    assert table(["x"], known=False).startswith("row,text,prediction,")


def test_pairs_have_two_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(table([("a", "b"), ("c", "d")]))))
    assert [(row["text"], row["pair"]) for row in rows] == [("a", "b"), ("c", "d")]


def test_no_text_gives_a_header_alone() -> None:
    assert table([]).count("\n") == 1


@given(st.lists(ODD, max_size=5))
def test_any_text_comes_back_through_any_reader(texts: list[str]) -> None:
    written = table(texts)
    rows = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [plain_cell(row["text"]) for row in rows] == texts
    plainly = {"dtype": str, "keep_default_na": False, "lineterminator": "\n"}
    frame = pd.read_csv(io.StringIO(written, newline=""), **plainly)
    assert [plain_cell(text) for text in frame["text"]] == texts


@given(st.lists(ODD, min_size=1, max_size=5))
def test_no_cell_begins_as_a_formula_does(texts: list[str]) -> None:
    for row in csv.reader(io.StringIO(table(texts, labels=("=1+1", "@x")), newline="")):
        assert not any(cell.startswith(FORMULA_STARTS) for cell in row)


@given(ODD)
def test_a_plain_cell_is_left_alone(text: str) -> None:
    if not text.startswith("'"):
        assert plain_cell(text) == text


def test_our_own_reader_reads_it(tmp_path: Path) -> None:
    texts = ["a, b", "c\nd", '"', "=cmd()", "x" * 200_000]
    scores = np.tile([0.25, 0.75], (len(texts), 1))
    predictions = Predictions(logits=scores, scores=scores, answers=np.ones(5, int), windows=np.ones(5, int))
    examples = Examples(texts=list(texts), targets=None, rows=np.arange(5))
    write_predictions(
        tmp_path / "predictions.csv", examples, predictions, task=TextClassification.of_labels(LABELS)
    )
    read = read_table(tmp_path / "predictions.csv").frame["text"].tolist()
    assert [plain_cell(text) for text in read] == texts
