"""From files to the three sets of a run: rows to learn from, rows to choose by, and rows that only the score
sees.

Validation rows choose the best checkpoint, the moment to stop and the temperature; evaluation rows are read
once, at the end. A score on rows that took part in a choice would flatter the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import Problem, UsageError
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.names import find_task
from glassbert.tasks.task import Examples, Task
from glassbert.text.cells import label_strings
from glassbert.text.columns import Columns, choose_columns
from glassbert.text.label_checks import (
    check_classes,
    check_unseen_labels,
    conflicts,
    near_duplicate_labels,
    overlap,
)
from glassbert.text.options import ReadOptions
from glassbert.text.split import stratified_split
from glassbert.text.tables import Table, read_table

EVALUATION_SHARE, MOST_EVALUATION = 0.2, 5000
VALIDATION_SHARE, MOST_VALIDATION = 0.1, 2000
FEWEST_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which files and columns, how strictly to read them, and what to let pass."""

    train: str | Path | pd.DataFrame
    evaluation: str | Path | pd.DataFrame | None = None
    task: str = "text-classification"
    text_column: str | None = None
    label_column: str | None = None
    read: ReadOptions = ReadOptions()
    class_weights: ClassWeights = None
    label_smoothing: float = 0.0
    allow_degenerate: bool = False
    fail_on_leak: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """The task that the training file describes, its three sets, what was found on the way, and run.json's
    facts.
    """

    task: TextClassification
    train: Examples
    validation: Examples
    evaluation: Examples
    warnings: tuple[str, ...]
    facts: dict[str, Any]


def read_dataset(options: DataOptions) -> Dataset:
    """Read, check and split. Raises DataError (65), MissingInputError (66), UsageError (2), StorageError
    (74).
    """
    find_task(options.task)
    table = read_table(options.train, options.read)
    columns = choose_columns(table, text=options.text_column, label=options.label_column)
    refuse_pairs(columns, options)
    assert columns.label is not None
    labels = label_strings(table, columns.label)
    warnings = [
        *check_classes(labels, source=table.source, allow_degenerate=options.allow_degenerate),
        *near_duplicate_labels(labels),
    ]
    task = TextClassification.learn(
        table,
        columns,
        class_weights=options.class_weights,
        label_smoothing=options.label_smoothing,
        allow_single=options.allow_degenerate,
    )
    everything = task.read(table, columns)
    warnings += conflicts(everything.texts, labels, everything.rows.tolist())
    if len(everything) < FEWEST_ROWS:
        what = f"{len(everything)} rows are too few to learn from and to judge by"
        raise UsageError(
            Problem(code="too-few-rows", what=what, fix=f"give at least {FEWEST_ROWS}", file=table.source)
        )
    learn, evaluation, evaluation_facts, more = _evaluation(
        options, columns, task, everything=everything, labels=labels
    )
    train, validation = hold_out(
        learn, task, share=VALIDATION_SHARE, most=MOST_VALIDATION, seed=options.seed + 1
    )
    warnings += more
    facts = {
        "train": {"path": table.source, "sha256": table.sha256, "rows": len(table.rows)},
        "evaluation": evaluation_facts,
        "columns": {"text": columns.text, "label": columns.label, "reasons": list(columns.reasons)},
        "split": {
            "validation_rows": validation.rows.tolist(),
            "evaluation_rows": evaluation.rows.tolist() if options.evaluation is None else None,
        },
        "sizes": {"train": len(train), "validation": len(validation), "evaluation": len(evaluation)},
        "rejected": len(table.rejected),
    }
    return Dataset(
        task=task,
        train=train,
        validation=validation,
        evaluation=evaluation,
        warnings=tuple(warnings),
        facts=facts,
    )


def read_labelled(
    source: str | Path | pd.DataFrame,
    task: Task,
    *,
    options: ReadOptions,
    text: str | None,
    label: str | None,
    like: Columns | None = None,
) -> tuple[Table, Columns, Examples]:
    """Rows with labels, for a task whose labels are known already."""
    table = read_table(source, options)
    columns = choose_columns(table, text=text, label=label, like=like)
    assert columns.label is not None
    check_unseen_labels(task.head.labels, label_strings(table, columns.label), source=table.source)
    return table, columns, task.read(table, columns)


def refuse_pairs(columns: Columns, options: DataOptions) -> None:
    """Two columns of text are another task, unless the person named the one to read."""
    if columns.pair is not None and options.text_column is None:
        what = f"the file holds pairs of texts: {columns.text!r} and {columns.pair!r}"
        fix = f"name the column to classify with --text-column {columns.text!r}"
        raise UsageError(Problem(code="pairs", what=what, fix=fix))


def _evaluation(
    options: DataOptions,
    columns: Columns,
    task: TextClassification,
    *,
    everything: Examples,
    labels: Sequence[str],
) -> tuple[Examples, Examples, dict[str, Any], list[str]]:
    if options.evaluation is None:
        learn, evaluation = hold_out(
            everything, task, share=EVALUATION_SHARE, most=MOST_EVALUATION, seed=options.seed
        )
        return learn, evaluation, {"path": None, "sha256": None, "rows": len(evaluation)}, []
    table, chosen, evaluation = read_labelled(
        options.evaluation, task, options=options.read, text=None, label=None, like=columns
    )
    warnings = overlap(
        everything.texts,
        evaluation.texts,
        rows=evaluation.rows.tolist(),
        source=table.source,
        fail_on_leak=options.fail_on_leak,
    )
    facts = {
        "path": table.source,
        "sha256": table.sha256,
        "rows": len(table.rows),
        "columns": list(chosen.reasons),
    }
    return everything, evaluation, facts, warnings


def hold_out(
    examples: Examples, task: TextClassification, *, share: float, most: int, seed: int
) -> tuple[Examples, Examples]:
    """(kept, held out), stratified by label; at least one example is held out."""
    assert examples.targets is not None
    names = [task.head.labels[i] for i in examples.targets.tolist()]
    fraction = min(share, most / len(examples))
    kept, held = stratified_split(names, examples.texts, fraction=fraction, seed=seed)
    if not len(held):
        held, kept = kept[:1], kept[1:]
    return examples.select(np.asarray(kept)), examples.select(np.asarray(held))
