"""A model's scores on labelled rows that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.errors import SHOWN_PROBLEMS
from glassbert.runs import result
from glassbert.runs.inference import window_logits
from glassbert.runs.models import Model
from glassbert.runs.rows import read_labelled, rejected_warning
from glassbert.tasks.calibration import expected_calibration_error, reliability
from glassbert.text.options import ReadOptions


def evaluate(
    model: Model,
    data: str | Path | pd.DataFrame,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008
    text_column: str | None = None,
    label_column: str | None = None,
) -> dict[str, Any]:
    """Metrics, intervals, per-class scores, confusion matrix and calibration error, as plain values.

    Raises UsageError for a model without a trained head, DataError for labels that the model does not know.
    """
    task = model.task
    rows, examples = read_labelled(data, task, options=read, text=text_column, label=label_column)
    assert examples.targets is not None
    windows = task.windows(examples, model.tokenizer, max_length=model.max_length)
    predictions = task.decode(window_logits(model.network, windows), windows)
    scored = result.score(task, predictions, examples)
    return {
        "rows": len(examples),
        "metrics": scored.metrics,
        "intervals": scored.intervals,
        "per_class": result.per_class(task, scored.confusion),
        "labels": list(task.head.labels),
        "confusion": scored.confusion.tolist(),
        "windows_used": len(windows.example),
        "long_texts": int((predictions.windows > 1).sum()),
        "calibration_error": expected_calibration_error(reliability(predictions.scores, examples.targets)),
        "sha256": rows.table.sha256,
        "rejected": len(rows.rejected),
        "notes": [
            *rows.columns.reasons,
            *rejected_warning(rows.rejected, rows.table.source, shown=SHOWN_PROBLEMS),
        ],
    }
