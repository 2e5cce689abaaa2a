"""What every reader hands back: named columns of equal length and the row number of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassbert.errors import DataError, Problem

MAX_COLUMNS = 1000


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """Columns `[num_columns][n]`, their names, and `rows` int64 `[n]`, numbered as a person counts them."""

    names: Sequence[str]
    columns: Sequence[Sequence[object] | NDArray[np.generic]]
    rows: NDArray[np.int64]


def from_objects(objects: Sequence[Mapping[str, object]], rows: Sequence[int], *, name: str) -> Parsed:
    """Columns of JSON objects, in the order in which keys first appear; an absent key is None, like null."""
    if objects and not any(objects):
        what, fix = "every object is empty: there is no column", 'write {"text": "...", "label": "..."}'
        raise DataError(Problem(code="no-columns", what=what, fix=fix, file=name))
    if not objects:
        raise no_examples(name)
    keys = dict.fromkeys(objects[0])
    for row in objects:
        if row.keys() != keys.keys():
            keys |= dict.fromkeys(row)
            if len(keys) > MAX_COLUMNS:  # rows without a common key would otherwise fill memory with None
                what = f"the rows have more than {MAX_COLUMNS:,} different keys between them"
                fix = "give every row the same keys, such as text and label"
                raise DataError(Problem(code="too-many-columns", what=what, fix=fix, file=name))
    columns = [[row.get(key) for row in objects] for key in keys]
    return Parsed(names=list(keys), columns=columns, rows=np.array(rows, dtype=np.int64))


def no_rows(name: str) -> DataError:
    """The error for a file that holds nothing at all."""
    what, fix = (
        "no rows; expected header text,label",
        "check that this is the right file and that it is complete",
    )
    return DataError(Problem(code="empty-file", what=what, fix=fix, file=name))


def no_examples(name: str) -> DataError:
    """The error for a file that has the form of a table but holds no example."""
    what, fix = "0 examples", "add rows, or check that the file is complete"
    return DataError(Problem(code="no-examples", what=what, fix=fix, file=name))
