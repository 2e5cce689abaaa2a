"""The dot-and-whisker plot says what the record says, read back through its own axis."""

import pytest

from tests.browser.conftest import ReportOf, Visit
from tests.browser.reading import axis, marks, middle

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "mcc"])
@pytest.mark.parametrize("width", [1280, 390])
def test_dots_and_whiskers_invert_to_the_scores(
    visit: Visit, report_of: ReportOf, metric: str, width: int
) -> None:
    report = report_of("english")
    page = visit(report, hash=f"metric={metric}", width=width)
    x = axis(page.locator("#score figure"), "[data-mark=tick]", "x")
    found = {mark["name"]: mark for mark in marks(page, "score")}
    assert len(report.score.contenders) == 3
    for contender in report.score.contenders:
        (score,) = [each for each in contender.scores if each.metric == metric]
        dot = found[f"score {contender.name}"]
        assert dot["value"] == score.value and dot["drawn"] == {"metric": metric}
        assert abs(x.value(middle(dot)[0]) - score.value) < x.pixel
        if score.low is not None and score.high > score.low:
            box = found[f"interval {contender.name}"]["box"]
            assert abs(x.value(box["x"]) - score.low) < 1.5 * x.pixel
            assert abs(x.value(box["x"] + box["width"]) - score.high) < 1.5 * x.pixel


def test_numbers_beside_the_dots_are_those_of_the_record(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    rows = visit(report).locator("#score figure [role=listitem]").all_inner_texts()
    values = {
        contender.name: next(score for score in contender.scores if score.metric == "accuracy")
        for contender in report.score.contenders
    }
    for text, name in zip(rows, ["model", "tfidf", "majority"], strict=True):
        score = values[name]
        assert f"{score.value:.3f}" in text and f"[{score.low:.3f}, {score.high:.3f}]" in text


def test_every_dot_lies_within_a_narrow_page(visit: Visit, report_of: ReportOf) -> None:
    page = visit(report_of("english"), hash="metric=mcc", width=390)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for mark in marks(page, "score"):
        assert mark["box"]["x"] >= 0 and mark["box"]["x"] + mark["box"]["width"] <= 390


def test_verdict_is_the_first_heading_and_is_plain(visit: Visit, report_of: ReportOf) -> None:
    report = report_of("english")
    page = visit(report)
    assert page.locator("h1").all_inner_texts() == ["Better than TF-IDF + logistic regression."]
    assert page.locator("#score .support").inner_text().replace("\xa0", " ") in report.score.verdict


@pytest.mark.parametrize(
    ("kind", "headline"),
    [
        ("even", "Not distinguishable from TF-IDF + logistic regression."),
        ("collapsed", "Collapsed: "),
        ("tiny", ""),
    ],
)
def test_verdict_that_is_not_better_does_not_say_so(
    visit: Visit, report_of: ReportOf, kind: str, headline: str
) -> None:
    heading = visit(report_of(kind)).locator("h1")
    assert heading.inner_text().startswith(headline) and "Better" not in heading.inner_text()
    assert "doubt" in heading.get_attribute("class")
