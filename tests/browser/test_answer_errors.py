"""Answers: what is marked in a context, bars that invert to counts and shares, filters."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from glassbert.lens.report_records import Report
from glassbert.lens.word_records import AnswerRows
from glassbert.show.answer_rows import OUTCOMES
from glassbert.show.report import build_report
from tests.browser.conftest import Visit
from tests.browser.reading import marks, named, number, wait_until
from tests.show.make_words import QUESTIONS, Answered, answer_run
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
MISTAKES = ("partly", "wrong", "unanswered", "invented")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build_report(answer_run(tmp_path_factory.mktemp("answers")))


def held(report: Report) -> AnswerRows:
    assert report.answers is not None
    return report.answers


def rows_listed(page: Page) -> list[int]:
    found: list[int] = page.locator("#errors ol > li[data-row]").evaluate_all(
        "(all) => all.map((each) => Number(each.dataset.row))"
    )
    return found


def of(answers: AnswerRows, *kinds: str) -> set[int]:
    chosen = np.isin(answers.outcome, [OUTCOMES.index(kind) for kind in kinds])
    return set(answers.row[chosen].tolist())


def test_chinese_headline_names_the_rival_and_scores_are_in_percent(visit: Visit, report: Report) -> None:
    page = visit(report, hash="lang=zh")
    assert page.locator("#verdict").inner_text() == "优于词语重合。"
    assert page.locator("#score label.chosen").inner_text().strip() == "F1"
    assert report.score is not None
    f1 = next(each for each in report.score.contenders[0].scores if each.metric == "f1")
    assert page.locator("#score .value b").first.inner_text() == f"{f1.value:.1f}\u00a0%"


def test_answers_are_marked_where_they_stand(visit: Visit, report: Report) -> None:
    page = visit(report, hash="outcome=all")
    found = [mark for mark in marks(page, "answers") if mark["name"] in ("said", "given")]
    assert len(found) > 10
    cut = 0
    for mark in found:
        asked = QUESTIONS[mark["value"]["row"] - 2]
        start, end = mark["value"]["start"], mark["value"]["end"]
        text = asked.context[start:end]
        assert text == mark["value"]["text"]
        assert text == asked.said if mark["name"] == "said" else text in asked.right
        # what stands behind the cut of a long context cannot be marked
        cut += end > 10_000
        assert mark["drawn"]["text"] == ("" if end > 10_000 else text)
    assert cut == 2


def test_a_question_says_what_was_answered_and_what_is_right(visit: Visit, report: Report) -> None:
    page = visit(report, hash="outcome=all")
    for i, asked in enumerate(QUESTIONS):
        row = page.locator(f"#errors li[data-row='{i + 2}']")
        assert row.locator(".question").inner_text() == asked.question
        said, right, _ = (each.inner_text() for each in row.locator("dd").all())
        assert (asked.said or "no answer") in said
        assert all(text in right for text in asked.right or ("no answer",))


def test_whole_context_is_there_when_a_question_is_selected(visit: Visit, report: Report) -> None:
    page = visit(report, hash="row=4")
    chosen = page.locator("#errors li.selected")
    assert QUESTIONS[2].context.endswith(chosen.locator(".stretch .part").last.inner_text() + " .")
    assert "1.25 below the threshold" in chosen.inner_text()
    bars = [mark for mark in marks(page, "answers") if mark["name"] == "best"]
    shares = sorted([0.52, 0.2, 0.001, float(held(report).null_share[2])], reverse=True)
    assert [bar["value"]["share"] for bar in bars] == pytest.approx(shares, abs=1e-6)
    for bar, share in zip(bars, shares, strict=True):
        assert bar["box"]["width"] / bar["drawn"]["track"]["width"] == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("row", [7, 6])
def test_no_answer_says_by_how_much_it_exceeds_the_threshold(visit: Visit, report: Report, row: int) -> None:
    page = visit(report, hash=f"row={row}")
    margin = QUESTIONS[row - 2].odds - 1
    assert f"{margin:g} above the threshold" in page.locator("#errors li.selected").inner_text()


def test_bar_of_outcomes_inverts_to_the_counts_and_its_buttons_filter(visit: Visit, report: Report) -> None:
    answers = held(report)
    page = visit(report)
    bars = {mark["name"]: mark for mark in marks(page, "outcomes")}
    for place, kind in enumerate(OUTCOMES):
        count = int(answers.outcomes[place])
        assert (kind in bars) == (count > 0)
        if count:
            share = bars[kind]["box"]["width"] / bars[kind]["drawn"]["track"]["width"]
            assert bars[kind]["value"] == count and share == pytest.approx(count / answers.total, abs=0.01)
    assert set(rows_listed(page)) == of(answers, *MISTAKES)
    for kind in ("right", "partly", "wrong", "unanswered", "invented", "none"):
        page.evaluate(f"location.hash = 'outcome={kind}'")
        wait_until(
            page, f"document.querySelectorAll('#errors li[data-row]').length === {len(of(answers, kind))}"
        )
        assert set(rows_listed(page)) == of(answers, kind)
    page.evaluate("location.hash = ''")
    page.get_by_role("button", name="answered, though there is none").press("Enter")
    wait_until(page, "location.hash === '#outcome=invented'")


def test_groups_invert_to_their_scores_and_list_their_questions(visit: Visit, report: Report) -> None:
    answers = held(report)
    page = visit(report, hash="outcome=all")
    found = marks(page, "groups")
    assert len(found) == len(answers.groups.kind)
    for mark in found:
        place = int(mark["name"].split()[1])
        track, dot = mark["drawn"]["track"], mark["drawn"]["dot"]
        middle = dot["x"] + dot["width"] / 2
        assert 100 * (middle - track["x"]) / track["width"] == pytest.approx(
            answers.groups.f1[place, 0], abs=1
        )
        ends = [mark["box"]["x"], mark["box"]["x"] + mark["box"]["width"]]
        shown = [100 * (end - track["x"]) / track["width"] for end in ends]
        assert shown == pytest.approx(answers.groups.f1[place, 1:], abs=1)
        cells = page.locator(f"#errors tr[data-group='{place}'] td").all_inner_texts()
        assert number(cells[0]) == answers.groups.rows[place]
        assert number(cells[1]) == pytest.approx(answers.groups.exact[place, 0], abs=0.06)
    page.locator("#errors tr[data-group='2'] button").press("Enter")
    wait_until(page, "location.hash.includes('group=2')")
    assert set(rows_listed(page)) == set(answers.row[(answers.group == 2).any(1)].tolist())


def test_bars_of_margins_invert_to_the_questions(visit: Visit, report: Report) -> None:
    page = visit(report)
    margins = held(report).null_odds - 1.0
    without = np.array([not asked.right for asked in QUESTIONS])
    bars = marks(page, "margins")
    for side, rows in (("has", ~without), ("none", without)):
        drawn = [bar for bar in bars if bar["name"] == side]
        assert sum(bar["value"] for bar in drawn) == rows.sum()
        for bar in drawn:
            low, high = bar["drawn"]["low"], bar["drawn"]["high"]
            assert bar["value"] == (rows & (margins >= low - 1e-9) & (margins < high - 1e-9)).sum()
            height = bar["drawn"]["half"] * bar["value"] / bar["drawn"]["most"]
            assert bar["box"]["height"] == pytest.approx(height, abs=1.5)
    assert not any(bar["drawn"]["low"] < 0 < bar["drawn"]["high"] for bar in bars)


def test_run_that_always_answers_has_no_margins(visit: Visit, tmp_path: Path) -> None:
    report = build_report(answer_run(tmp_path, [QUESTIONS[0], QUESTIONS[1]], threshold=None))
    page = visit(report, hash="row=2")
    assert page.locator("#errors svg").count() == 0 and named(page, "answers", "said")
    assert "threshold" not in page.locator("#errors").inner_text()


@pytest.mark.parametrize("hash", ["", "lang=zh&theme=dark&outcome=all&row=8"])
def test_narrow_and_printed_pages_do_not_scroll_sideways(visit: Visit, report: Report, hash: str) -> None:
    page = visit(report, width=420, hash=hash)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#errors li[data-row]").count() > 3


def test_hostile_questions_contexts_and_answers_stay_texts(visit: Visit, tmp_path: Path) -> None:
    texts = [text for text in HOSTILE if text.strip() and text != "\ud800" and len(text) < 500]
    asked = [
        Answered(text, f"{text} and {other}", (text,), other, -1.0)
        for text, other in zip(texts, texts[::-1], strict=True)
    ]
    page = visit(build_report(answer_run(tmp_path, asked)), width=420, hash="outcome=all&row=3")
    assert page.locator("#errors img, #errors script, #errors iframe, #errors svg[onload]").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
