"""What became of every entity: found, or in which way it was not.

`entity_confusion` knows only stretches of the very same words; here an entity also meets those that share a
word with it, so that a wrong border is not told as one entity missed and another invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glassbert.text.schemes import Span

OUTCOMES = ("right", "type", "border", "both", "alone")
"""The other side has: the same words and type; the same words, another type; other words that overlap, the
same type; only such of another type; nothing there (a true entity is missed, a predicted one invented)."""


@dataclass(frozen=True)
class Fate:
    """An entity, its outcome, and the type that the other side gives to the same words, None for none."""

    span: Span
    outcome: str
    met: str | None


def fates(entities: Sequence[Span], others: Sequence[Span]) -> list[Fate]:
    """What became of each entity of one side, given those of the other; stretches are [first word, end)."""
    places = {span[1:]: span[0] for span in others}
    return [_fate(span, places.get(span[1:]), others) for span in entities]


def _fate(span: Span, met: str | None, others: Sequence[Span]) -> Fate:
    name, first, end = span
    if met is not None:
        return Fate(span, "right" if met == name else "type", met)
    over = {other for other, begin, stop in others if begin < end and first < stop}
    return Fate(span, "border" if name in over else "both" if over else "alone", None)
