"""Rows whose answers are numbers: every dot where its numbers say, one selection for dots, list and page."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.report_records import NumberRows, Report
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import marks, pixels, wait_until
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
COUNT = 90


def numbers(texts: list[str] | None = None) -> NumberRows:
    draw = np.random.default_rng(4)
    given = np.round(draw.uniform(0, 5, COUNT), 1)
    texts = texts or [f"text of row {number}" for number in range(COUNT)]
    return NumberRows(
        name="score",
        row=np.arange(2, COUNT + 2, dtype=np.int32),
        text=tuple(texts),
        length=np.array([len(text) for text in texts], np.int32),
        given=given,
        predicted=given + draw.normal(0, 0.7, COUNT),
        total=COUNT,
    )


def content(report_of: ReportOf, rows: NumberRows) -> Report:
    return replace(report_of("english"), confusion=None, slices=None, suspects=None, numbers=rows)


def inverted(page: Page, axis: str, place: str) -> np.ndarray:
    """The values of all dots, read from their places by the axis's ticks alone."""
    ticks = [mark for mark in marks(page, "numbers axes") if mark["name"] == axis]
    values = [mark["value"] for mark in ticks]
    extent = {"x": "width", "y": "height"}[place]
    places = [mark["box"][place] + mark["box"][extent] / 2 for mark in ticks]
    slope, offset = np.polyfit(places, values, 1)
    dots = marks(page, "numbers")
    return slope * np.array([dot["box"][place] + dot["box"][extent] / 2 for dot in dots]) + offset


def test_dots_stand_where_their_numbers_say(visit: Visit, report_of: ReportOf) -> None:
    rows = numbers()
    page = visit(content(report_of, rows))
    np.testing.assert_allclose(inverted(page, "given", "x"), rows.given, atol=0.02)
    np.testing.assert_allclose(inverted(page, "predicted", "y"), rows.predicted, atol=0.02)


def test_dots_are_really_painted(visit: Visit, report_of: ReportOf) -> None:
    page = visit(content(report_of, numbers()))
    image = pixels(page.locator("#errors .plot canvas"))
    dots = np.array([[dot["drawn"]["x"], dot["drawn"]["y"]] for dot in marks(page, "numbers")])
    painted = image[dots[:, 1].astype(int), dots[:, 0].astype(int), 3]
    assert (painted > 0).all()
    grid = np.stack(np.meshgrid(*[np.arange(8, image.shape[0] - 8, 16)] * 2), -1).reshape(-1, 2)
    far = grid[np.linalg.norm(grid[:, None] - dots[None], axis=2).min(axis=1) > 6]
    assert len(far) > 50 and (image[far[:, 1], far[:, 0], 3] == 0).all()


def test_clicked_dot_is_the_selected_row_of_the_page(visit: Visit, report_of: ReportOf) -> None:
    rows = numbers()
    page = visit(content(report_of, rows))
    dots = np.array([[dot["drawn"]["x"], dot["drawn"]["y"]] for dot in marks(page, "numbers")])
    apart = np.linalg.norm(dots[:, None] - dots[None], axis=2) + np.eye(COUNT) * 1e9
    lone = int(apart.min(axis=1).argmax())
    page.locator("#errors .plot canvas").click(position={"x": dots[lone][0], "y": dots[lone][1]})
    wait_until(page, f"location.hash.includes('row={rows.row[lone]}')")
    assert f"text of row {lone}" in page.locator("#errors figcaption").inner_text()
    circle = page.locator("#errors .plot circle.chosen")
    at = [float(circle.get_attribute(name) or "nan") for name in ("cx", "cy")]
    assert at == pytest.approx(dots[lone].tolist(), abs=0.01)


def test_list_holds_the_largest_errors_and_selects_by_keyboard(visit: Visit, report_of: ReportOf) -> None:
    rows = numbers()
    page = visit(content(report_of, rows))
    order = np.argsort(-np.abs(rows.predicted - rows.given), kind="stable")
    listed = page.locator("#errors tbody tr").evaluate_all(
        "(all) => all.map((row) => Number(row.dataset.row))"
    )
    assert listed == rows.row[order][:50].tolist()
    page.locator("#errors tbody tr button").nth(3).press("Enter")
    wait_until(page, f"location.hash.includes('row={listed[3]}')")
    assert page.locator("#errors tr.selected").get_attribute("data-row") == str(listed[3])
    assert f"--text='text of row {listed[3] - 2}'" in page.locator("#errors tr.selected").inner_text()


def test_row_that_the_list_does_not_hold_is_shown_above_it(visit: Visit, report_of: ReportOf) -> None:
    rows = numbers()
    smallest = int(np.abs(rows.predicted - rows.given).argmin())
    page = visit(content(report_of, rows), hash=f"row={rows.row[smallest]}")
    assert f"text of row {smallest}" in page.locator("#errors .other").inner_text()


def test_hostile_texts_stay_texts(visit: Visit, report_of: ReportOf) -> None:
    texts = [text for text in HOSTILE if text != "\ud800"]
    rows = numbers([texts[i % len(texts)] for i in range(COUNT)])
    page = visit(content(report_of, rows), hash="row=2")
    assert page.locator("#errors img, #errors script, #errors iframe").count() == 0
    assert page.locator("#errors tbody tr").count() == 50


@pytest.mark.parametrize("width", [1280, 360])
def test_numbers_never_make_the_page_scroll_sideways(visit: Visit, report_of: ReportOf, width: int) -> None:
    page = visit(content(report_of, numbers()), width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
