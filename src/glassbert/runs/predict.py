"""Predictions for texts and files, in the shape that people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.runs.directory import REJECTED
from glassbert.runs.inference import head_logits
from glassbert.runs.learnt_columns import learnt_columns
from glassbert.runs.models import Model
from glassbert.runs.prediction_files import write_answers
from glassbert.runs.predictions import predictions_csv
from glassbert.runs.rows import Rejected, read_rows, rejected_warning, write_rejected
from glassbert.tasks.remarks import remarks
from glassbert.tasks.task import Examples, Predictions, Task, Text
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """Predictions with the texts they belong to and the task that made them."""

    examples: Examples
    predictions: Predictions
    task: Task
    notes: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    def as_list(self) -> list[Any]:
        """A JSON object per text: {label, score, scores} where the answer is one label."""
        return self.task.listed(self.predictions)

    def as_csv(self) -> str:
        return predictions_csv(self.examples, self.predictions, task=self.task)


def predict_texts(model: Model, texts: Sequence[Text]) -> Predicted:
    """Predictions for texts at hand. Raises DataError (65) for a question or a context that is empty."""
    if model.task.answer == "span":
        _refuse_empty(texts)
    examples = Examples(texts=list(texts), targets=None, rows=np.arange(1, len(texts) + 1))
    return _predict(model, examples)


def _refuse_empty(texts: Sequence[Text]) -> None:
    for text in texts:
        for role, part in zip(("question", "context"), text, strict=False):
            if isinstance(text, tuple) and not part.strip():
                fix = f"fill in the {role}"
                raise DataError(Problem(code=f"empty-{role}", what=f"the {role} is empty", fix=fix))


def predict_file(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    asked: Asked = Asked(),  # noqa: B008
) -> Predicted:
    """Predictions for every row of a file; a label column, if there is one, is not needed and not read."""
    schema, like = model.schema(asked), learnt_columns(model)
    rows = read_rows(data, read, asked=asked, schema=schema, need_label=False, like=like)
    warning = rejected_warning(rows.rejected, rows.table.source, shown=SHOWN_PROBLEMS)
    notes = (*rows.columns.reasons, *warning)
    found = _predict(model, model.task.read(rows.table, rows.columns), notes)
    return replace(found, rejected=rows.rejected)


def write(path: Path, predicted: Predicted) -> Path | None:
    """Write the predictions in the format of the file's name; returns the file of the rows that were set
    aside, if there are any.
    """
    write_answers(path, predicted.examples, predicted.predictions, task=predicted.task)
    if not predicted.rejected:
        return None
    beside = path.with_name(f"{path.name}.{REJECTED}")
    write_rejected(beside, predicted.rejected)
    return beside


def _predict(model: Model, examples: Examples, notes: tuple[str, ...] = ()) -> Predicted:
    windows = model.windows_of(examples)
    predictions = model.task.decode(head_logits(model.network, windows), windows, examples)
    unlabelled = replace(examples, targets=None)
    said = (*notes, *remarks(model.task, windows, unlabelled))
    return Predicted(examples=examples, predictions=predictions, task=model.task, notes=said)
