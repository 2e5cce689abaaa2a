"""The page: one HTML file drawn from records.

`glassbert.show` is both this room and what a person calls in a notebook, `gb.show(record)`: importing a room
always binds its name in the package, so the module itself answers the call.
"""

from __future__ import annotations

import sys
from types import ModuleType

from glassbert.lens.records import Record
from glassbert.show.notebook import HEIGHT, Shown, show

__all__ = ["Shown", "show"]


class _Room(ModuleType):
    def __call__(self, record: Record, *, height: int = HEIGHT) -> Shown:
        return show(record, height=height)


sys.modules[__name__].__class__ = _Room
