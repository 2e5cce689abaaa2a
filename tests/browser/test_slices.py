"""Slices and suspects: dots and whiskers invert to the record, a filter holds exactly the record's rows."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.error_records import SliceTable, SuspectTable
from glassbert.lens.report_records import Report
from glassbert.show import OfRow
from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import axis, marks, middle, named, number, wait_until
from tests.show.make_attention import make_attention

pytestmark = pytest.mark.browser


def rows_of(table: SliceTable, index: int) -> list[int]:
    """The numbers in the file of the rows of a slice."""
    bins = table.slicings[table.slicing[index]].bin
    return table.row[bins == table.bin[index]].tolist()


def held_rows(page: Page) -> list[int]:
    (selection,) = named(page, "examples", "selection")
    return list(selection["value"])


def show_all(page: Page) -> None:
    page.locator("#errors .slices .below button").click()


def slice_button(page: Page, index: int):
    return page.locator(f"#errors [data-slice='{index}']")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["english", "mislabelled"])
def test_dots_and_whiskers_invert_to_the_slices(
    visit: Visit, report_of: ReportOf, kind: str, width: int
) -> None:
    table = report_of(kind).slices
    page = visit(report_of(kind), width=width)
    show_all(page)
    x = axis(page.locator("#errors .slices"), "[data-mark=tick]", "x")
    found = {mark["name"]: mark for mark in marks(page, "slices")}
    assert len(found) == 3 * len(table.verdict) > 40
    overall = table.num_right / len(table.row)
    for i in range(len(table.verdict)):
        dot, whisker = found[f"dot {i}"], found[f"interval {i}"]["box"]
        assert dot["value"] == i and dot["drawn"] == {"rows": table.rows[i]}
        assert abs(x.value(middle(dot)[0]) - table.right[i] / table.rows[i]) < x.pixel
        assert abs(x.value(whisker["x"]) - table.low[i]) < 1.5 * x.pixel
        assert abs(x.value(whisker["x"] + whisker["width"]) - table.high[i]) < 1.5 * x.pixel
        assert abs(x.value(middle(found[f"overall {i}"])[0]) - overall) < x.pixel


def test_numbers_beside_the_dots_are_those_of_the_record(visit: Visit, report_of: ReportOf) -> None:
    table = report_of("english").slices
    page = visit(report_of("english"))
    show_all(page)
    finding = {"worse": "worse", "better": "better", "same": "not told apart", "too-few": "too few rows"}
    for i, verdict in enumerate(table.verdict):
        row = slice_button(page, i)
        assert number(row.locator("b").inner_text()) == pytest.approx(
            table.right[i] / table.rows[i], abs=6e-4
        )
        assert row.locator(".ends").inner_text() == f"[{table.low[i]:.3f}, {table.high[i]:.3f}]"
        assert number(row.locator(".rows").inner_text()) == table.rows[i]
        assert row.locator(".finding").inner_text() == finding[verdict]
        shown = row.locator(".difference").inner_text().replace("−", "-").replace("[", "").replace("]", "")
        values = [float(part.strip(",")) for part in shown.split()]
        expected = [table.difference[i], table.difference_low[i], table.difference_high[i]]
        np.testing.assert_allclose(values, 100 * np.array(expected), atol=0.051)


def test_slices_of_the_page_are_in_the_order_of_the_record(visit: Visit, report_of: ReportOf) -> None:
    table = report_of("english").slices
    page = visit(report_of("english"))
    order = "(all) => all.map((each) => Number(each.dataset.slice))"
    assert page.locator("[data-slice]").evaluate_all(order) == list(range(12))
    assert f"12 of {len(table.verdict)} slices" in page.locator("#errors .below").inner_text()
    show_all(page)
    assert page.locator("[data-slice]").evaluate_all(order) == list(range(len(table.verdict)))
    worse = [number for number, verdict in enumerate(table.verdict) if verdict == "worse"]
    kinds = [table.slicings[table.slicing[number]].kind for number in worse]
    assert len(kinds) - kinds.count("confidence") == 1
    assert page.locator("#errors .slices .finding").first.inner_text() == (
        "One slice is clearly worse than the other rows."
    )


def test_low_confidence_alone_is_no_headline(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    kinds = [slicing.kind for slicing in report.slices.slicings]
    verdict = tuple(
        "same" if said == "worse" and kinds[slicing] != "confidence" else said
        for said, slicing in zip(report.slices.verdict, report.slices.slicing, strict=True)
    )
    assert "worse" in verdict
    page = visit(replace(report, slices=replace(report.slices, verdict=verdict)))
    assert page.locator("#errors .slices .finding").first.inner_text() == (
        "No slice but that of low confidence is clearly worse than the other rows."
    )


def test_chosen_slice_filters_the_examples_to_exactly_its_rows(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    assert len(report.confusion.examples.row) == report.confusion.examples.total, "all rows are held"
    page = visit(report)
    for i in (0, 3, 7):
        slice_button(page, i).click()
        assert sorted(held_rows(page)) == sorted(rows_of(report.slices, i))
        assert slice_button(page, i).get_attribute("aria-pressed") == "true"
        assert page.locator("#errors .chip").count() == 1
        place = f"{report.slices.slicing[i]}.{report.slices.bin[i]}"
        assert page.evaluate("location.hash") == f"#show=all&slice={place}"
        again = visit(report, hash=f"show=all&slice={place}")
        assert held_rows(again) == held_rows(page)
        assert again.locator("#errors .chip").inner_text() == page.locator("#errors .chip").inner_text()
    page.locator("#errors .chip button").click()
    assert page.evaluate("location.hash") == "" and page.locator("#errors .chip").count() == 0
    examples = report.confusion.examples
    assert held_rows(page) == examples.row[examples.mistakes()].tolist()


def test_filters_go_together(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("mislabelled")
    page = visit(report, hash="true=0&predicted=1&suspects=1&slice=1.0")
    table, examples = report.slices, report.confusion.examples
    inside = set(table.row[table.slicings[1].bin == 0].tolist())
    expected = [
        int(examples.row[i])
        for i in np.flatnonzero((examples.true == 0) & (examples.predicted == 1))
        if examples.row[i] in inside and examples.row[i] in report.suspects.row
    ]
    assert sorted(held_rows(page)) == sorted(expected)
    assert page.locator("#errors .chip").count() == 2


def test_slice_can_be_chosen_and_left_with_the_keyboard(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report)
    slice_button(page, 0).focus()
    page.keyboard.press("Enter")
    assert sorted(held_rows(page)) == sorted(rows_of(report.slices, 0))
    page.keyboard.press("Space")
    assert page.evaluate("location.hash") == ""


def test_search_finds_slices_by_their_names(visit: Visit, report_of: ReportOf) -> None:
    table = report_of("english").slices
    page = visit(report_of("english"))
    page.get_by_role("searchbox", name="Find slices").fill("YEAR")
    years = [i for i in range(len(table.verdict)) if table.slicings[table.slicing[i]].name == "year"]
    shown = page.locator("[data-slice]").evaluate_all(
        "(all) => all.map((each) => Number(each.dataset.slice))"
    )
    assert shown == years
    page.get_by_role("searchbox", name="Find slices").fill("no such slice")
    assert page.locator("[data-slice]").count() == 0
    assert "No example matches." in page.locator("#errors .slices").inner_text()


def test_rows_that_the_file_does_not_hold_are_said(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("intents")
    examples = report.confusion.examples
    page = visit(report, hash="show=all&slice=1.0")
    rows = set(report.slices.row[report.slices.slicings[1].bin == 0].tolist())
    held = rows & set(examples.row.tolist())
    assert len(held) < len(rows)
    assert set(held_rows(page)) == held
    said = f"This file holds {len(held)} of the {len(rows)} rows of this slice."
    assert said in page.locator("#errors").inner_text()


def test_what_is_not_sliced_by_is_said(visit: Visit, report_of: ReportOf) -> None:
    text = visit(report_of("english")).locator("#errors .slices").inner_text()
    assert "Not sliced by: Script (one value only); id (a value per row)" in text
    text = visit(report_of("topics")).locator("#errors .slices").inner_text()
    assert "Length (not recorded by this run)" in text
    assert "columns of the file (not recorded by this run)" in text


def test_suspects_of_the_page_are_the_first_of_the_record(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("mislabelled")
    page = visit(report)
    found = marks(page, "suspects")
    assert [mark["value"] for mark in found] == report.suspects.row[:8].tolist()
    for i, mark in enumerate(found):
        given, probable = report.suspects.given[i], report.suspects.probable[i]
        assert mark["drawn"] == {"given": given, "probable": probable}
        text = page.locator("#errors .suspects li").nth(i).inner_text()
        assert report.confusion.labels[given] in text and report.confusion.labels[probable] in text
    said = page.locator("#errors .suspects .caption").first.inner_text()
    assert said.startswith(f"{len(report.suspects.row)} rows bear a label")
    assert f"about {round(report.suspects.estimated)} labels" in said
    assert f"disagree in {report.suspects.mistakes} rows" in said


def test_suspect_leads_to_its_row_and_to_what_is_seen_of_it(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("mislabelled")
    row = int(report.suspects.row[5])
    looked = OfRow(record=replace(make_attention(), text="the suspect"), row=row)
    page = visit([report, looked])
    page.locator("#errors .suspects li button").nth(5).click()
    assert page.evaluate("location.hash") == f"#show=all&suspects=1&row={row}"
    assert sorted(held_rows(page)) == sorted(report.suspects.row.tolist())
    wait_until(page, "document.querySelectorAll('#errors .selected').length === 1")
    selected = page.locator("#errors .selected")
    assert selected.locator(".number").inner_text().split()[-1] == f"{row:,}"
    assert "label suspect" in selected.inner_text()
    assert selected.is_visible() and page.evaluate(
        """() => {
          const { top, bottom } = document.querySelector('#errors .selected').getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        }"""
    )
    selected.get_by_role("link", name="Attention").click()
    assert "the suspect" in page.locator("#attention").inner_text()
    page.locator("#errors .chip button").click()
    assert "suspects" not in page.evaluate("location.hash")


def silent(report: Report, silence: str) -> Report:
    none, nothing = np.zeros(0, np.int32), np.zeros(0)
    suspects = SuspectTable(
        silence=silence, num_rows=872, mistakes=40, estimated=None, low=None, high=None,
        row=none, given=none, probable=none, given_share=nothing, probable_share=nothing, margin=nothing,
    )  # fmt: skip
    return replace(report, suspects=suspects)


@pytest.mark.parametrize(
    ("silence", "said"),
    [
        ("few-rows", "872 evaluation rows are too few"),
        ("not-better", "not shown to be better than its baseline"),
        ("one-label", "all rows bear the same one"),
        ("no-scores", "this run kept no scores"),
        ("training-rows", "learnt from these very rows"),
        ("", "none of the 40 disagreements is a confident one"),
    ],
)
def test_page_says_why_no_label_is_suspect(
    visit: Visit, report_of: ReportOf, silence: str, said: str
) -> None:
    page = visit(silent(report_of("english"), silence), hash="suspects=1")
    assert said in page.locator("#errors .suspects").inner_text()
    assert page.locator("#errors .suspects button").count() == 0


def test_report_of_an_older_version_has_no_slices(visit: Visit, report_of: ReportOf) -> None:
    report = replace(report_of("english"), slices=None, suspects=None)
    page = visit(report, hash="slice=0.0&suspects=1")
    assert page.locator("#errors .slices").count() == 0
    assert len(held_rows(page)) == len(report.confusion.examples.mistakes())


@pytest.mark.parametrize("slice", ["9.9", "1.99", "x", "__proto__.0", "<img src=x>"])
def test_slice_that_does_not_exist_filters_nothing(visit: Visit, report_of: ReportOf, slice: str) -> None:
    report = report_of("english")
    page = visit(report, hash=f"show=all&slice={slice}")
    assert len(held_rows(page)) == len(report.confusion.examples.row)


def test_names_of_slices_are_inert_and_do_not_stretch_the_page(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("hostile")
    for width in (1280, 390):
        page = visit(report, width=width)
        show_all(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("#errors img, #errors iframe, #errors script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "<script>" in page.locator("#errors .slices").inner_text()


def test_paper_has_the_slices_and_the_suspects(visit: Visit, report_of: ReportOf) -> None:
    page = visit(report_of("mislabelled"), theme="dark")
    page.emulate_media(media="print")
    wait_until(page, "document.documentElement.dataset.theme === 'light'")
    assert page.locator("#errors [data-slice]").count() == 12
    assert page.locator("#errors .suspects li").count() == 8
    assert not page.locator("#errors .slices input").is_visible()
    right = page.locator("#errors .slices svg").evaluate_all(
        "(all) => Math.max(...all.map((each) => each.getBoundingClientRect().right))"
    )
    main = page.locator("main").bounding_box()
    assert right <= main["x"] + main["width"] + 1
