"""The page: one HTML file drawn from records.

`glassbert.show` is both this room and what a person calls in a notebook, `gb.show(record)` or
`gb.show([one, two])`: importing a room always binds its name in the package, so the module itself answers the
call.
"""

from __future__ import annotations

import sys
from types import ModuleType

from glassbert.show.contents import Content, OfRow
from glassbert.show.notebook import HEIGHT, Shown, show

__all__ = ["OfRow", "Shown", "show"]


class _Room(ModuleType):
    def __call__(self, content: Content, *, height: int = HEIGHT) -> Shown:
        return show(content, height=height)


sys.modules[__name__].__class__ = _Room
