"""Rows whose answers are sets of labels: every label's counts, and the rows in which it is wrong."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.error_records import SetRows
from glassbert.lens.report_records import Report
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import marks, number, wait_until
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
COUNT = 150
LABELS = ("battery", "screen", "price", "delivery", "never said")


def sets(labels: tuple[str, ...] = LABELS) -> SetRows:
    draw = np.random.default_rng(3)
    given = draw.random((COUNT, len(labels))) < np.linspace(0.5, 0.1, len(labels))
    predicted = given ^ (draw.random(given.shape) < 0.12)
    predicted[:, -1] = False
    return SetRows(
        labels=labels,
        actual=given.sum(0).astype(np.int32),
        said=predicted.sum(0).astype(np.int32),
        hits=(given & predicted).sum(0).astype(np.int32),
        threshold=np.linspace(0.3, 0.7, len(labels)),
        row=np.arange(2, COUNT + 2, dtype=np.int32),
        text=tuple(f"text of row {row}" for row in range(2, COUNT + 2)),
        length=np.full(COUNT, 14, np.int32),
        given=given.astype(np.uint8),
        predicted=predicted.astype(np.uint8),
        total=COUNT,
    )


def content(report_of: ReportOf, held: SetRows) -> Report:
    return replace(report_of("english"), confusion=None, slices=None, suspects=None, sets=held)


def rows_listed(page: Page) -> list[int]:
    found: list[int] = page.locator("#errors ol > li").evaluate_all(
        "(all) => all.map((each) => Number(each.dataset.row))"
    )
    return found


def test_counts_scores_and_bars_of_every_label_are_the_records(visit: Visit, report_of: ReportOf) -> None:
    held = sets()
    page = visit(content(report_of, held))
    track = page.locator("#errors .track").first.evaluate("(each) => each.getBoundingClientRect().width")
    drawn = {mark["name"]: mark for mark in marks(page, "labels")}
    for place, label in enumerate(held.labels):
        cells = page.locator(f"#errors tr[data-label='{place}'] td").all_inner_texts()
        actual, said, hits = (int(part[place]) for part in (held.actual, held.said, held.hits))
        assert [number(cell) for cell in cells[:3]] == [actual, said, hits]
        f1 = 2 * hits / (said + actual)
        assert number(cells[5]) == pytest.approx(f1, abs=6e-4)
        assert drawn[label]["box"]["width"] / track == pytest.approx(f1, abs=0.01)
        assert cells[3] == "–" if said == 0 else number(cells[3]) == pytest.approx(hits / said, abs=6e-4)


def test_rows_are_those_with_wrong_labels_and_say_which(visit: Visit, report_of: ReportOf) -> None:
    held = sets()
    page = visit(content(report_of, held))
    wrong = (held.given != held.predicted).sum(1)
    order = np.lexsort((np.arange(COUNT), -wrong))
    assert rows_listed(page) == held.row[order][: min(100, int((wrong > 0).sum()))].tolist()
    first = int(order[0])
    said = page.locator("#errors ol > li").first
    missing = [held.labels[i] for i in np.flatnonzero(held.given[first] & ~held.predicted[first] & 1)]
    extra = [held.labels[i] for i in np.flatnonzero(held.predicted[first] & ~held.given[first] & 1)]
    assert said.locator(".missing bdi").all_inner_texts() == missing
    assert said.locator(".extra bdi").all_inner_texts() == extra


def test_chosen_label_shows_its_own_mistakes_and_stays_in_the_address(
    visit: Visit, report_of: ReportOf
) -> None:
    held = sets()
    page = visit(content(report_of, held))
    page.locator("#errors tr[data-label='2'] button").press("Enter")
    wait_until(page, "location.hash.includes('true=2')")
    expected = set(held.row[held.given[:, 2] != held.predicted[:, 2]].tolist())
    assert set(rows_listed(page)) == expected and len(expected) > 3
    again = visit(content(report_of, held), hash="true=2")
    assert set(rows_listed(again)) == expected


def test_selected_row_is_listed_even_if_it_is_right(visit: Visit, report_of: ReportOf) -> None:
    held = sets()
    right = int(np.flatnonzero((held.given == held.predicted).all(1))[0])
    page = visit(content(report_of, held), hash=f"row={held.row[right]}")
    assert rows_listed(page)[0] == held.row[right]
    assert page.locator("#errors li.selected .missing, #errors li.selected .extra").count() == 0


def test_hostile_labels_stay_texts_and_nothing_scrolls_sideways(visit: Visit, report_of: ReportOf) -> None:
    names = tuple(dict.fromkeys(text for text in HOSTILE if text != "\ud800"))
    page = visit(content(report_of, sets(names)), width=360, hash="true=1&row=2&lang=zh")
    assert page.locator("#errors img, #errors script, #errors iframe").count() == 0
    assert page.locator("#errors tr[data-label]").count() == len(names)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
