"""Which call has to follow which: after those that made its tensors, and, round a write in place, after all
that touched the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Order:
    """Tensors by their numbers; tensors that share memory have one root."""

    maker: dict[int, int] = field(default_factory=dict)
    root: dict[int, int] = field(default_factory=dict)
    _writer: dict[int, int] = field(default_factory=dict)
    _touched: dict[int, set[int]] = field(default_factory=dict)

    def after(self, event: int, *, reads: Iterable[int], writes: Iterable[int]) -> frozenset[int]:
        """The events that `event` has to follow; from now on it counts as one that touched these tensors."""
        written = {self.root[number] for number in writes}
        found = {self.maker[number] for number in reads if number in self.maker}
        for root in {self.root[number] for number in reads}:
            if root in self._writer:
                found.add(self._writer[root])
            if root in written:
                found |= self._touched.get(root, set())
                self._writer[root] = event
                self._touched[root] = set()
            self._touched.setdefault(root, set()).add(event)
        return frozenset(found - {event})
