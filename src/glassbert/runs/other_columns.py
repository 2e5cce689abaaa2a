"""The columns of an evaluation file besides text and label, as far as rows can be sliced by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int

from glassbert.tasks.slicing import LeftOut, by_column
from glassbert.text.columns import Columns
from glassbert.text.tables import Table

MOST_COLUMNS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class OtherColumns:
    """By its name each column that slices, a cell per row ("" where it is empty), and what is left out."""

    cells: dict[str, list[str]] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()


def other_columns(table: Table, columns: Columns, rows: Int[np.ndarray, "N"]) -> OtherColumns:
    """Of the rows with these numbers, in this order; at most MOST_COLUMNS columns slice."""
    taken = {columns.text, columns.pair, columns.label, columns.negative}
    names = [name for name in table.frame.columns if name not in taken]
    place = {row: index for index, row in enumerate(table.rows.tolist())}
    chosen = [place[row] for row in rows.tolist()]
    cells: dict[str, list[str]] = {}
    left_out: list[LeftOut] = []
    for name in names:
        values = table.frame[name].tolist()
        found = _sliceable(name, [values[index] for index in chosen], cells)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            cells[name.strip()] = found
    return OtherColumns(cells=cells, left_out=tuple(left_out))


def _sliceable(name: str, values: Sequence[object], before: dict[str, list[str]]) -> list[str] | LeftOut:
    if len(before) == MOST_COLUMNS:
        return LeftOut(kind="column", name=name, reason="too-many-columns")
    # readers of tables strip the names of columns
    if name.strip() in before:
        return LeftOut(kind="column", name=name, reason="same-name")
    cells = [plain_cell_text(value) for value in values]
    plain = [cell for cell in cells if cell is not None]
    if len(plain) < len(cells) or not _writable(name, *set(plain)):
        return LeftOut(kind="column", name=name, reason="not-plain")
    sliced = by_column(name, plain)
    return sliced if isinstance(sliced, LeftOut) else plain


def plain_cell_text(value: object) -> str | None:
    """A cell as text: "" for null; None for a list, an object or another thing that is no plain value."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return value if isinstance(value, str) else None


def _writable(*texts: str) -> bool:
    """No half of a surrogate pair, which no file can hold."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)
