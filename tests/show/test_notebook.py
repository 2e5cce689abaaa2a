"""In a notebook: the page in a frame, and `glassbert.show` that can be called."""

import html
import re

import glassbert
from glassbert.show import show
from glassbert.show.page import render_page
from tests.show.make_attention import make_attention


def test_shown_is_the_page_in_a_sandboxed_frame() -> None:
    record = make_attention()
    frame = show(record, height=500)._repr_html_()
    (srcdoc,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(srcdoc).encode() == render_page(record)
    assert 'sandbox="allow-scripts allow-downloads"' in frame and 'height="500"' in frame
    assert "allow-same-origin" not in frame


def test_package_shows_a_record_when_called() -> None:
    record = make_attention()
    assert glassbert.show(record)._repr_html_() == show(record)._repr_html_()


def test_shown_says_what_it_is_outside_a_notebook() -> None:
    assert repr(show(make_attention())).startswith("<AttentionRecord to be shown")
