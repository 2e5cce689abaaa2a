"""A model's scores on labelled rows that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.errors import SHOWN_PROBLEMS
from glassbert.runs.directory import FILE
from glassbert.runs.inference import head_logits
from glassbert.runs.learnt_columns import learnt_columns
from glassbert.runs.models import Model
from glassbert.runs.other_columns import other_columns
from glassbert.runs.rows import Rows, read_labelled, rejected_facts, rejected_warning
from glassbert.runs.weak_spots import judged_rows, weak_spots
from glassbert.strict_json import read_json
from glassbert.tasks.remarks import remarks
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions
from glassbert.text.windows import Windows


def evaluate(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    asked: Asked = Asked(),  # noqa: B008
) -> dict[str, Any]:
    """Metrics, intervals, the task's tables and its calibration error, where it has one, as plain values; for
    labels also slices and suspects.

    Raises UsageError for a model without a trained head, DataError for labels that the model does not know.
    """
    task = model.task
    schema, like = model.schema(asked), learnt_columns(model)
    rows, examples = read_labelled(data, task, options=read, asked=asked, schema=schema, like=like)
    windows = task.windows(examples, model.tokenizer, max_length=model.max_length)
    predictions = task.decode(head_logits(model.network, windows), windows, examples)
    measured = task.measure(predictions, examples)
    error = task.calibration_error(predictions, examples)
    return {
        "rows": len(examples),
        "metrics": measured.metrics,
        "intervals": measured.intervals,
        "labels": list(task.head.labels),
        **measured.details,
        "windows_used": len(windows.example),
        "long_texts": int((predictions.windows > 1).sum()),
        **({} if error is None else {"calibration_error": error}),
        **_weak_spots(model, rows, examples, predictions, windows=windows),
        "sha256": rows.table.sha256,
        "rejected": len(rows.rejected),
        "rejected_rows": rejected_facts(rows.rejected),
        "notes": [
            *rows.columns.reasons,
            *rejected_warning(rows.rejected, rows.table.source, shown=SHOWN_PROBLEMS),
            *remarks(task, windows, examples),
        ],
    }


def _weak_spots(
    model: Model, rows: Rows, examples: Examples, predictions: Predictions, *, windows: Windows
) -> dict[str, Any]:
    if model.task.answer != "class":
        return {}
    others = other_columns(rows.table, rows.columns, examples.rows)
    judged = judged_rows(predictions, examples, windows, model.labels, others=others)
    return weak_spots(judged, outcome=None, taught=_taught(model, rows.table.sha256))


def _taught(model: Model, sha256: str) -> bool:
    """Whether the model is that of a run which learnt from the file with this hash."""
    place = Path(model.name)
    for file in (place / FILE, place.parent / FILE):
        data = read_json(file).get("data") if file.is_file() else None
        train = data.get("train") if isinstance(data, dict) else None
        if isinstance(train, dict) and train.get("sha256") == sha256:
            return True
    return False
