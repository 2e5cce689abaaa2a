"""What points are coloured by: a column of any values, as categories or as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from glassbert.errors import Problem, UsageError
from glassbert.lens.embeddings_record import PointColumn

# more categories than this are no legend; where they are numbers they become a scale
MOST_CATEGORIES = 60


def column_of(name: str, values: Sequence[object], text_of: np.ndarray) -> PointColumn:
    """A column of one value per text, spread over the points of the texts.

    Few distinct values are categories, in the order of their counts; many are numbers. Raises UsageError for
    many distinct values that are no numbers.
    """
    named = _named(values)
    counts = Counter(value for value in named if value is not None)
    if _are_categories(values, len(counts)):
        ordered = sorted(counts, key=lambda each: (-counts[each], each))
        number = {each: place for place, each in enumerate(ordered)}
        codes = np.array([-1 if each is None else number[each] for each in named], np.int32)
        return PointColumn(
            name=name, categories=tuple(ordered), code=codes[text_of], number=np.empty(0, np.float32)
        )
    numbers = np.array([_number(name, each, len(counts)) for each in named], np.float32)
    return PointColumn(name=name, categories=(), code=np.empty(0, np.int32), number=numbers[text_of])


def can_colour(values: Sequence[object]) -> bool:
    """Whether `column_of` takes them, and they say anything."""
    distinct = {value for value in _named(values) if value is not None}
    if len(distinct) < 2:
        return False
    return _are_categories(values, len(distinct)) or all(map(_is_number, distinct))


def _named(values: Sequence[object]) -> list[str | None]:
    return [None if value is None or value != value else str(value) for value in values]


def _are_categories(values: Sequence[object], distinct: int) -> bool:
    floats = all(isinstance(value, float) for value in values if value is not None)
    return distinct <= MOST_CATEGORIES and not (floats and distinct > 2)


def _is_number(value: str) -> bool:
    try:
        return value == "" or float(value) is not None
    except ValueError:
        return False


def _number(name: str, value: str | None, distinct: int) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        return float(value)
    except ValueError as error:
        what = f"the column {name!r} has {distinct:,} distinct values, and {value!r:.40} is no number"
        fix = f"colour by a column of numbers, or of at most {MOST_CATEGORIES} values"
        raise UsageError(Problem(code="not-a-colour", what=what, fix=fix)) from error
