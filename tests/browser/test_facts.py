"""What the section of facts says, where it is narrow."""

from dataclasses import replace

import pytest

from glassbert.lens.report_records import Setting
from glassbert.runs.recipe import recipe, settle
from tests.browser.conftest import ReportOf, Visit

pytestmark = pytest.mark.browser
LINES = """(code) => {
  const range = document.createRange();
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent;
    range.selectNodeContents(walker.currentNode);
    const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
    if (text.trim()) found.push([text, new Set(tops).size, tops[0]]);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [1280, 420, 320])
def test_a_line_of_the_command_ends_between_its_words(visit: Visit, report_of: ReportOf, width: int) -> None:
    code = visit(report_of("english"), width=width).locator("#facts .command code")
    command = "glassbert finetune 'my reviews.csv' --budget 5m --seed 20251121"
    assert code.inner_text() == command, "as it is copied"
    words = code.evaluate(LINES)
    assert [word for word, _, _ in words] == command.split(" ")
    assert {lines for _, lines, _ in words} == {1}
    assert (len({top for _, _, top in words}) > 1) == (width < 500)


def test_a_word_of_the_command_that_is_longer_than_a_line_is_broken(
    visit: Visit, report_of: ReportOf
) -> None:
    report = report_of("english")
    facts = replace(report.facts, command=f"glassbert report {'/long' * 60}")
    page = visit(replace(report, facts=facts), width=420)
    words = page.locator("#facts .command code").evaluate(LINES)
    assert [lines for _, lines, _ in words[:2]] == [1, 1] and words[2][1] > 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


CELLS = """(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"""


@pytest.mark.parametrize("width", [1280, 400])
def test_settings_are_said_in_the_language_of_the_page(visit: Visit, report_of: ReportOf, width: int) -> None:
    advice = recipe(num_parameters=22_700_000, num_rows=2_490, max_length=512)
    chosen = settle({"epochs": 3.0}, {"seed": 7}, advice)
    settings = tuple(
        Setting(name=name, value=str(each.value), source=each.origin, reason=each.reason)
        for name, each in chosen.items()
    )
    report = report_of("english")
    facts = replace(report.facts, settings=settings, pair_column="another")
    said, found = {}, {}
    for language in ("en", "zh"):
        page = visit(replace(report, facts=facts), hash=f"lang={language}", width=width)
        table = page.locator("#facts details:has(table)")
        table.evaluate("(details) => { details.open = true; }")
        found[language] = [tuple(cells) for cells in table.locator("tbody tr").evaluate_all(CELLS)]
        lines = [line for name in table.locator("tbody th code").all() for line in name.evaluate(LINES)]
        assert {count for _, count, _ in lines} == {1}, "a name is broken after its underscores alone"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        said[language] = page.locator("#facts").inner_text()
    assert found["en"] == [(each.name, each.value, each.source, each.reason) for each in settings]
    sources = {"default": "默认", "recipe": "配方", "option": "选项", "config file": "配置文件"}
    assert [row[:3] for row in found["zh"]] == [(*row[:2], sources[row[2]]) for row in found["en"]]
    assert all("\u4e00" <= row[3][-1] <= "\u9fff" or row[3].endswith("22.7 M") for row in found["zh"])
    assert "Second text column\nanother" in said["en"] and "第二文本列\nanother" in said["zh"]
