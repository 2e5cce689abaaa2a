"""What a page holds: one record or several, none without a view, and each exactly as it was given."""

import base64

import pytest

from glassbert.errors import UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import AttentionSketch
from glassbert.show.contents import OfRow, contents, fitting
from glassbert.show.notebook import show
from glassbert.show.page import render_page
from tests.show.make_attention import CHINESE, make_attention
from tests.show.test_page import Elements
from tests.show.texts import HOSTILE


def test_page_carries_every_record_in_its_order() -> None:
    given = [make_attention(), make_attention(CHINESE)]
    found = [text for _, attrs, text in Elements(render_page(given)).found if "data-record" in attrs]
    carried = [AttentionRecord.from_bytes(base64.b64decode(text)) for text in found]
    assert [each.to_bytes() for each in carried] == [each.to_bytes() for each in given]


def test_record_about_a_row_says_which() -> None:
    page = Elements(render_page([OfRow(record=make_attention(), row=17), make_attention()]))
    rows = [attrs.get("data-row") for _, attrs, _ in page.found if "data-record" in attrs]
    assert rows == ["17", None]


def test_page_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="empty-page: there is no record to draw"):
        render_page([])


def test_one_record_and_a_list_of_it_give_the_same_page() -> None:
    assert render_page(make_attention()) == render_page([make_attention()])


def test_large_attention_among_several_is_sketched_and_keeps_its_row() -> None:
    large = make_attention(("[CLS]", *(["word"] * 126), "[SEP]"), layers=6, heads=12)
    one, two = contents(fitting(contents([OfRow(record=large, row=3), make_attention()])))
    assert isinstance(one.record, AttentionSketch) and one.row == 3
    assert isinstance(two.record, AttentionRecord) and two.row is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_name_of_a_record_stays_within_its_attribute(text: str) -> None:
    tokens = ("[CLS]", text or "-", "[SEP]")
    page = Elements(render_page([make_attention(tokens), make_attention(tokens)]))
    assert [tag for tag, attrs, _ in page.found if "data-record" in attrs] == ["script", "script"]
    assert len(page.texts("script")) == 4


def test_notebook_shows_several_records() -> None:
    shown = show([make_attention(), make_attention(CHINESE)])
    assert repr(shown).startswith("<AttentionRecord, AttentionRecord to be shown")
