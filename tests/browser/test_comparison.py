"""Two compared runs on the page: every score and every changed row read back; filters; hostile texts."""

import pytest

from glassbert.show.comparison import comparison_record
from tests.browser.conftest import Visit
from tests.browser.reading import marks
from tests.browser.test_hostile import check_inert
from tests.show.test_comparison import compared
from tests.show.texts import HOSTILE

pytestmark = pytest.mark.browser
LINES = """(cells) => cells.map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map((rect) => rect.top)).size;
})"""


def test_every_score_and_row_is_drawn_and_filters_pick(visit: Visit) -> None:
    record = comparison_record(compared())
    page = visit(record)
    drawn = {mark["name"]: mark["drawn"]["text"] for mark in marks(page, "compare scores")}
    assert list(drawn) == ["accuracy", "mcc"]
    for text in ("Accuracy", "0.75", "0.875", "+0.125", "+0.0625 … +0.1875"):
        assert text in drawn["accuracy"]
    assert "−0.25 … +0.5" in drawn["mcc"]
    section = page.locator("#diff").inner_text()
    assert "runs/two is better." in section and "p = 0.00781" in section and "3 only in B" in section
    assert [mark["value"]["row"] for mark in marks(page, "compare rows")] == [7, 9]
    page.locator("#diff label", has_text="B worse, 1").click()
    assert [mark["value"]["row"] for mark in marks(page, "compare rows")] == [9]
    assert "9 / 12" in marks(page, "compare rows")[0]["drawn"]["text"]
    page.locator("#diff tbody button").first.click()
    hash_of = page.evaluate("location.hash")
    assert "changed=worse" in hash_of and "row=9" in hash_of
    page = visit(record, hash="changed=better&find=nothing", width=420)
    lines = page.locator("#diff .number").evaluate_all(LINES)
    assert len(lines) == 8 and set(lines) == {1}, "no number is broken on a telephone"
    assert marks(page, "compare rows") == [] and "No row fits." in page.locator("#diff").inner_text()


def test_hostile_texts_are_text(visit: Visit) -> None:
    texts = [text for text in HOSTILE if text]
    rows = [
        {"row": i, "text": text, "label": text, "predictions": [text, text]} for i, text in enumerate(texts)
    ]
    found = compared(runs=[texts[0], texts[1]], verdict=texts[2], better=rows, worse=[])
    page = visit(comparison_record(found))
    assert len(marks(page, "compare rows")) == len(texts)
    check_inert(page)
