"""The page of a pre-training run: its own words, and dots that say what run.json says."""

import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from glassbert.show.report import build_report
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import middle, named, number
from tests.runs.pretraining.material import (  # noqa: F401 - fixtures
    pretrained,
    text,
)

pytestmark = pytest.mark.browser
SVG = "{http://www.w3.org/2000/svg}"
OF_FINETUNING = (
    "predictions.csv", "no verdict", "Split from the training file", "TF-IDF", "calibration",
    "Evaluation rows",
)  # fmt: skip
OF_FINETUNING_ZH = ("predictions.csv", "没有结论", "从训练文件中划分", "校准", "评估样本")


def words(page: Any) -> str:
    return str(page.locator("body").inner_text())


def metrics(run: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((run / "run.json").read_text())["result"]["metrics"]
    return found


@pytest.mark.parametrize("width", [1280, 420])
def test_dots_and_numbers_are_those_of_the_run(visit: Visit, pretrained: Path, width: int) -> None:  # noqa: F811
    page, wanted = visit(build_report(pretrained), width=width), metrics(pretrained)
    pieces = json.loads((pretrained / "run.json").read_text())["data"]["tokenizer"]["vocab_size"]
    blind = {"mlm_accuracy": 1 / pieces, "mlm_loss": math.log(pieces)}
    chances = {**blind, "nsp_accuracy": 0.5, "nsp_loss": math.log(2)}
    for name, value in wanted.items():
        (mark,) = named(page, "score", name)
        assert mark["value"] == value
        shown = number(page.locator(f"#score [data-mark={name}]").inner_text())
        assert shown == pytest.approx(value, abs=6e-4 * max(value, 1))
    for name, chance in chances.items():
        (dot,), (track,), (tick,) = (
            named(page, "score", f"{part}{name}") for part in ("dot ", "track ", "chance ")
        )
        worst, best = (0, 1) if name.endswith("accuracy") else (max(chance, wanted[name]), 0)
        for mark, value in ((dot, wanted[name]), (tick, chance)):
            share = (middle(mark)[0] - track["box"]["x"]) / track["box"]["width"]
            assert share == pytest.approx((value - worst) / (best - worst), abs=1 / track["box"]["width"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_has_words_of_its_own(visit: Visit, pretrained: Path) -> None:  # noqa: F811
    page = visit(build_report(pretrained))
    assert page.locator("h1").inner_text().startswith("Guesses ")
    said = words(page)
    assert not [each for each in OF_FINETUNING if each in said]
    read = json.loads((pretrained / "run.json").read_text())["data"]["train"]
    documents = f"{read['documents']} documents"
    for each in ("hidden words and next sentences", "Text that was held out", documents, "Tokens seen"):
        assert each in said
    chinese = words(visit(build_report(pretrained), hash="lang=zh"))
    assert "的隐藏词元" in chinese and "留出的文本" in chinese
    assert not [each for each in OF_FINETUNING_ZH if each in chinese]


def test_the_curves_of_what_is_learnt_come_first(visit: Visit, pretrained: Path) -> None:  # noqa: F811
    titles = visit(build_report(pretrained)).locator("#training .title").all_inner_texts()
    assert titles[:4] == [
        "Masked-word loss", "Masked-word accuracy", "Next-sentence loss", "Next-sentence accuracy",
    ]  # fmt: skip
    assert {"Learning rate", "Tokens per second"} <= set(titles)


@pytest.mark.parametrize(
    ("state", "training", "held_out", "validation"),
    [("", "training", "held out", "validation"), ("lang=zh", "训练", "留出文本", "验证")],
)
def test_curves_of_unread_text_are_called_held_out(
    visit: Visit,
    pretrained: Path,  # noqa: F811
    state: str,
    training: str,
    held_out: str,
    validation: str,
) -> None:
    page = visit(build_report(pretrained), hash=state)
    panel = page.locator("#training figure").first
    assert panel.locator(".key.train").inner_text().split()[0] == training
    assert " ".join(panel.locator(".key.validation").inner_text().split()[:-1]) == held_out
    assert held_out in (panel.locator(".plot").get_attribute("aria-label") or "")
    assert validation not in page.locator("#training").inner_text()


def test_curves_of_finetuning_are_called_validation(visit: Visit, report_of: ReportOf) -> None:
    said = visit(report_of("english")).locator("#training").inner_text()
    assert "validation" in said and "held out" not in said


@pytest.mark.parametrize(
    ("section", "name"),
    [("score", "Save picture (SVG): Score"), ("training", "Save picture (SVG): Training")],
)
def test_each_picture_is_saved_with_what_it_says(
    visit: Visit,
    pretrained: Path,  # noqa: F811
    section: str,
    name: str,
) -> None:
    page = visit(build_report(pretrained), saves=1)
    with page.expect_download() as awaited:
        page.get_by_role("button", name=name).click()
    run_id = json.loads((pretrained / "run.json").read_text())["run_id"]
    assert awaited.value.suggested_filename == f"{section}-{run_id}.svg"
    root = ElementTree.fromstring(awaited.value.path().read_bytes())
    said = "".join(root.itertext())
    if section == "score":
        for value, unit in ((metrics(pretrained)["mlm_accuracy"], 100), (metrics(pretrained)["mlm_loss"], 1)):
            assert f"{unit * value:.{1 if unit == 100 else 3}f}" in said
    else:
        assert (
            "held out" in said
            and len(list(root.iter(f"{SVG}image"))) == page.locator("#training canvas").count()
        )


@pytest.mark.parametrize(
    ("status", "headline"),
    [("running", "Pre-training is still running."), ("stopped", "Pre-training was stopped")],
)
def test_a_run_without_a_score_says_so(visit: Visit, tmp_path: Path, status: str, headline: str) -> None:
    begun = {"format_version": 1, "status": status, "task": "pretraining"}
    (tmp_path / "run.json").write_text(json.dumps(begun), encoding="utf-8")
    page = visit(build_report(tmp_path))
    assert page.locator("h1").inner_text().startswith(headline)
    assert "This run has logged no curves." in page.locator("#training").inner_text()
