"""Pairs with or without a score, and triplets: which columns hold the texts, and which the score."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glassbert.text.names import plain
from glassbert.text.quoting import quoted
from glassbert.text.tables import Table

if TYPE_CHECKING:
    from glassbert.text.columns import Columns

NEGATIVE_NAMES = frozenset({"negative", "hard_negative", "neg"})


def is_scored(columns: Columns) -> bool:
    """Whether pairs have scores; where they have none, the column of second texts is the label."""
    return columns.label is not None and columns.label != columns.pair


def negative_column(table: Table) -> str | None:
    """The column of texts that the first is to be told from, by its name."""
    found = [name for name in table.frame.columns if plain(name) in NEGATIVE_NAMES]
    return found[0] if len(found) == 1 else None


def unscored(columns: Columns, *, negative: str | None, source: str) -> Columns:
    """Columns of pairs that all belong together, or of triplets."""
    if negative is None:
        why = f"label: none; every pair of {source} is taken to belong together"
    else:
        why = f"negative: {quoted(negative)}, chosen by its name"
    return replace(columns, label=columns.pair, negative=negative, reasons=(*columns.reasons, why))
