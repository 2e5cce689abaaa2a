"""Tagged words: what is drawn under which words, in which line, and what every number and bar says."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.report_records import Report
from glassbert.lens.word_records import TagRows
from glassbert.show.report import build_report
from glassbert.tasks.tag_outcomes import OUTCOMES
from tests.browser.conftest import Visit
from tests.browser.reading import marks, named, number, wait_until
from tests.show.make_words import SENTENCES, Tagged, tag_run
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build_report(tag_run(tmp_path_factory.mktemp("tags")))


@cache
def tags(report: Report) -> TagRows:
    assert report.tags is not None
    return report.tags


def rows_listed(page: Page) -> list[int]:
    found: list[int] = page.locator("#errors ol > li[data-row]").evaluate_all(
        "(all) => all.map((each) => Number(each.dataset.row))"
    )
    return found


def test_every_entity_is_drawn_under_its_own_words(visit: Visit, report: Report) -> None:
    held = tags(report)
    page = visit(report, hash="outcome=all")
    drawn = {mark["value"]["index"]: mark for mark in marks(page, "tags")}
    assert sorted(drawn) == list(range(len(held.sentence)))
    for index, mark in drawn.items():
        text = held.text[held.sentence[index]][held.start[index] : held.end[index]]
        # Chinese is shown without the spaces that part its words
        assert mark["drawn"]["text"] == (text if text.isascii() else text.replace(" ", ""))
        assert mark["name"] == ("said" if held.predicted[index] else "given")
        assert mark["value"]["fate"] == OUTCOMES[held.outcome[index]]
        assert mark["box"]["width"] > 5


def test_lines_tell_what_is_true_and_what_is_predicted_without_colour(visit: Visit, report: Report) -> None:
    page = visit(report, hash="outcome=all")
    read = """(part) => {
      const style = getComputedStyle(part);
      const line = style.borderBottomColor === 'rgba(0, 0, 0, 0)' ? 0 : parseFloat(style.borderBottomWidth);
      return [part.dataset.given !== undefined, part.dataset.said !== undefined, line,
        style.textDecorationLine === 'underline' && style.textDecorationStyle === 'dotted',
        part.parentElement.classList.contains('right')];
    }"""
    parts = page.locator("#errors .part[data-given], #errors .part[data-said]").all()
    seen = [tuple(part.evaluate(read)) for part in parts]
    for given, said, line, dotted, right in seen:
        assert (line, dotted) == ((1, False) if right else (2 if said else 0, given))
    assert {(given, said) for given, said, _, _, right in seen if not right} == {
        (True, True),
        (True, False),
        (False, True),
    }


def test_tags_say_in_words_what_went_wrong(visit: Visit, report: Report) -> None:
    page = visit(report)
    said = {
        row: page.locator(f"#errors li[data-row='{row}'] .tag").all_inner_texts() for row in rows_listed(page)
    }
    plain = {
        row: [text.replace("[", "").replace("]", "").strip() for text in all] for row, all in said.items()
    }
    assert plain[2] == ["PER", "PER missed", "LOC"]
    assert plain[3] == ["ORG → LOC", "LOC, border"]
    assert plain[4] == ["ORG → LOC + PER, border"]
    assert plain[5] == ["PER, border", "LOC"]
    assert plain[7] == ["ORG invented"]
    assert set(plain) == {2, 3, 4, 5, 7}


def test_cell_kind_and_search_lead_to_exactly_their_sentences(visit: Visit, report: Report) -> None:
    held = tags(report)
    page = visit(report)
    types = [*held.types, "none"]
    for true in range(len(types)):
        for said in range(len(types)):
            if held.matrix[true, said] == 0:
                continue
            page.evaluate(f"location.hash = 'true={true}&predicted={said}'")
            wait_until(
                page, f"document.querySelector('#errors .cell')?.textContent.includes({types[true][:3]!r})"
            )
            side = held.predicted == (true == len(held.types))
            own, other = (said, len(held.types)) if true == len(held.types) else (true, said)
            chosen = side.astype(bool) & (held.type == own) & (held.met == other)
            assert held.matrix[true, said] == chosen.sum()
            assert set(rows_listed(page)) == set(held.row[held.sentence[chosen]].tolist())
    page.evaluate("location.hash = ''")
    page.get_by_text("Wrong border", exact=True).first.click()
    wait_until(page, "location.hash === '#outcome=border'")
    border = held.sentence[held.outcome == OUTCOMES.index("border")]
    assert set(rows_listed(page)) == set(held.row[border].tolist())
    page.get_by_role("searchbox", name="Find in texts").fill("york")
    wait_until(page, "document.querySelectorAll('#errors li[data-row]').length === 1")


def test_table_of_types_inverts_to_the_counts(visit: Visit, report: Report) -> None:
    held = tags(report)
    page = visit(report)
    for place, name in enumerate(held.types):
        cells = page.locator(f"#errors tr[data-type='{place}'] td").all_inner_texts()
        f1 = 2 * held.hits[place] / (held.actual[place] + held.said[place])
        assert [number(cell) for cell in cells[:2]] == [held.actual[place], held.said[place]]
        assert number(cells[4]) == pytest.approx(f1, abs=6e-4)
        (dot,) = named(page, "types", f"f1 {name}")
        track = dot["drawn"]["track"]
        middle = dot["box"]["x"] + dot["box"]["width"] / 2
        assert (middle - track["x"]) / track["width"] == pytest.approx(f1, abs=0.01)
        (band,) = named(page, "types", f"interval {name}")
        ends = [band["box"]["x"], band["box"]["x"] + band["box"]["width"]]
        assert [(end - track["x"]) / track["width"] for end in ends] == pytest.approx(
            held.f1[place], abs=0.01
        )
        for number_of, fate in enumerate(OUTCOMES):
            count = int(held.fate[place, number_of])
            bars = named(page, "types", f"fate {name} {fate}")
            assert len(bars) == (count > 0)
            for bar in bars:
                share = bar["box"]["width"] / bar["drawn"]["track"]["width"]
                assert share == pytest.approx(count / held.actual[place], abs=0.02)


def test_matrix_counts_what_the_record_counts(visit: Visit, report: Report) -> None:
    page = visit(report)
    assert [mark["value"] for mark in marks(page, "confusion")] == tags(report).matrix.ravel().tolist()
    recalls = page.locator("#errors .right .label").all_inner_texts()
    assert recalls[-1].startswith("–")


def test_keyboard_opens_a_sentence_and_the_address_keeps_it(visit: Visit, report: Report) -> None:
    page = visit(report)
    page.get_by_role("button", name="Look inside the model at row 3").press("Enter")
    wait_until(page, "location.hash === '#row=3'")
    chosen = visit(report, hash="row=3&lang=zh").locator("#errors li.selected")
    assert chosen.count() == 1
    assert "--text='Oslo beat New York City 2-1 .' --token=1" in chosen.inner_text()
    # a sentence without a mistake is shown too when it is the selected one
    assert rows_listed(visit(report, hash="row=6"))[0] == 6


@pytest.mark.parametrize("hash", ["", "lang=zh&theme=dark&outcome=all"])
def test_narrow_and_printed_pages_do_not_scroll_sideways(visit: Visit, report: Report, hash: str) -> None:
    page = visit(report, width=420, hash=hash)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#errors li[data-row]").count() > 3
    ends = "[...document.querySelectorAll('#errors table')].map((t) => t.getBoundingClientRect().right)"
    assert max(page.evaluate(ends)) <= 690


def test_hostile_texts_types_and_control_signs_stay_texts(
    visit: Visit, tmp_path: Path, report: Report
) -> None:
    texts = [text.replace(" ", "_") for text in HOSTILE if text.strip() and text != "\ud800"]
    texts = [text for text in texts if text.split() == [text]]
    hostile = [Tagged(text, "B-PER", ("O", "B-PER")[i % 2]) for i, text in enumerate(texts)]
    held = build_report(tag_run(tmp_path, [*SENTENCES, *hostile]))
    names = (*HOSTILE[:2], HOSTILE[3])
    page = visit(replace(held, tags=replace(tags(held), types=names)), width=420, hash="outcome=all&row=9")
    assert page.locator("#errors img, #errors script, #errors iframe, #errors svg[onload]").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    drawn = {mark["value"]["index"] for mark in marks(page, "tags")}
    listed = np.isin(tags(held).row[tags(held).sentence], rows_listed(page))
    assert drawn == set(np.flatnonzero(listed).tolist()) and len(drawn) > 50
