"""Rows put into bins: by what they are called, by a number, by a column of their file.

Every row is in exactly one bin of a slicing. Bins depend on what the rows are, never on whether the model was
right. Letters: N rows, B bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from glassbert.text.cells import parse_number

Kind = Literal["length", "label", "confidence", "script", "column"]
Reason = Literal[
    "one-value", "value-per-row", "many-values", "not-plain", "same-name", "too-many-columns", "not-recorded"
]

# fewer rows prove nothing about a slice
MIN_ROWS = 30
# numbers are cut into five parts of about equal size, or fewer where each would have fewer than MIN_ROWS
MOST_BINS = 5
FEWEST_BINS = 2
# a column with more different words, or more different numbers, is not sliced value by value
MOST_VALUES = 20
MOST_NUMBERS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Slicing:
    """One way to put all rows into bins: `bins[n]` is the bin of row n.

    A bin is either a value (`values[b]`, with `low` and `high` NaN) or the numbers from `low[b]` to
    `high[b]`, both included (with `values[b]` ""). The bin of empty cells has the value "" and NaN.
    """

    kind: Kind
    name: str
    bins: Int[np.ndarray, "N"]
    values: tuple[str, ...]
    low: Float[np.ndarray, "B"]
    high: Float[np.ndarray, "B"]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What is not sliced by, and why; `number` is how many different values there are, where that is why."""

    kind: Kind
    name: str
    reason: Reason
    number: int = 0


def by_value(kind: Kind, values: Sequence[str], *, name: str = "") -> Slicing | LeftOut:
    """A bin for every different value; numbers in their order, words in theirs, empty cells last."""
    distinct = sorted(set(values), key=_order)
    if len(distinct) < 2:
        return LeftOut(kind=kind, name=name, reason="one-value", number=len(distinct))
    place = {value: number for number, value in enumerate(distinct)}
    nothing = np.full(len(distinct), np.nan)
    bins = np.array([place[value] for value in values], dtype=np.int32)
    return Slicing(kind=kind, name=name, bins=bins, values=tuple(distinct), low=nothing, high=nothing)


def by_number(kind: Kind, numbers: Float[np.ndarray, "N"], *, name: str = "") -> Slicing | LeftOut:
    """Parts of about equal size, cut at quantiles; equal numbers stay together. NaN are empty cells.

    The quantiles are numbers that occur (the inverse of the empirical distribution), so no bin is empty.
    """
    there = ~np.isnan(numbers)
    held = numbers[there]
    if len(np.unique(held)) < 2 and there.all():
        return LeftOut(kind=kind, name=name, reason="one-value", number=len(np.unique(held)))
    parts = min(max(len(held) // MIN_ROWS, FEWEST_BINS), MOST_BINS)
    cuts = np.unique(np.quantile(held, np.arange(1, parts) / parts, method="inverted_cdf"))
    cuts = cuts[cuts < held.max()]
    if not len(cuts):  # most rows have the largest number
        cuts = np.unique(held)[-2:-1]
    bins = np.full(len(numbers), len(cuts) + 1, dtype=np.int32)
    bins[there] = np.searchsorted(cuts, held, side="left")
    low, high = (
        [float(end(held[bins[there] == number])) for number in range(len(cuts) + 1)]
        for end in (np.min, np.max)
    )
    empty = [] if there.all() else [np.nan]
    count = len(cuts) + 1 + len(empty)
    return Slicing(
        kind=kind,
        name=name,
        bins=bins,
        values=("",) * count,
        low=np.array([*low, *empty]),
        high=np.array([*high, *empty]),
    )


def by_column(name: str, cells: Sequence[str]) -> Slicing | LeftOut:
    """By a column of the file: value by value where they are few, in parts where they are many numbers.

    Left out: a column with a value per row (words or whole numbers: an id; fractions are measurements), with
    one value only, or with many different words.
    """
    filled = [cell for cell in cells if cell]
    distinct = set(filled)
    numbers = _numbers(distinct)
    measured = numbers is not None and any(not value.is_integer() for value in numbers.values())
    whole = len(filled) == len(cells) or len(filled) > MOST_VALUES
    if whole and len(filled) == len(distinct) and not measured:
        return LeftOut(kind="column", name=name, reason="value-per-row", number=len(distinct))
    if numbers is not None and len(distinct) > MOST_NUMBERS:
        column = np.array([numbers[cell] if cell else np.nan for cell in cells])
        return by_number("column", column, name=name)
    if len(distinct) > MOST_VALUES:
        return LeftOut(kind="column", name=name, reason="many-values", number=len(distinct))
    return by_value("column", cells, name=name)


def _numbers(values: set[str]) -> dict[str, float] | None:
    """Every value as a number; None when one is none."""
    try:
        return {value: parse_number(value) for value in values}
    except ValueError:
        return None


def _order(value: str) -> tuple[int, float, str]:
    try:
        return 0, parse_number(value), value
    except ValueError:
        return (1 if value else 2), 0.0, value
