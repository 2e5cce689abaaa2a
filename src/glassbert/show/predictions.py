"""The evaluation rows of a run from its `predictions.csv`, and which of them a page holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.errors import DataError, Problem
from glassbert.lens.report_records import Examples
from glassbert.runs.predictions import plain_cell
from glassbert.runs.weak_spots import COLUMN
from glassbert.text.tables import Table, read_table

# With these the examples of a page stay under about 2 MB.
MAX_EXAMPLES = 2000
MAX_CHARACTERS = 1_000_000
MAX_TEXT = 2000
# a sign that texts seldom hold
BETWEEN = " ‖ "
COLUMNS = ("row", "text", "label", "prediction", "confidence")
LARGEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Every evaluation row: original row number, text, true and predicted label by index, confidence, scores.

    Letters: n rows, C labels. `scores` is None when the file has not a column for each label, `tokens` (of
    each text) when it has none for them; `columns` are those of the evaluation file that it keeps.
    """

    row: Int32[np.ndarray, " n"]
    text: list[str]
    true: Int32[np.ndarray, " n"]
    predicted: Int32[np.ndarray, " n"]
    confidence: Float64[np.ndarray, " n"]
    scores: Float64[np.ndarray, "n C"] | None
    tokens: Int32[np.ndarray, " n"] | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)

    def confusion(self, num_labels: int) -> Int32[np.ndarray, "C C"]:
        """Counts of true label (row) against predicted label (column)."""
        cells = self.true.astype(np.int64) * num_labels + self.predicted
        counts = np.bincount(cells, minlength=num_labels**2)
        return counts.reshape(num_labels, num_labels).astype(np.int32)


def read_predictions(path: Path, labels: tuple[str, ...]) -> Predictions:
    """Read the file; raises DataError when a column is missing or a value is not what it should be."""
    table = read_table(path)
    require(table, COLUMNS)
    score_columns = [f"score:{label}" for label in labels]
    complete = bool(labels) and all(name in table.frame for name in score_columns)
    scores = [shares(table, name) for name in score_columns] if complete else None
    return Predictions(
        row=row_numbers(table),
        text=texts_of(table),
        true=_indices(table, "label", labels),
        predicted=_indices(table, "prediction", labels),
        confidence=shares(table, "confidence"),
        scores=None if scores is None else np.stack(scores, axis=1),
        tokens=whole_numbers(table, "tokens", "a number of tokens") if "tokens" in table.frame else None,
        columns={
            name.removeprefix(COLUMN): [plain_cell(cell) for cell in table.frame[name].tolist()]
            for name in table.frame.columns
            if name.startswith(COLUMN)
        },
    )


def require(table: Table, columns: Sequence[str]) -> None:
    """Raise DataError for a column that is not there."""
    missing = [name for name in columns if name not in table.frame]
    if missing:
        what = f"the column {missing[0]} is missing"
        raise DataError(Problem(code="wrong-predictions", what=what, fix="predict again", file=table.source))


def texts_of(table: Table) -> list[str]:
    """The text of every row; of a pair, both in one line."""
    columns = [table.frame[name].tolist() for name in ("text", "pair") if name in table.frame]
    return [BETWEEN.join(map(plain_cell, row)) for row in zip(*columns, strict=True)]


def _cells(table: Table, column: str) -> list[tuple[str, int]]:
    """The cells of a column, each with the line it begins on."""
    return list(zip(table.frame[column].tolist(), table.rows.tolist(), strict=True))


def row_numbers(table: Table) -> Int32[np.ndarray, " n"]:
    """The number that each row has in the data; DataError for what is none."""
    return whole_numbers(table, "row", "the number of a row")


def whole_numbers(table: Table, column: str, what: str) -> Int32[np.ndarray, " n"]:
    """A column of whole numbers from 0; DataError, which says what they should be, for others."""
    cells = _cells(table, column)
    for text, line in cells:
        if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST):
            raise wrong_row(table, line, f"{column} is {text[:40]!r}, not {what}")
    return np.array([int(text) for text, _ in cells], np.int32)


def shares(table: Table, column: str) -> Float64[np.ndarray, " n"]:
    """A column of numbers from 0 to 1; DataError for what is none."""

    def share(text: str, line: int) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not 0 <= value <= 1:
            raise wrong_row(table, line, f"{column} is {text[:40]!r}, not a number from 0 to 1")
        return value

    return np.array([share(text, line) for text, line in _cells(table, column)], np.float64)


def _indices(table: Table, column: str, labels: tuple[str, ...]) -> Int32[np.ndarray, " n"]:
    index = {label: i for i, label in enumerate(labels)}
    cells = [(plain_cell(text), line) for text, line in _cells(table, column)]
    for text, line in cells:
        if text not in index:
            raise wrong_row(table, line, f"{column} is {text[:40]!r}, which is not a label of this run")
    return np.array([index[text] for text, _ in cells], np.int32)


def wrong_row(table: Table, row: int, what: str) -> DataError:
    """What is wrong with a line of `predictions.csv`."""
    fix = "write the predictions again with this run's model"
    return DataError(Problem(code="wrong-predictions", what=what, fix=fix, file=table.source, line=row))


def examples_of(predictions: Predictions) -> Examples:
    """The rows a page holds, in the order of the file.

    Mistakes come first, the most confident before the others; then correct rows at equal distances, until
    MAX_EXAMPLES rows or MAX_CHARACTERS are reached. A text keeps its first MAX_TEXT characters.
    """
    texts = [text[:MAX_TEXT] for text in predictions.text]
    order = _by_importance(predictions)[:MAX_EXAMPLES]
    used = np.cumsum([len(texts[i]) for i in order])
    kept = np.sort(order[: int(np.searchsorted(used, MAX_CHARACTERS, side="right"))])
    return Examples(
        row=predictions.row[kept],
        text=tuple(texts[i] for i in kept),
        length=np.array([len(predictions.text[i]) for i in kept], np.int32),
        true=predictions.true[kept],
        predicted=predictions.predicted[kept],
        confidence=predictions.confidence[kept].astype(np.float32),
        total=len(texts),
    )


def _by_importance(predictions: Predictions) -> np.ndarray:
    order = np.argsort(-predictions.confidence, kind="stable")
    wrong = order[predictions.true[order] != predictions.predicted[order]]
    right = np.flatnonzero(predictions.true == predictions.predicted)
    room = min(max(MAX_EXAMPLES - len(wrong), 0), len(right))
    spread = right[np.linspace(0, len(right) - 1, room).astype(np.int64)] if room else right[:0]
    return np.concatenate([wrong, spread])
