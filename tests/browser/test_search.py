"""Trials of a search, read back through the axes that a reader sees; verdict, table, hostile words."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.records import Record
from glassbert.lens.search_record import SearchRecord
from glassbert.show.report import report_records
from tests.browser.conftest import Visit
from tests.browser.reading import TEXTS, Axis, axis, marks, middle, number, wait_until
from tests.browser.test_hostile import check_inert
from tests.show.make_search import BEST, CLAIMS, make_search, tuning
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return report_records(make_search(tmp_path_factory.mktemp("found") / "run", tuning()))


def logarithmic(page: Page) -> Axis:
    """The axis of a setting by the logarithms of what its ticks say."""
    texts = page.locator("#search figure").evaluate(TEXTS, "[data-axis=setting]")
    return Axis.of([(each["x"], math.log(number(each["text"]))) for each in texts])


@pytest.mark.parametrize(
    ("setting", "width", "theme"),
    [("learning_rate", 1280, "light"), ("epochs", 420, "dark"), ("layer_decay", 420, "light")],
)
def test_marks_intervals_and_lines_invert_to_the_trials(
    visit: Visit, found: list[Record], setting: str, width: int, theme: str
) -> None:
    record = found[1]
    assert isinstance(record, SearchRecord)
    page = visit(found, hash=f"setting={setting}", width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    even = setting == "layer_decay"
    x = axis(page.locator("#search figure"), "[data-axis=setting]", "x") if even else logarithmic(page)
    scores = page.locator("#search figure").evaluate(TEXTS, "[data-axis=score]")
    y = Axis.of([(each["y"], number(each["text"])) for each in scores])
    drawn = {mark["name"]: mark for mark in marks(page, "search")}
    column = record.settings[:, record.names.index(setting)]
    for at, value in enumerate(column):
        mark = drawn[f"trial {record.number[at]}"]
        assert mark["drawn"] == {"setting": setting, "state": record.state[at]}
        assert mark["value"] == [value, None if np.isnan(record.score[at]) else record.score[at]]
        across, down = middle(mark)
        assert abs(x.value(across) - (value if even else math.log(value))) < 1.5 * x.pixel
        if not np.isnan(record.score[at]):
            assert abs(y.value(down) - record.score[at]) < 1.5 * y.pixel
        interval = drawn.get(f"interval {record.number[at]}")
        assert (interval is not None) == (record.state[at] == "complete")
        if interval is not None:
            box = interval["box"]
            assert abs(y.value(box["y"]) - record.high[at]) < 1.5 * y.pixel
            assert abs(y.value(box["y"] + box["height"]) - record.low[at]) < 1.5 * y.pixel
    recipe = column[record.defaults]
    across, _ = middle(drawn["defaults setting"])
    assert abs(x.value(across) - (recipe if even else math.log(recipe))) < 1.5 * x.pixel
    assert abs(y.value(middle(drawn["defaults score"])[1]) - record.score[record.defaults]) < 1.5 * y.pixel


def test_the_trial_that_was_handed_over_is_the_only_one_in_the_accent(
    visit: Visit, found: list[Record]
) -> None:
    page = visit(found)
    dots = page.locator("#search figure circle[data-mark]").evaluate_all(
        "(all) => all.map((each) => [each.dataset.mark, getComputedStyle(each).fill])"
    )
    accent = page.locator("#search .label").evaluate("(text) => getComputedStyle(text).fill")
    assert [mark for mark, fill in dots if fill == accent] == [f"trial {BEST}"]
    assert page.locator("#search .label").text_content() == "handed over"
    assert page.locator("#search .claim").inner_text() == "Better than the defaults."
    assert "+0.02523 (95\xa0% interval" in page.locator("#search .support").inner_text()


def test_the_table_and_the_reading_say_what_the_record_says(visit: Visit, found: list[Record]) -> None:
    page = visit(found)
    rows = marks(page, "search table")
    assert len(rows) == 13
    assert "3.3e−4" in rows[BEST]["drawn"]["text"] and "0.900 [0.872, 0.924]" in rows[BEST]["drawn"]["text"]
    assert "handed over" in rows[BEST]["drawn"]["text"] and "defaults" in rows[0]["drawn"]["text"]
    assert "diverged" in rows[5]["drawn"]["text"] and "–" in rows[5]["drawn"]["text"]
    figure = page.locator("#search figure")
    figure.scroll_into_view_if_needed()
    box = page.locator(f"#search [data-mark='trial {BEST}']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_until(page, "document.querySelector('#search figcaption').textContent.includes('Trial')")
    assert f"Trial {BEST} (judged): Learning rate 3.3e−4" in figure.locator("figcaption").inner_text()


@pytest.mark.parametrize(
    ("reason", "claim"),
    [
        ("proved", "优于默认设置。"),
        ("not proved", "未能证明优于默认设置。"),
        ("too few rows", "无法证明：只有 20 条评估样本"),
        ("seeds disagree", "未能证明优于默认设置：并非每个随机种子"),
        ("none ahead", "未能证明优于默认设置：在搜索据以选择的样本上"),
        ("one trial", "没有进行搜索：预算不够"),
    ],
)
def test_the_claim_is_said_in_both_languages(visit: Visit, tmp_path: Path, reason: str, claim: str) -> None:
    wanted = CLAIMS[reason]
    records = report_records(make_search(tmp_path / "run", tuning(reason)))
    said = visit(records).locator("#search .claim, #search .support").all_inner_texts()
    assert plain(" ".join(said)) == plain(wanted.text)
    page = visit(records, hash="lang=zh")
    assert page.locator("#search .claim").inner_text().startswith(claim)
    support = "".join(page.locator("#search .support").all_inner_texts())
    assert not re.search(r"[a-z]{2,}", support), "no word of the English sentence is left"
    signed = r"[+−]\d+(?:\.\d+)?"
    assert re.findall(signed, plain(support)) == re.findall(signed, plain(wanted.text))


def plain(text: str) -> str:
    """As a terminal has it, but for the sign of minus; the page begins a metric with a capital."""
    return text.replace("\xa0", " ").replace("Accuracy", "accuracy").replace("-", "−")


def test_a_claim_without_its_reason_is_said_in_the_run_s_own_words(visit: Visit, tmp_path: Path) -> None:
    noted = tuning()
    noted["claim"] = {name: noted["claim"][name] for name in ("outcome", "text")}
    page = visit(report_records(make_search(tmp_path / "run", noted)), hash="lang=zh")
    assert page.locator("#search .claim").inner_text() == "优于默认设置。"
    assert "0.8716 with the defaults" in page.locator("#search .support[lang=en]").inner_text()


def test_defaults_that_are_handed_over_are_called_so_in_both_languages(visit: Visit, tmp_path: Path) -> None:
    records = report_records(make_search(tmp_path / "run", tuning("none ahead")))
    page = visit(records)
    assert "doubt" in (page.locator("#search .claim").get_attribute("class") or "")
    assert page.locator("#search .label").text_content() == "handed over: the defaults"
    page = visit(records, hash="lang=zh")
    assert page.locator("#search .label").text_content() == "已采用：默认设置"


def test_a_run_of_no_search_has_no_such_section(visit: Visit, found: list[Record]) -> None:
    page = visit(found[0])
    assert page.locator("#search").count() == 0 and page.locator("nav a", has_text="Search").count() == 0


def test_a_loss_says_that_less_is_better(visit: Visit, tmp_path: Path) -> None:
    noted = tuning(metric="loss", sign=-1.0)
    page = visit(report_records(make_search(tmp_path / "run", noted)))
    assert "(less is better)" in page.locator("#search figure").inner_text()
    drawn = {mark["name"]: mark["value"] for mark in marks(page, "search")}
    assert drawn["trial 0"][1] == -noted["trials"][0]["score"]


@pytest.mark.parametrize("reason", ["proved", "toString"])
def test_hostile_words_are_text(visit: Visit, tmp_path: Path, reason: str) -> None:
    texts = [text for text in HOSTILE if text.strip()][:4]
    noted = tuning()
    noted["claim"]["evidence"]["metric"], noted["metric"] = texts[0], texts[1]
    noted["claim"] = {**noted["claim"], "reason": reason, "text": texts[0]}
    for trial in noted["trials"]:
        trial["settings"] = dict(zip(texts[1:4], trial["settings"].values(), strict=True))
        trial["state"] = texts[2] if trial["number"] == 2 else trial["state"]
    page = visit(report_records(make_search(tmp_path / "run", noted)))
    assert len(marks(page, "search table")) == 13
    check_inert(page)
