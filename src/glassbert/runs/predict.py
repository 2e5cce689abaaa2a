"""Predictions for texts and files, in the shape that people and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import SHOWN_PROBLEMS, OutputError, Problem
from glassbert.runs.directory import REJECTED
from glassbert.runs.models import Model
from glassbert.runs.predictions import predictions_csv, write_predictions
from glassbert.runs.rows import Rejected, read_rows, rejected_warning, write_rejected
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.options import ReadOptions


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """Predictions with the texts they belong to and the names of the labels."""

    examples: Examples
    predictions: Predictions
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

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
    return _predict(model, examples)


def predict_file(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    text_column: str | None = None,
) -> Predicted:
    """Predictions for every row of a file; a label column, if there is one, is not needed and not read."""
    rows = read_rows(data, read, text=text_column, need_label=False)
    warning = rejected_warning(rows.rejected, rows.table.source, shown=SHOWN_PROBLEMS)
    notes = (*rows.columns.reasons, *warning)
    found = _predict(model, model.task.read(rows.table, rows.columns), notes)
    return replace(found, rejected=rows.rejected)


def refuse_output(out: Path, data: str | None, *, overwrite: bool) -> None:
    """Raise OutputError when `out` is there already, is the data itself, or has no directory to lie in."""
    try:
        exists, is_directory = out.exists(), out.is_dir()
        same = exists and data is not None and Path(data).exists() and out.samefile(data)
        homeless = not out.parent.is_dir()
    except OSError as error:
        what = error.strerror or str(error)
        raise _refused(out, "cannot-create", what, "choose another -o") from error
    if same:
        raise _refused(out, "output-is-input", "this is the file of texts itself", "choose another -o")
    if homeless:
        raise _refused(out, "cannot-create", "there is no such directory to write it in", "create it first")
    if is_directory:
        raise _refused(out, "cannot-create", "this is a directory", "name a file")
    if exists and not overwrite:
        raise _refused(out, "output-exists", "the file exists", "choose another -o, or add --overwrite")


def _refused(out: Path, code: str, what: str, fix: str) -> OutputError:
    return OutputError(Problem(code=code, what=what, fix=fix, file=str(out)))


def write(path: Path, predicted: Predicted) -> Path | None:
    """Write the table of predictions; returns the file of the rows set aside, if there are any."""
    write_predictions(path, predicted.examples, predicted.predictions, labels=predicted.labels)
    if not predicted.rejected:
        return None
    beside = path.with_name(f"{path.name}.{REJECTED}")
    write_rejected(beside, predicted.rejected)
    return beside


def _predict(model: Model, examples: Examples, notes: tuple[str, ...] = ()) -> Predicted:
    predictions = model.predict(examples.texts)
    return Predicted(examples=examples, predictions=predictions, labels=model.labels, notes=notes)
