"""Several records in one file: a section for each view, one selection for all, everything in the address."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.embeddings_record import EmbeddingsRecord
from glassbert.lens.report_records import Report
from glassbert.show import OfRow
from glassbert.show.page import render_page
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import marks, wait_until
from tests.show.make_attention import CHINESE, make_attention
from tests.show.make_embeddings import make_embeddings

pytestmark = pytest.mark.browser


def points_of(report: Report, count: int) -> EmbeddingsRecord:
    """Points of the first rows that the report lists."""
    rows = report.confusion.examples.row[:count].astype(np.int32)
    made = make_embeddings(count, maps=1)
    return replace(made, rows=rows)


def of_rows(*rows: int) -> list[OfRow]:
    """The attention of some rows, each with its number in its text."""
    return [OfRow(record=replace(make_attention(), text=f"text of row {row}"), row=row) for row in rows]


def wait_for_text(page: Page, *parts: str) -> None:
    for part in parts:
        wait_until(page, f"document.querySelector('#attention').innerText.includes({part!r})")


def sections(page: Page) -> list[str]:
    found: list[str] = page.locator("main > section").evaluate_all("(all) => all.map((each) => each.id)")
    return found


def test_every_record_has_its_section_in_the_order_of_the_page(visit: Visit, report_of: ReportOf) -> None:
    page = visit([make_attention(), report_of("english")])
    assert sections(page) == ["score", "training", "errors", "attention", "calibration", "facts"]
    links = page.locator("nav a").all_inner_texts()
    assert links == ["Score", "Training", "Errors", "Attention", "Calibration", "Facts"]


def test_records_of_one_view_are_shown_one_at_a_time(visit: Visit) -> None:
    page = visit([make_attention(), make_attention(CHINESE)])
    assert marks(page, "attention matrix")[0]["value"] == [12, 12]
    page.locator("#attention header select").select_option(index=1)
    assert marks(page, "attention matrix")[0]["value"] == [len(CHINESE)] * 2
    assert page.evaluate("location.hash") == "#pick=1"
    again = visit([make_attention(), make_attention(CHINESE)], hash="pick=1")
    assert marks(again, "attention matrix")[0]["value"] == [len(CHINESE)] * 2


def test_selected_row_is_the_row_of_every_view(visit: Visit, report_of: ReportOf) -> None:
    content = [report_of("english"), *of_rows(5, 17)]
    page = visit(content)
    assert "text of row 5" in page.locator("#attention").inner_text()
    page.evaluate("location.hash = '#row=17'")
    wait_for_text(page, "planted", "text of row 17")
    page.evaluate("location.hash = '#row=6'")
    wait_for_text(page, "This file holds none for row 6.")
    page.locator("#attention header select").select_option(label="Row 5: text of row 5")
    assert page.evaluate("location.hash") == "#row=5"


def test_record_is_read_only_when_its_view_is_drawn(visit: Visit) -> None:
    damaged = base64.b64encode(of_rows(17)[0].record.to_bytes())[:64]
    page = visit(render_page(of_rows(5, 17)).replace(damaged, b"!" * 64))
    assert "text of row 5" in page.locator("#attention").inner_text()
    page.evaluate("location.hash = '#row=17'")
    wait_for_text(page, "This page cannot show its record:")


def test_token_is_held_in_every_form_of_a_head(visit: Visit) -> None:
    """Tokens are counted in the window, so that merging words or hiding some does not move the choice."""
    page = visit(make_attention(), hash="form=links&token=4&words=1")
    held = {mark["name"].split()[1] for mark in marks(page, "attention links")}
    assert held == {"2"}, "[CLS] the un##usual##ly: tokens 2 to 4 are the third unit"
    page.evaluate("location.hash = '#form=links&token=4&special=0'")
    held = "glassbert.probe('attention links')['attention links'].map((mark) => mark.name.split(' ')[1])"
    wait_until(page, f"{held}.length > 0 && {held}.every((unit) => unit === '3')")


def test_row_of_the_errors_leads_to_the_looks_that_the_file_holds(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    surest = int(report.confusion.examples.row[report.confusion.examples.mistakes()[0]])
    page = visit([report, *of_rows(surest, 1)])
    page.get_by_role("button", name=f"Look inside the model at row {surest:,}").click()
    assert page.evaluate("location.hash") == f"#row={surest}"
    assert f"text of row {surest}" in page.locator("#attention").inner_text()
    page.locator("#errors .selected").get_by_role("link", name="Attention").click()
    assert page.evaluate("document.activeElement.id") == "attention"
    assert page.evaluate("location.hash") == f"#at=attention&row={surest}"
    other = page.locator("#errors [data-example] .look:not(.held)").first
    other.click()
    commands = page.locator("#errors .selected code").all_inner_texts()
    assert [each.split(" ")[2] for each in commands] == ["attribution", "attention"]
    assert page.locator("#errors .selected").count() == 1


def test_row_that_is_selected_among_the_errors_is_marked_on_the_map_and_the_other_way_round(
    visit: Visit, report_of: ReportOf
) -> None:
    report = report_of("english")
    record = points_of(report, 60)
    page = visit([report, record])
    row = int(record.rows[7])
    page.evaluate(f"location.hash = '#row={row}'")
    wait_until(page, "document.querySelector('#embeddings circle.chosen') !== null")
    circle = page.locator("#embeddings circle.chosen")
    drawn = marks(page, "embeddings points")[7]["drawn"]
    at = [float(circle.get_attribute(name) or "nan") for name in ("cx", "cy")]
    assert at == pytest.approx([drawn["x"], drawn["y"]], abs=0.01)
    other = marks(page, "embeddings points")[11]["drawn"]
    page.locator("#embeddings .map").click(position={"x": other["x"], "y": other["y"]})
    wait_until(page, f"!location.hash.includes('row={row}')")
    chosen = page.evaluate("Number(new URLSearchParams(location.hash.slice(1)).get('row'))")
    assert chosen == int(record.rows[11])
