"""Predictions as a table: one line per row of the data, every score, safe to open in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

from glassbert.durable import write_file
from glassbert.tasks.task import Examples, Predictions, Text

# a cell that begins with one of these is run as a formula by spreadsheets (OWASP, "CSV Injection")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# csv.writer would leave a carriage return unquoted, where readers end the row
QUOTED = frozenset(',"\r\n')


def write_predictions(
    path: Path, examples: Examples, predictions: Predictions, *, labels: tuple[str, ...]
) -> None:
    """Columns: row, text, (pair,) label where known, prediction, confidence, score:LABEL ..., windows."""
    write_file(path, [predictions_csv(examples, predictions, labels=labels).encode()])


def predictions_csv(examples: Examples, predictions: Predictions, *, labels: tuple[str, ...]) -> str:
    """The table as text; scores with six decimals."""
    paired = any(isinstance(text, tuple) for text in examples.texts)
    known = examples.targets is not None
    header = ["row", "text", *(["pair"] if paired else []), *(["label"] if known else [])]
    header += ["prediction", "confidence", *(f"score:{label}" for label in labels), "windows"]
    lines = [table_line(header)]
    for i, text in enumerate(examples.texts):
        chosen = int(predictions.classes[i])
        cells = [str(examples.rows[i]), *_texts(text, paired)]
        cells += [labels[int(examples.targets[i])]] if examples.targets is not None else []
        cells += [labels[chosen], f"{predictions.scores[i, chosen]:.6f}"]
        cells += [f"{value:.6f}" for value in predictions.scores[i].tolist()]
        lines.append(table_line([*cells, str(predictions.windows[i])]))
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
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def plain_cell(cell: str) -> str:
    """A cell of such a table as it was before it was made safe: the exact inverse."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell
