"""What the commands print: for machines the keys that the issue promises, for people sentences and tables."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import Answer
from tests.runs.material import read_json, texts_and_labels, write_rows

Inside = Callable[..., Answer]
METRICS = {"accuracy", "macro_f1", "mcc", "loss"}


def test_finetune_prints_one_object_with_the_promised_keys(elsewhere: tuple[Path, Answer]) -> None:
    out, answer = elsewhere
    assert answer.code == 0, answer.err
    assert answer.out.count("\n") == 1
    found = answer.json
    assert set(found["metrics"]) == METRICS
    assert set(found["baselines"]) == {"majority", "tfidf"}
    for baseline in found["baselines"].values():
        assert set(baseline) >= METRICS
    assert found["tokens_per_second"] > 0 and found["seconds"] > 0 and found["peak_rss_mb"] > 0
    assert set(found["verdict"]) == {"better", "text", "outcome", "metric", "rival"}
    assert (found["verdict"]["metric"], found["verdict"]["rival"]) == ("accuracy", "tfidf")
    assert found["metrics"] == read_json(out / "run.json")["result"]["metrics"]


def test_a_run_holds_the_report_and_its_command(elsewhere: tuple[Path, Answer], rows: Path) -> None:
    out, _ = elsewhere
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert len(page) < 5_000_000
    assert read_json(out / "run.json")["command"][:3] == ["glassbert", "finetune", str(rows)]


def test_finetune_prints_a_table_and_the_next_step(
    inside: Inside, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    answer = inside("finetune", rows, "--model", encoder, "--out", out, "--epochs", "0.5")
    assert answer.code == 0
    for expected in (
        "evaluation rows, 95 % bootstrap intervals",
        "this model",
        "TF-IDF + logistic regression",
        "always the commonest label",
        "Calibration error",
        f"model    {out / 'model'}",
        f"report   {out / 'report.html'}",
        f"glassbert predict {out}",
    ):
        assert expected in answer.out
    assert "step 1/" in answer.err
    assert "judging on the evaluation rows" in answer.err


def test_evaluate_prints_the_same_metrics(inside: Inside, finished: Path, other: Path) -> None:
    answer = inside("evaluate", finished, other, "--json")
    assert answer.code == 0
    assert answer.out.count("\n") == 1
    found = answer.json
    assert set(found["metrics"]) == METRICS
    assert found["rows"] == 40 == sum(map(sum, found["confusion"]))
    assert found["model"] == str(finished)
    assert 0 <= found["calibration_error"] <= 1
    table = inside("evaluate", finished, other)
    assert table.out.startswith("40 rows\n")
    assert f"{found['metrics']['accuracy']:.3f} [" in table.out


def test_evaluate_on_the_rows_of_the_run_gives_the_score_of_the_run(
    inside: Inside, finished: Path, rows: Path, tmp_path: Path
) -> None:
    document = read_json(finished / "run.json")
    lines = rows.read_text().splitlines(keepends=True)
    held = [lines[row - 1] for row in document["data"]["split"]["evaluation_rows"]]
    (tmp_path / "held.csv").write_text(lines[0] + "".join(held))
    found = inside("evaluate", finished, tmp_path / "held.csv", "--json").json
    assert found["metrics"] == document["result"]["metrics"]
    assert found["confusion"] == document["result"]["confusion"]


def test_evaluate_refuses_labels_that_the_model_does_not_know(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("text,label\na film,good\nb film,ugly\n")
    answer = inside("evaluate", finished, tmp_path / "x.csv")
    assert answer.code == 65
    assert "unseen-label: label 'ugly' occurs once" in answer.err


def test_evaluate_refuses_an_encoder(inside: Inside, encoder: Path, other: Path) -> None:
    answer = inside("evaluate", encoder, other)
    assert answer.code == 2
    assert "is an encoder without a" in answer.problems[0] and "glassbert finetune" in answer.problems[0]


def test_predict_prints_a_list(inside: Inside, finished: Path) -> None:
    answer = inside("predict", finished, "--text", "a film is fine .", "--text", "dull", "--json")
    assert answer.code == 0
    found = answer.json
    assert len(found) == 2
    for each in found:
        assert set(each) == {"label", "score", "scores"}
        assert set(each["scores"]) == {"bad", "good"}
        assert each["score"] == max(each["scores"].values()) == each["scores"][each["label"]]
        assert sum(each["scores"].values()) == pytest.approx(1)


def test_predict_prints_a_table(inside: Inside, finished: Path) -> None:
    answer = inside("predict", finished, "--text", "a film, is fine .")
    (row,) = csv.DictReader(io.StringIO(answer.out))
    assert (row["row"], row["text"], row["windows"]) == ("1", "a film, is fine .", "1")


def test_predict_reads_a_file_and_writes_a_table(
    inside: Inside, finished: Path, other: Path, tmp_path: Path
) -> None:
    out, before = tmp_path / "out.csv", other.read_bytes()
    answer = inside("predict", finished, other, "-o", out, "--json")
    assert answer.code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"), newline="")))
    assert [row["text"] for row in rows] == texts_and_labels(40, seed=9)[0]
    assert [row["prediction"] for row in rows] == [each["label"] for each in answer.json]
    assert [int(row["row"]) for row in rows] == list(range(2, 42))
    assert "label" not in rows[0]
    assert other.read_bytes() == before
    assert f"40 predictions written to {out}" in answer.err
    again = inside("predict", finished, other, "-o", out)
    assert (again.code, again.problems) == (
        73,
        [f"{out}: output-exists: the file exists — choose another -o, or add --overwrite"],
    )
    assert inside("predict", finished, other, "-o", out, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("out", "code", "said"),
    [
        ("other.csv", 73, "output-is-input: this is the file of texts itself"),
        ("absent/out.csv", 73, "there is no such directory to write it in"),
        (".", 73, "this is a directory"),
        ("x" * 300, 73, "File name too long"),
    ],
)
def test_predict_refuses_a_place_before_it_works(
    inside: Inside,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "other.csv", 12)
    before = (tmp_path / "other.csv").read_bytes()
    answer = inside("predict", finished, "other.csv", "-o", out, "--overwrite")
    assert answer.code == code
    assert said in answer.err
    assert (tmp_path / "other.csv").read_bytes() == before


def test_predict_sets_rows_aside_on_request(inside: Inside, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text,label\nfine,good\nonly one field\ndull,bad\n")
    answer = inside("predict", finished, tmp_path / "x.csv")
    assert answer.code == 65
    out = tmp_path / "out.csv"
    answer = inside("predict", finished, tmp_path / "x.csv", "-o", out, "--on-bad-rows", "quarantine")
    assert answer.code == 0
    assert "1 row was set aside and not used" in answer.err
    (line,) = (tmp_path / "out.csv.rejected.jsonl").read_text().splitlines()
    assert json.loads(line)["line"] == 3
    assert len(out.read_text().splitlines()) == 3


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".NDJSON"])
def test_predictions_are_saved_in_the_format_of_the_name(
    inside: Inside, finished: Path, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "x.txt").write_text('=a "fine" film, 好看\n\nanother film is dull\n', encoding="utf-8")
    out = tmp_path / f"out{suffix}"
    answer = inside("predict", finished, tmp_path / "x.txt", "-o", out, "--json")
    assert answer.code == 0
    text = out.read_text(encoding="utf-8")
    saved = json.loads(text) if suffix == ".json" else list(map(json.loads, text.splitlines()))
    assert [each["row"] for each in saved] == [1, 3] and "好看" in text
    assert [each["text"] for each in saved] == ['=a "fine" film, 好看', "another film is dull"]
    assert [each["prediction"] for each in saved] == json.loads(answer.out)


@pytest.mark.parametrize("suffix", [".tsv", ".xlsx", ".parquet", ".csv.gz"])
def test_a_name_that_promises_another_format_is_refused_before_any_work(
    inside: Inside, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "x.txt").write_text("a film\n")
    answer = inside("predict", "no-model", tmp_path / "x.txt", "-o", tmp_path / f"out{suffix}")
    assert answer.code == 2 and "unknown-format: predictions cannot be saved as" in answer.err
    assert "use .csv, .jsonl or .json" in answer.err and not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("policy", ["skip", "quarantine"])
def test_verbs_without_a_directory_name_the_rejected_rows_in_their_json(
    inside: Inside, finished: Path, tmp_path: Path, policy: str
) -> None:
    data = write_rows(tmp_path / "x.csv", 40)
    with data.open("a", encoding="utf-8") as file:
        file.write("only one field\n" * 30)
    for words in (["evaluate", finished, data], ["check", data, "--no-measure"]):
        answer = inside(*words, "--on-bad-rows", policy, "--json")
        assert answer.code == 0 and "30 rows were set aside and not used" in answer.err + answer.out
        rejected = json.loads(answer.out)["rejected_rows"]
        assert [each["line"] for each in rejected] == list(range(42, 72))
        assert {each["row"] for each in rejected} == {"only one field"}
        assert {each["code"] for each in rejected} == {"wrong-field-count"} and rejected[0]["fix"]


def test_predict_needs_no_labels_and_refuses_pairs(inside: Inside, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text\na film is fine\nanother film is dull\n")
    assert inside("predict", finished, tmp_path / "x.csv").code == 0
    (tmp_path / "pairs.csv").write_text("sentence1,sentence2\na film here,one film there\n" * 1)
    answer = inside("predict", finished, tmp_path / "pairs.csv")
    assert answer.code == 2
    assert "pairs of texts" in answer.err


def test_predict_warns_of_a_model_without_a_trained_head(
    inside: Inside, encoder: Path, tmp_path: Path
) -> None:
    answer = inside("predict", encoder, "--text", "a")
    assert answer.code == 2
    assert "train one with `glassbert finetune`" in answer.err


def test_a_model_of_one_class_predicts_it(inside: Inside, encoder: Path, tmp_path: Path) -> None:
    texts, _ = texts_and_labels(30)
    (tmp_path / "x.csv").write_text("text,label\n" + "".join(f"{text},only\n" for text in texts))
    words = ("--model", encoder, "--out", tmp_path / "run", "--epochs", "0.5", "--no-report")
    assert inside("finetune", tmp_path / "x.csv", *words).code == 65
    assert inside("finetune", tmp_path / "x.csv", *words, "--allow-degenerate").code == 0
    answer = inside("predict", tmp_path / "run", "--text", "a", "--json")
    assert answer.code == 0, answer.err
    assert answer.json == [{"label": "only", "score": 1.0, "scores": {"only": 1.0}}]


def test_report_writes_the_page(inside: Inside, finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    answer = inside("report", out)
    assert (answer.code, answer.out) == (0, f"{out / 'report.html'}\n")
    answer = inside("report", out, "-o", tmp_path / "page.html", "--json")
    assert answer.json == {
        "report": str(tmp_path / "page.html"),
        "bytes": (tmp_path / "page.html").stat().st_size,
    }
    assert 'data-record="StructureSketch"' in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert inside("report", out, "--looks", "0").code == 0
    bare = (out / "report.html").read_text(encoding="utf-8")
    assert 'data-record="StructureSketch"' not in bare and "wasm-unsafe-eval" not in bare


def test_the_report_of_a_run_that_has_not_finished_shows_what_there_is(
    inside: Inside, finished: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "run"))
    document = read_json(out / "run.json")
    del document["result"]
    (out / "run.json").write_text(json.dumps({**document, "status": "stopped"}))
    (out / "predictions.csv").unlink()
    shutil.rmtree(out / "model")
    answer = inside("report", out)
    assert answer.code == 0, answer.err
    assert (out / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", [".", "nowhere"])
def test_the_report_of_nothing_is_missing_input(inside: Inside, tmp_path: Path, name: str) -> None:
    answer = inside("report", tmp_path / name)
    assert answer.code == 66
    assert answer.err.count("\n") == 1
