"""A record in a notebook cell: the same page, in a frame that reaches neither notebook nor network."""

from __future__ import annotations

import html

from glassbert.lens.records import Record
from glassbert.show.page import render_page, title_of

HEIGHT = 760


class Shown:
    """What `show` returns; a notebook draws it, and nothing is rendered before that."""

    def __init__(self, record: Record, *, height: int = HEIGHT) -> None:
        self.record = record
        self.height = height

    def _repr_html_(self) -> str:
        page = html.escape(render_page(self.record).decode("utf-8"))
        title = html.escape(title_of(self.record))
        # The sandbox gives the page an origin of its own: its script runs, but cannot touch the notebook.
        return (
            f'<iframe srcdoc="{page}" title="{title}" sandbox="allow-scripts" '
            f'width="100%" height="{self.height}" frameborder="0"></iframe>'
        )

    def __repr__(self) -> str:
        name = type(self.record).__name__
        return f"<{name} to be shown in a notebook; record.save('page.html') writes a file>"


def show(record: Record, *, height: int = HEIGHT) -> Shown:
    """The record as the last value of a notebook cell; `height` in CSS pixels."""
    return Shown(record, height=height)
