"""Predictions for texts and files, in the shape that people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import OutputError, Problem
from glassbert.runs.models import Model
from glassbert.runs.predictions import predictions_csv, write_predictions
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.columns import choose_columns
from glassbert.text.options import ReadOptions
from glassbert.text.tables import read_table


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """Predictions with the texts they belong to and the names of the labels."""

    examples: Examples
    predictions: Predictions
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def as_list(self) -> list[dict[str, Any]]:
        """One {label, score, scores} per text."""
        return [
            {
                "label": self.labels[int(chosen)],
                "score": float(scores[int(chosen)]),
                "scores": dict(zip(self.labels, scores.tolist(), strict=True)),
            }
            for chosen, scores in zip(self.predictions.classes, self.predictions.scores, strict=True)
        ]

    def as_csv(self) -> str:
        return predictions_csv(self.examples, self.predictions, labels=self.labels)


def predict_texts(model: Model, texts: Sequence[str]) -> Predicted:
    """Predictions for texts at hand."""
    examples = Examples(texts=list(texts), targets=None, rows=np.arange(1, len(texts) + 1))
    return _predict(model, examples, ())


def predict_file(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    text_column: str | None = None,
) -> Predicted:
    """Predictions for every row of a file; a label column, if there is one, is not needed and not read."""
    table = read_table(data, read)
    columns = choose_columns(table, text=text_column, need_label=False)
    unlabelled = type(columns)(text=columns.text, label=None, reasons=columns.reasons)
    notes = [f"{len(table.rejected)} rows rejected"] if table.rejected else []
    return _predict(model, model.task.read(table, unlabelled), (*columns.reasons, *notes))


def refuse_existing(path: Path) -> None:
    """Raise OutputError when the file is there already."""
    if path.exists():
        fix = "choose another -o, or add --overwrite"
        raise OutputError(Problem(code="output-exists", what="the file exists", fix=fix, file=str(path)))


def write(path: Path, predicted: Predicted) -> None:
    """Write the table of predictions."""
    write_predictions(path, predicted.examples, predicted.predictions, labels=predicted.labels)


def _predict(model: Model, examples: Examples, notes: tuple[str, ...]) -> Predicted:
    if not len(examples):
        empty = np.empty((0, len(model.labels)))
        nothing = Predictions(
            logits=empty, scores=empty, classes=np.empty(0, np.int64), windows=np.empty(0, np.int64)
        )
        return Predicted(examples=examples, predictions=nothing, labels=model.task.head.labels, notes=notes)
    predictions = model.predict(examples.texts)
    return Predicted(examples=examples, predictions=predictions, labels=model.task.head.labels, notes=notes)
