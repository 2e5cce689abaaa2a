"""Records in a notebook cell: the same page, in a frame that reaches neither notebook nor network."""

from __future__ import annotations

import html

from glassbert.show.contents import Content, contents
from glassbert.show.page import render_page, title_of

HEIGHT = 760


class Shown:
    """What `show` returns; a notebook draws it, and nothing is rendered before that."""

    def __init__(self, content: Content, *, height: int = HEIGHT) -> None:
        self.content = content
        self.height = height

    def _repr_html_(self) -> str:
        page = html.escape(render_page(self.content).decode("utf-8"))
        title = html.escape(title_of(contents(self.content)[0].record))
        # The sandbox gives the page an origin of its own: its script runs, but cannot touch the notebook.
        return (
            f'<iframe srcdoc="{page}" title="{title}" sandbox="allow-scripts allow-downloads" '
            f'width="100%" height="{self.height}" frameborder="0"></iframe>'
        )

    def __repr__(self) -> str:
        names = ", ".join(type(held.record).__name__ for held in contents(self.content))
        return f"<{names} to be shown in a notebook; record.save('page.html') writes a file>"


def show(content: Content, *, height: int = HEIGHT) -> Shown:
    """A record, or a list of records, as the last value of a notebook cell; `height` in CSS pixels."""
    return Shown(content, height=height)
