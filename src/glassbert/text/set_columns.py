"""Several columns of 0 and 1 as one answer: a column per label."""

from __future__ import annotations

from collections.abc import Mapping

from glassbert.text.asked import Asked
from glassbert.text.names import SET_NAMES, names_identity, plain
from glassbert.text.profiles import Profile

FEWEST = 2


def marked_columns(profiles: Mapping[str, Profile], asked: Asked, before: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of 0 and 1: those named with commas between, those of the training file (`before`), or,
    where no column is called labels, all that hold nothing else; () where there are fewer than two.
    """
    if asked.label is not None:
        named = asked.label not in profiles and "," in asked.label
        return tuple(part.strip() for part in asked.label.split(",")) if named else ()
    if before and all(name in profiles for name in before):
        return before
    usual = frozenset().union(*SET_NAMES)
    if any(plain(name) in usual and not profiles[name].marks for name in profiles):
        return ()
    free = [name for name in profiles if name not in (asked.text, asked.pair) and not names_identity(name)]
    found = tuple(name for name in free if profiles[name].marks)
    return found if len(found) >= FEWEST else ()
