"""What the section of facts says, where it is narrow."""

from dataclasses import replace

import pytest

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
