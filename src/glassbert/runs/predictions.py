"""Predictions as a table: one line per row of the data, every score, safe to open in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from glassbert.durable import write_file
from glassbert.tasks.task import Examples, Predictions, Task, Text

# a cell that begins with one of these is run as a formula by spreadsheets (OWASP, "CSV Injection")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?")
# csv.writer would leave a carriage return unquoted, where readers end the row
QUOTED = frozenset(',"\r\n')


More = Mapping[str, Sequence[str]]
NO_MORE: More = MappingProxyType({})


def write_predictions(
    path: Path, examples: Examples, predictions: Predictions, *, task: Task, more: More = NO_MORE
) -> None:
    """Columns: row, text, (pair,) label where known, the task's own (prediction first), windows, and `more`,
    a cell per row.
    """
    write_file(path, [predictions_csv(examples, predictions, task=task, more=more).encode()])


def predictions_csv(examples: Examples, predictions: Predictions, *, task: Task, more: More = NO_MORE) -> str:
    """The table as text."""
    paired = any(isinstance(text, tuple) for text in examples.texts)
    known = None if examples.targets is None else task.words(examples.targets)
    names, found = task.cells(predictions)
    header = ["row", "text", *(["pair"] if paired else []), *([] if known is None else ["label"])]
    lines = [table_line([*header, *names, "windows", *more])]
    for i, text in enumerate(examples.texts):
        cells = [str(examples.rows[i]), *_texts(text, paired), *([] if known is None else [known[i]])]
        others = [column[i] for column in more.values()]
        lines.append(table_line([*cells, *found[i], str(predictions.windows[i]), *others]))
    return "".join(lines)


def _texts(text: Text, paired: bool) -> list[str]:
    first, second = (text, "") if isinstance(text, str) else text
    return [first, second] if paired else [first]


def table_line(cells: list[str]) -> str:
    """One line of a table that a spreadsheet may open: formulas made harmless."""
    return plain_line([safe_cell(cell) for cell in cells])


def plain_line(cells: list[str]) -> str:
    """One line of a table, its cells as they are, quoted where needed."""
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if QUOTED.intersection(cell) else cell


def safe_cell(cell: str) -> str:
    """The cell with a quote before what a spreadsheet would run; a negative number is none of that."""
    if NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def plain_cell(cell: str) -> str:
    """A cell of such a table as it was before it was made safe: the exact inverse."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell
