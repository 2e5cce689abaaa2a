"""A model's scores on labelled rows that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.errors import SHOWN_PROBLEMS
from glassbert.runs.inference import window_logits
from glassbert.runs.models import Model
from glassbert.runs.rows import read_labelled, rejected_warning
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions


def evaluate(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    asked: Asked = Asked(),  # noqa: B008
) -> dict[str, Any]:
    """Metrics, intervals, the task's tables and its calibration error, where it has one, as plain values.

    Raises UsageError for a model without a trained head, DataError for labels that the model does not know.
    """
    task = model.task
    rows, examples = read_labelled(data, task, options=read, asked=asked, schema=model.schema(asked))
    windows = task.windows(examples, model.tokenizer, max_length=model.max_length)
    predictions = task.decode(window_logits(model.network, windows), windows)
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
        "sha256": rows.table.sha256,
        "rejected": len(rows.rejected),
        "notes": [
            *rows.columns.reasons,
            *rejected_warning(rows.rejected, rows.table.source, shown=SHOWN_PROBLEMS),
        ],
    }
