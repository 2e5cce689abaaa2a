"""Confusion matrix and examples: shades invert to counts, a cell leads to exactly its rows."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.report_records import Report
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import Ramp, marks, named, pixels, wait_until

pytestmark = pytest.mark.browser


def shares_of(report: Report) -> np.ndarray:
    matrix = report.confusion.matrix.astype(float)
    totals = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)


def drawn_places(page: Page, report: Report) -> np.ndarray:
    """The place on the colour key of every cell, read 2 px from its corner, where no number stands."""
    canvas = page.locator("#errors .cells canvas")
    image = pixels(canvas)
    ramp = Ramp(page.locator("#errors .keys canvas"))
    origin = canvas.bounding_box()
    size = len(report.confusion.labels)
    places = np.zeros((size, size))
    cells = [mark for mark in marks(page, "confusion") if mark["name"].startswith("cell ")]
    scroll = page.evaluate("[scrollX, scrollY]")
    assert len(cells) == size * size
    for mark in cells:
        _, truth, predicted = mark["name"].split()
        x = round(mark["box"]["x"] - origin["x"] - scroll[0]) + 2
        y = round(mark["box"]["y"] - origin["y"] - scroll[1]) + 2
        places[int(truth), int(predicted)] = ramp.places(image[y, x, :3])
    return places


def held_rows(page: Page) -> list[int]:
    """The original row numbers that the list holds, in its order."""
    (selection,) = named(page, "examples", "selection")
    rows: list[int] = selection["value"]
    return rows


def cell_point(page: Page, truth: int, predicted: int) -> dict[str, float]:
    (mark,) = named(page, "confusion", f"cell {truth} {predicted}")
    origin = page.locator("#errors .cells").bounding_box()
    scroll = page.evaluate("[scrollX, scrollY]")
    box = mark["box"]
    return {
        "x": box["x"] + box["width"] / 2 - origin["x"] - scroll[0],
        "y": box["y"] + box["height"] / 2 - origin["y"] - scroll[1],
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["tiny", "english", "chinese", "topics", "intents"])
def test_shades_invert_to_the_shares(visit: Visit, report_of: ReportOf, kind: str, theme: str) -> None:
    report = report_of(kind)
    page = visit(report, theme=theme)
    np.testing.assert_allclose(drawn_places(page, report), shares_of(report), atol=0.5 / 255 + 1e-6)
    counts = [mark["value"] for mark in marks(page, "confusion")]
    assert counts == report.confusion.matrix.ravel().tolist()


@pytest.mark.parametrize("kind", ["chinese", "intents"])
def test_errors_alone_are_shaded_on_their_own_scale(visit: Visit, report_of: ReportOf, kind: str) -> None:
    report = report_of(kind)
    page = visit(report, hash="errors=1")
    shares = shares_of(report)
    np.fill_diagonal(shares, 0)
    np.testing.assert_allclose(drawn_places(page, report), shares / shares.max(), atol=0.5 / 255 + 1e-6)
    label = page.locator("#errors .keys span").last.inner_text().replace("\xa0", " ")
    assert label == f"{100 * shares.max():.0f} %"


@pytest.mark.parametrize(
    ("kind", "truth", "predicted"), [("english", 0, 1), ("topics", 3, 4), ("intents", 76, 0)]
)
def test_cell_leads_to_exactly_its_rows(
    visit: Visit, report_of: ReportOf, kind: str, truth: int, predicted: int
) -> None:
    report = report_of(kind)
    page = visit(report)
    page.locator("#errors .cells").click(position=cell_point(page, truth, predicted))
    examples = report.confusion.examples
    chosen = (examples.true == truth) & (examples.predicted == predicted)
    assert sorted(held_rows(page)) == examples.row[chosen].tolist()
    assert len(held_rows(page)) == report.confusion.matrix[truth, predicted] > 0
    assert page.evaluate("location.hash") == f"#true={truth}&predicted={predicted}"
    page.get_by_role("button", name="Clear the cell").click()
    assert held_rows(page) == examples.row[examples.mistakes()].tolist()


def test_diagonal_cell_leads_to_its_right_answers(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report, hash="true=1&predicted=1")
    examples = report.confusion.examples
    assert sorted(held_rows(page)) == examples.row[(examples.true == 1) & (examples.predicted == 1)].tolist()


def test_keyboard_reads_and_chooses_a_cell(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("topics")
    page = visit(report)
    cells = page.locator("#errors .cells")
    cells.focus()
    for key in ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowUp"]:
        page.keyboard.press(key)
    # The first key only shows where one is, at the first cell.
    labels, matrix = report.confusion.labels, report.confusion.matrix
    readout = page.locator("#errors .readout").inner_text()
    assert readout.startswith(f"{labels[2]} answered as {labels[1]}: {matrix[2, 1]} of {matrix[2].sum()}")
    page.keyboard.press("Enter")
    assert len(held_rows(page)) == matrix[2, 1]
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == ""


def test_pairs_are_the_largest_confusions(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("topics")
    page = visit(report)
    off = report.confusion.matrix.copy()
    np.fill_diagonal(off, 0)
    shown = [int(text) for text in page.locator("#errors .pairs b").all_inner_texts()]
    assert shown == sorted(off.ravel().tolist(), reverse=True)[:8]
    first = page.locator("#errors .pairs button").first
    first.click()
    assert len(held_rows(page)) == shown[0] and first.get_attribute("aria-pressed") == "true"


def test_recall_beside_the_matrix_is_that_of_the_matrix(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("topics")
    texts = visit(report).locator("#errors .right .label").all_inner_texts()
    matrix = report.confusion.matrix
    for i, text in enumerate(texts):
        assert text.split() == [f"{100 * matrix[i, i] / matrix[i].sum():.0f}", "%", str(matrix[i].sum())]


def test_list_shows_the_most_confident_mistakes_first(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report)
    examples = report.confusion.examples
    order = examples.mistakes()
    assert held_rows(page) == examples.row[order].tolist()
    first = named(page, "examples", "example")[0]
    assert first["value"]["row"] == examples.row[order[0]]
    shown = page.locator("[data-example]").first.inner_text()
    assert examples.text[order[0]][:100] in shown
    assert report.confusion.labels[examples.predicted[order[0]]] in shown


FILLED = """(list) => {
  const box = list.getBoundingClientRect();
  const rows = [...list.querySelectorAll('[data-example]')].map((row) => row.getBoundingClientRect());
  const top = Math.min(...rows.map((row) => row.top)), bottom = Math.max(...rows.map((row) => row.bottom));
  return top < box.top + 20 && bottom > box.bottom - 20;
}"""
"""What is on screen of a list is filled with rows, but for less than a row."""


def test_list_holds_only_what_is_on_screen_yet_reaches_the_last(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report, hash="show=all&order=row")
    listed = page.locator("#errors .list")
    assert 0 < page.locator("[data-example]").count() < 40
    seen = set()
    for _ in range(200):
        seen |= {mark["value"]["row"] for mark in named(page, "examples", "example")}
        listed.evaluate("(list) => list.scrollBy(0, 500)")
        at_end = listed.evaluate("(list) => list.scrollTop + list.clientHeight >= list.scrollHeight - 1")
        page.wait_for_function(FILLED, arg=listed.element_handle())
        if at_end:
            break
    seen |= {mark["value"]["row"] for mark in named(page, "examples", "example")}
    assert seen == set(report.confusion.examples.row.tolist())


def test_list_finds_texts_and_sorts_by_doubt(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report, hash="show=all")
    page.get_by_role("searchbox", name="Find in texts").fill("PHOTOGRAPHY")
    page.get_by_role("combobox").select_option("unsure")
    examples = report.confusion.examples
    found = [i for i, text in enumerate(examples.text) if "photography" in text.lower()]
    found.sort(key=lambda i: (examples.confidence[i], examples.row[i]))
    assert held_rows(page) == examples.row[found].tolist()


def test_long_chinese_text_wraps_and_opens(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("chinese")
    page = visit(report, hash="lang=zh&show=all&order=row", width=390)
    row = page.locator("[data-example='11']")
    for _ in range(20):
        if row.count():
            break
        page.locator("#errors .list").evaluate("(list) => list.scrollBy(0, 300)")
        page.wait_for_timeout(30)
    closed = row.locator(".text").bounding_box()
    row.get_by_role("button", name="展开全文").click()
    height = "document.querySelector(\"[data-example='11'] .text\").offsetHeight"
    wait_until(page, f"{height} > {closed['height'] + 1}")
    opened = row.locator(".text").bounding_box()
    assert opened["height"] > 1.5 * closed["height"] and opened["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert report.confusion.examples.text[11][-20:] in row.inner_text()


def test_capped_list_says_so(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("intents")
    assert len(report.confusion.examples.row) < report.confusion.examples.total
    assert (
        "This file holds 2,000 of the 3,080 evaluation rows" in visit(report).locator("#errors").inner_text()
    )


def test_list_says_of_a_row_what_the_record_says(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("topics")
    page = visit(report)
    examples, labels = report.confusion.examples, report.confusion.labels
    shown = named(page, "examples", "example")
    assert len(shown) > 5
    for mark in shown:
        i = mark["drawn"]["index"]
        row = page.locator(f"[data-example='{i}']")
        assert row.locator(".number").inner_text().split()[-1] == f"{examples.row[i]:,}"
        assert row.locator(".predicted").inner_text() == labels[examples.predicted[i]]
        assert row.locator(".answer small").inner_text() == f"true: {labels[examples.true[i]]}"


def test_matrix_without_examples_still_reads(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    confusion = report.confusion
    empty = replace(
        confusion.examples,
        row=np.zeros(0, np.int32),
        text=(),
        length=np.zeros(0, np.int32),
        true=np.zeros(0, np.int32),
        predicted=np.zeros(0, np.int32),
        confidence=np.zeros(0, np.float32),
    )
    page = visit(replace(report, confusion=replace(confusion, examples=empty)))
    np.testing.assert_allclose(drawn_places(page, report), shares_of(report), atol=0.5 / 255 + 1e-6)
    assert held_rows(page) == []
