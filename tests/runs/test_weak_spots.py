"""A run keeps what its rows can be sliced by; whoever reads its files finds the same slices and suspects."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glassbert.runs.evaluate import evaluate
from glassbert.runs.models import load
from glassbert.runs.weak_spots import JudgedRows, as_written, find_slices, suspects_of
from glassbert.show.report import build_report
from tests.runs.material import read_json, run, texts_and_labels

COUNT = 700


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with a source, a number, an id and a formula; those of one source bear labels at random."""
    texts, labels = texts_and_labels(COUNT)
    random = np.random.default_rng(3)
    source = random.choice(["web", "=mail()", ""], COUNT, p=[0.5, 0.25, 0.25])
    noisy = [
        str(random.choice(["good", "bad"])) if each == "=mail()" else label
        for label, each in zip(labels, source, strict=True)
    ]
    path = tmp_path_factory.mktemp("sliced") / "rows.csv"
    pd.DataFrame(
        {
            "id": range(COUNT),
            "text": texts,
            "label": noisy,
            "source": source,
            "year": random.integers(1990, 2024, COUNT),
        }
    ).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def sliced(data: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(data, encoder, tmp_path_factory.mktemp("sliced") / "run").path


def test_predictions_keep_what_slices(sliced: Path, data: Path) -> None:
    frame = pd.read_csv(sliced / "predictions.csv", dtype=str, keep_default_na=False)
    assert list(frame.columns)[-4:] == ["windows", "tokens", "column:source", "column:year"]
    whole = pd.read_csv(data, dtype=str, keep_default_na=False)
    lines = frame["row"].astype(int) - 2
    assert frame["column:year"].tolist() == whole["year"][lines].tolist()
    safe = [f"'{cell}" if cell.startswith("=") else cell for cell in whole["source"][lines]]
    assert frame["column:source"].tolist() == safe, "no cell is a formula"


def test_tokens_are_those_of_the_whole_text(sliced: Path) -> None:
    frame = pd.read_csv(sliced / "predictions.csv", keep_default_na=False)
    model = load(sliced)
    for text, tokens in zip(frame["text"][:20], frame["tokens"][:20], strict=True):
        assert tokens == model.tokenizer.windows([text], max_length=512).scored.sum()


def test_report_finds_the_slices_and_suspects_of_run_json(sliced: Path) -> None:
    result = read_json(sliced / "run.json")["result"]
    report = build_report(sliced)
    table, written = report.slices, result["slices"]
    assert len(table.verdict) == len(written["slices"]) > 10 and table.tested == written["tested"]
    for i, each in enumerate(written["slices"]):
        slicing = table.slicings[table.slicing[i]]
        assert (slicing.kind, slicing.name) == (each["kind"], each["name"])
        assert each.get("value", "") == slicing.value[table.bin[i]]
        assert [each["rows"], each["right"], each["verdict"]] == [
            table.rows[i],
            table.right[i],
            table.verdict[i],
        ]
        assert each["interval"] == [table.low[i], table.high[i]]
        assert each["difference_interval"] == [table.difference_low[i], table.difference_high[i]]
        assert each["p_adjusted"] == (None if np.isnan(table.adjusted[i]) else table.adjusted[i])
    assert {(e.kind, e.name, e.reason) for e in table.left_out} == {
        (e["kind"], e["name"], e["reason"]) for e in written["left_out"]
    }
    assert ("column", "id", "value-per-row") in {(e.kind, e.name, e.reason) for e in table.left_out}
    suspects = result["suspects"]
    assert (suspects["silence"] or "") == report.suspects.silence
    assert [each["row"] for each in suspects["suspects"]] == report.suspects.row.tolist()
    assert suspects["estimated"] == report.suspects.estimated


def test_every_row_is_in_exactly_one_bin_of_every_slicing(sliced: Path) -> None:
    table = build_report(sliced).slices
    rows = read_json(sliced / "run.json")["data"]["split"]["evaluation_rows"]
    assert table.row.tolist() == rows
    for number, slicing in enumerate(table.slicings):
        assert table.rows[table.slicing == number].sum() == len(rows) == len(slicing.bin)


def test_source_of_random_labels_is_the_weak_slice(sliced: Path) -> None:
    result = read_json(sliced / "run.json")["result"]
    worst = [each for each in result["slices"]["slices"] if each["verdict"] == "worse"]
    assert ("source", "=mail()") in [(each["name"], each.get("value")) for each in worst]
    assert all(each["name"] != "year" for each in worst)


def test_evaluate_gives_the_same_slices_on_the_same_rows(sliced: Path, data: Path, tmp_path: Path) -> None:
    written = read_json(sliced / "run.json")
    whole = pd.read_csv(data, dtype=str, keep_default_na=False)
    lines = np.array(written["data"]["split"]["evaluation_rows"]) - 2
    whole.iloc[lines].to_csv(tmp_path / "held.csv", index=False)
    found = evaluate(load(sliced), tmp_path / "held.csv")
    assert found["slices"] == written["result"]["slices"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_rows_that_the_model_learnt_from_have_no_suspects(sliced: Path, data: Path) -> None:
    found = evaluate(load(sliced), data)["suspects"]
    assert (found["silence"], found["suspects"], found["estimated"]) == ("training-rows", [], None)
    assert evaluate(load(sliced / "model"), data)["suspects"]["silence"] == "training-rows"


def test_run_judged_on_its_own_training_file_has_no_suspects(
    data: Path, encoder: Path, tmp_path: Path
) -> None:
    done = run(data, encoder, tmp_path / "run", evaluation=data, epochs=0.2)
    assert read_json(done.path / "run.json")["result"]["suspects"]["silence"] == "training-rows"
    assert build_report(done.path).suspects.silence == "training-rows"


def judged(*, accuracy: float, rows: int = 300, commonest: float = 0.5, scores: bool = True) -> JudgedRows:
    random = np.random.default_rng(0)
    given = (random.random(rows) >= commonest).astype(np.int64)
    answer = np.where(random.random(rows) < accuracy, given, 1 - given)
    sure = as_written(0.5 + random.random(rows) / 2)
    both = np.where(np.arange(2) == answer[:, None], sure[:, None], 1 - sure[:, None])
    return JudgedRows(
        labels=("a", "b"), rows=np.arange(rows), texts=["a text"] * rows, given=given, answer=answer,
        confidence=sure, scores=both if scores else None, tokens=None,
    )  # fmt: skip


def test_suspects_are_named_only_by_a_model_that_beats_its_baselines() -> None:
    assert suspects_of(judged(accuracy=0.9), outcome="better").silence == ""
    assert suspects_of(judged(accuracy=0.9), outcome=None).silence == ""
    assert suspects_of(judged(accuracy=0.9), outcome="same").silence == "not-better"
    assert suspects_of(judged(accuracy=0.9, commonest=0.95), outcome="better").silence == "not-better"
    assert suspects_of(judged(accuracy=0.5), outcome=None).silence == "not-better"
    assert suspects_of(judged(accuracy=0.9, scores=False), outcome="better").silence == "no-scores"


def test_rows_without_recorded_tokens_are_not_sliced_by_length() -> None:
    left = {(each.kind, each.reason) for each in find_slices(judged(accuracy=0.9)).left_out}
    assert left == {("length", "not-recorded"), ("script", "one-value")}


def test_numbers_are_as_a_reader_of_the_file_finds_them() -> None:
    values = np.random.default_rng(0).random((50, 3))
    expected = [[float(f"{value:.6f}") for value in row] for row in values]
    assert as_written(values).tolist() == expected
