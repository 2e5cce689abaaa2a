"""From a pre-training run to its report: the numbers of run.json and of the log, under names of their own."""

import json
import shutil
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.lens.pretraining_records import PretrainingReport
from glassbert.show.report import build_report
from glassbert.show.run_report import report_run
from glassbert.train.log import read_metrics
from tests.runs.pretraining.material import (  # noqa: F401 - fixtures
    pretrained,
    text,
)


def test_it_holds_what_was_read_and_how_well_it_guesses(pretrained: Path) -> None:  # noqa: F811
    document = json.loads((pretrained / "run.json").read_text())
    report = build_report(pretrained)
    assert isinstance(report, PretrainingReport)
    for name, value in document["result"]["metrics"].items():
        assert getattr(report.score, name) == value
    data = document["data"]
    for part in report.text.parts:
        assert (part.documents, part.tokens) == (data[part.role]["documents"], data[part.role]["tokens"])
    assert [part.role for part in report.text.parts] == ["train", "evaluation"]
    assert report.text.split and report.text.vocab_size == data["tokenizer"]["vocab_size"]
    assert report.objective == "mlm+nsp" and report.facts.files == ()


def test_it_holds_the_curves_of_the_log(pretrained: Path) -> None:  # noqa: F811
    rows = [row for row in read_metrics(pretrained / "metrics.jsonl") if "mlm_loss" in row]
    (series,) = [each for each in build_report(pretrained).curves.series if each.name == "mlm_loss"]
    assert series.value.tolist() == [row["mlm_loss"] for row in rows]


def test_the_page_is_written_and_has_the_structure(pretrained: Path, tmp_path: Path) -> None:  # noqa: F811
    page = report_run(pretrained, tmp_path / "report.html").read_text()
    assert 'data-record="PretrainingReport"' in page and 'data-record="StructureSketch"' in page
    assert "<title>text.txt · " in page


def test_a_score_of_the_wrong_type_is_refused_by_its_place(pretrained: Path, tmp_path: Path) -> None:  # noqa: F811
    run = Path(shutil.copytree(pretrained, tmp_path / "run"))
    document = json.loads((run / "run.json").read_text())
    document["result"]["metrics"]["mlm_loss"] = "low"
    (run / "run.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="result.metrics.mlm_loss"):
        build_report(run)
