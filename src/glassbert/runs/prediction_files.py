"""The file that `predict` writes: a table as CSV, or an object a text as JSON, by the file's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.runs.predictions import predictions_csv
from glassbert.tasks.task import Examples, Predictions, Task

JSON, LINES = (".json",), (".jsonl", ".ndjson")
OTHERS = (".tsv", ".tab", ".parquet", ".pq", ".xlsx", ".xls", ".conll", ".html", ".gz", ".xz")
"""Names that promise what is not written; a table with texts in it cannot be TSV, which has no quoting."""


def refuse_format(path: Path) -> None:
    """Raise UsageError for a file whose name promises another format than those that are written."""
    if path.suffix.casefold() in OTHERS:
        what = f"predictions cannot be saved as {path.suffix}"
        raise UsageError(
            Problem(code="unknown-format", what=what, fix="use .csv, .jsonl or .json", file=str(path))
        )


def write_answers(path: Path, examples: Examples, predictions: Predictions, *, task: Task) -> None:
    """`.jsonl`: a line for each text, {"row", "text", ("pair",) "prediction"}, the prediction as
    `predict --json` has it; `.json`: an array of these; any other name: `predictions_csv`.
    """
    suffix = path.suffix.casefold()
    if suffix not in (*JSON, *LINES):
        write_file(path, [predictions_csv(examples, predictions, task=task).encode()])
        return
    found = _answers(examples, predictions, task)
    answers = [json.dumps(each, ensure_ascii=False, allow_nan=False) for each in found]
    if suffix in JSON:
        text = "[" + ",\n ".join(answers) + "]\n"
    else:
        text = "".join(f"{line}\n" for line in answers)
    write_file(path, [text.encode()])


def _answers(examples: Examples, predictions: Predictions, task: Task) -> Iterator[dict[str, Any]]:
    found = task.listed(predictions)
    for row, text, answer in zip(examples.rows.tolist(), examples.texts, found, strict=True):
        sides = {"text": text} if isinstance(text, str) else {"text": text[0], "pair": text[1]}
        yield {"row": row, **sides, "prediction": answer}
