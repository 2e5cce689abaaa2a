"""From a run directory to a report: everything it holds, nothing it does not, and no contradiction passes."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.lens.report_records import Report
from glassbert.show import predictions as predictions_module
from glassbert.show.report import build_report, write_report
from tests.show.make_attention import ENGLISH, make_attention
from tests.show.make_run import KINDS, TEMPERATURE, make_run


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


def document(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return found


def edit(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edited = document(run)
    change(edited)
    (run / "run.json").write_text(json.dumps(edited), encoding="utf-8")


def edit_rows(run: Path, change: Callable[[list[list[str]]], object]) -> None:
    path = run / "predictions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_report_holds_the_facts(original: Path) -> None:
    facts = build_report(original).facts
    assert (facts.run_id, facts.status, facts.seed) == ("reviews-20251121-203342", "finished", "20251121")
    assert [(file.role, file.path, file.rows) for file in facts.files] == [
        ("train", "reviews.csv", 7792),
        ("evaluation", "reviews-dev.csv", 872),
    ]
    assert (facts.num_train, facts.num_validation, facts.num_evaluation) == (6920, 872, 872)
    settings = {setting.name: setting for setting in facts.settings}
    assert settings["learning_rate"].value == "0.0002" and settings["learning_rate"].source == "recipe"
    assert settings["patience"].value == "null"
    assert (facts.text_column, facts.pair_column, facts.label_column) == ("review", None, "stars")
    assert {version.name: version.value for version in facts.versions}["torch"] == "2.13.0"


def test_report_holds_the_scores_of_run_json(original: Path) -> None:
    result = document(original)["result"]
    card = build_report(original).score
    assert [contender.name for contender in card.contenders] == ["model", "majority", "tfidf"]
    for contender in card.contenders:
        recorded = result["metrics"] if contender.name == "model" else result["baselines"][contender.name]
        ends = result["intervals"] if contender.name == "model" else recorded["intervals"]
        for score in contender.scores:
            assert score.value == recorded[score.metric]
            expected = ends.get(score.metric)
            assert (score.low, score.high) == ((None, None) if expected is None else tuple(expected))
    assert (card.better, card.verdict) == (True, result["verdict"]["text"])
    assert (card.rival, card.judged_by) == ("tfidf", "accuracy")
    assert (card.tokens_seen, card.long_texts) == (1_231_872, 12)


def test_of_an_older_run_the_verdict_is_about_its_last_baseline(run: Path) -> None:
    edit(run, lambda all: [all["result"]["verdict"].pop(name) for name in ("rival", "metric")])
    card = build_report(run).score
    assert (card.rival, card.judged_by) == ("tfidf", None)


def test_report_recovers_the_reliability_before_the_temperature(original: Path) -> None:
    calibration = build_report(original).score.calibration
    bins = calibration.before
    gap = np.abs(bins.accuracy - bins.confidence) @ bins.count / bins.count.sum()
    assert calibration.temperature == TEMPERATURE and bins.count.sum() == 872
    assert abs(gap - calibration.ece_before) < 2e-3 < abs(calibration.ece_after - calibration.ece_before)


def test_report_does_not_invent_a_reliability_that_contradicts_run_json(run: Path) -> None:
    edit(run, lambda all: all["result"]["calibration"].update(ece_before=0.4))
    assert build_report(run).score.calibration.before is None


def test_report_takes_scores_before_the_temperature_as_such(run: Path) -> None:
    def uncalibrate(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            raised = np.array([float(cell) for cell in row[5:7]]) ** TEMPERATURE
            row[5:7] = [f"{value:.9f}" for value in raised / raised.sum()]

    expected = build_report(run).score.calibration.before
    edit_rows(run, uncalibrate)
    found = build_report(run).score.calibration.before
    np.testing.assert_array_equal(found.count, expected.count)
    np.testing.assert_allclose(found.accuracy, expected.accuracy)


def test_report_holds_the_curves_without_the_steps_a_resume_undid(original: Path) -> None:
    curves = build_report(original).curves
    lines = [json.loads(line) for line in (original / "metrics.jsonl").read_text().splitlines()]
    marker = next(i for i, line in enumerate(lines) if line.get("event") == "resume")
    undone = [line for line in lines[:marker] if line["step"] > lines[marker]["step"]]
    assert len(undone) == 3, "the fixture must hold steps to undo"
    (loss,) = [series for series in curves.series if series.name == "loss"]
    kept = {line["step"]: line["loss"] for line in lines if "loss" in line}  # the later line of a step wins
    assert loss.step.tolist() == list(range(1, 641))
    assert loss.value.tolist() == [kept[step] for step in range(1, 641)]
    assert curves.resumed.tolist() == [320] and curves.best_step == 480


def test_report_holds_every_evaluation_row(original: Path) -> None:
    confusion = build_report(original).confusion
    with (original / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    examples = confusion.examples
    assert examples.total == len(rows) == len(examples.row)
    for i in (0, 11, 400, 871):
        assert examples.row[i] == int(rows[i]["row"])
        assert examples.text[i] == rows[i]["text"][:2000] and examples.length[i] == len(rows[i]["text"])
        assert confusion.labels[examples.true[i]] == rows[i]["label"]
        assert confusion.labels[examples.predicted[i]] == rows[i]["prediction"]
        assert examples.confidence[i] == np.float32(rows[i]["confidence"])
    assert confusion.matrix.tolist() == document(original)["result"]["confusion"]


def test_mistakes_are_the_wrong_rows_most_confident_first(original: Path) -> None:
    examples = build_report(original).confusion.examples
    mistakes = examples.mistakes()
    assert set(mistakes) == set(np.flatnonzero(examples.true != examples.predicted))
    assert (np.diff(examples.confidence[mistakes]) <= 0).all() and len(mistakes) > 20


def test_capped_examples_keep_every_mistake_first(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build_report(original).confusion
    wrong = set(whole.examples.row[whole.examples.mistakes()].tolist())
    monkeypatch.setattr(predictions_module, "MAX_EXAMPLES", len(wrong) + 10)
    capped = build_report(original).confusion
    assert len(capped.examples.row) == len(wrong) + 10 and capped.examples.total == 872
    assert wrong <= set(capped.examples.row.tolist())
    assert (np.diff(capped.examples.row) > 0).all()
    np.testing.assert_array_equal(capped.matrix, whole.matrix)


def test_capped_characters_keep_the_most_confident_mistakes(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions_module, "MAX_CHARACTERS", 500)
    examples = build_report(original).confusion.examples
    assert 0 < sum(map(len, examples.text)) <= 500
    assert (examples.true != examples.predicted).all()


def test_long_text_says_how_long_it_was(run: Path) -> None:
    edit_rows(run, lambda rows: rows[1].__setitem__(1, "长" * 5000))
    examples = build_report(run).confusion.examples
    assert examples.text[0] == "长" * 2000 and examples.length[0] == 5000


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_report_of_every_kind_survives_its_bytes(kind: str, tmp_path: Path) -> None:
    report = build_report(make_run(tmp_path / "run", kind))
    assert Report.from_bytes(report.to_bytes()).to_bytes() == report.to_bytes()
    assert report.confusion.labels == KINDS[kind].labels


@pytest.mark.parametrize("status", ["running", "stopped"])
def test_report_of_an_unfinished_run_gives_what_there_is(tmp_path: Path, status: str) -> None:
    report = build_report(make_run(tmp_path / "run", status=status))
    assert report.facts.status == status
    assert report.score is None and report.confusion is None
    assert len(report.curves.series) == 6


def test_report_of_a_run_that_only_began(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format_version": 1}', encoding="utf-8")
    report = build_report(tmp_path)
    assert (report.score, report.curves, report.confusion) == (None, None, None)
    assert report.facts.labels == () and report.facts.num_train is None


def test_report_without_predictions_keeps_the_matrix(run: Path) -> None:
    (run / "predictions.csv").unlink()
    confusion = build_report(run).confusion
    assert confusion.matrix.sum() == 872 and len(confusion.examples.row) == 0
    assert confusion.examples.total == 872


def test_log_of_a_killed_run_is_read_up_to_its_last_whole_line(run: Path) -> None:
    log = run / "metrics.jsonl"
    before = build_report(run).curves
    log.write_bytes(log.read_bytes() + b'{"step": 641, "lo')
    assert build_report(run).curves.to_bytes() == before.to_bytes()


def test_log_value_that_is_null_is_a_gap(run: Path) -> None:
    log = run / "metrics.jsonl"
    log.write_bytes(log.read_bytes() + b'{"step": 700, "loss": null}\n')
    (loss,) = [series for series in build_report(run).curves.series if series.name == "loss"]
    assert loss.step[-1] == 700 and np.isnan(loss.value[-1])


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"3",
        b"{}",
        b'{"step": 1.5}',
        b'{"step": -1}',
        b'{"step": true}',
        b'{"step": 800, "loss": "low"}',
        b'{"step": 800, "loss": NaN}',
        b'{"step": 800, "loss": true}',
        b'{"step": 3, "loss": 0.5}',
        b'{"step": 99999999999, "loss": 0.5}',
        b"\xff",
    ],
    ids=repr,
)
def test_log_with_a_wrong_line_names_it(run: Path, line: bytes) -> None:
    log = run / "metrics.jsonl"
    number = log.read_bytes().count(b"\n") + 1
    log.write_bytes(log.read_bytes() + line + b"\n")
    with pytest.raises(DataError) as caught:
        build_report(run)
    assert caught.value.problems[0].line == number and caught.value.problems[0].file == str(log)


def test_directory_without_a_run_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="not-a-run"):
        build_report(tmp_path)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda all: all.update(format_version=2), "format_version"),
        (lambda all: all.pop("format_version"), "format_version"),
        (lambda all: all.update(labels="x"), "labels"),
        (lambda all: all.update(labels=["a", 3]), r"labels\[1\]"),
        (lambda all: all["data"]["sizes"].update(train="many"), "data.sizes.train"),
        (lambda all: all["data"]["sizes"].update(train=True), "data.sizes.train"),
        (lambda all: all.update(model=[]), "model"),
        (lambda all: all["result"]["metrics"].update(accuracy="high"), "result.metrics.accuracy"),
        (lambda all: all["result"]["intervals"].update(accuracy=[0.1]), "result.intervals.accuracy"),
        (
            lambda all: all["result"]["intervals"].update(accuracy=[0.1, None]),
            r"result.intervals.accuracy\[1\]",
        ),
        (lambda all: all["result"]["verdict"].update(better="yes"), "result.verdict.better"),
        (lambda all: all["result"].update(confusion=[[1, 2]]), "result.confusion"),
        (
            lambda all: all["result"]["calibration"]["bins"][0].pop("count"),
            r"result.calibration.bins\[0\].count",
        ),
    ],
)
def test_run_file_with_a_wrong_value_names_its_place(run: Path, change: Any, place: str) -> None:
    edit(run, change)
    with pytest.raises(DataError, match=rf"wrong-run-file: {place}: "):
        build_report(run)


def test_run_that_contradicts_itself_is_refused(run: Path) -> None:
    edit(run, lambda all: all["result"]["confusion"][0].__setitem__(0, 1))
    with pytest.raises(DataError, match="run-contradicts-itself"):
        build_report(run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[0].__setitem__(4, "sure"), "the column confidence is missing"),
        (
            lambda rows: rows[7].__setitem__(4, "high"),
            r"predictions.csv:8: wrong-predictions: confidence is 'high'",
        ),
        (lambda rows: rows[7].__setitem__(4, "nan"), "confidence is 'nan'"),
        (lambda rows: rows[7].__setitem__(4, "1.5"), "confidence is '1.5', not a number from 0 to 1"),
        (lambda rows: rows[7].__setitem__(5, "-0.1"), "score:negative is '-0.1'"),
        (
            lambda rows: rows[7].__setitem__(2, "neutral"),
            "label is 'neutral', which is not a label of this run",
        ),
        (lambda rows: rows[7].__setitem__(3, ""), "prediction is ''"),
        (lambda rows: rows[7].__setitem__(0, "x"), "row is 'x'"),
        (lambda rows: rows[7].__setitem__(0, "9" * 12), "row is '999999999999'"),
    ],
)
def test_predictions_with_a_wrong_value_are_refused(run: Path, change: Any, message: str) -> None:
    edit_rows(run, change)
    with pytest.raises(DataError, match=message):
        build_report(run)


def test_report_is_written_whole(original: Path, tmp_path: Path) -> None:
    write_report(original, tmp_path / "report.html", looks=[make_attention()])
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").stat().st_size < 5_000_000


def test_report_that_would_be_too_large_is_refused(original: Path, tmp_path: Path) -> None:
    attention = make_attention(ENGLISH * 10, layers=6, heads=12, width=64)
    with pytest.raises(UsageError, match=r"would have \d\.\d MB, with 1 looks into the model"):
        write_report(original, tmp_path / "report.html", looks=[attention])
    write_report(original, tmp_path / "report.html", looks=[attention], max_bytes=None)
    assert (tmp_path / "report.html").stat().st_size > 5_000_000
