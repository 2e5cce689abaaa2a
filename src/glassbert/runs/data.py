"""From files to the three sets of a run: rows to learn from, rows to choose by, and rows that only the score
sees.

Validation rows choose the best checkpoint, the moment to stop and the temperature; evaluation rows are read
once, at the end. A score on rows that took part in a choice would flatter the model.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.check.finding import Finding
from glassbert.runs.check.quick import leak_finding, quick_findings
from glassbert.runs.other_columns import OtherColumns, other_columns
from glassbert.runs.rows import Rejected, Rows, read_labelled, read_rows, rejected_warning, telling_of
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.names import KINDS, find_task
from glassbert.tasks.task import Examples, Task, Text
from glassbert.text.asked import Asked
from glassbert.text.folds import stratified_folds
from glassbert.text.label_checks import conflicts, overlap
from glassbert.text.options import ReadOptions
from glassbert.text.split import stratified_split
from glassbert.text.tables import Table

EVALUATION_SHARE, MOST_EVALUATION = 0.2, 5000
VALIDATION_SHARE, MOST_VALIDATION = 0.1, 2000
FEWEST_ROWS = 10
OWN = ("loss", "pooling", "crf", "lstm_size")
"""Choices that only some kinds of task have."""


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which files and columns, how strictly to read them, and what to let pass.

    `train` None is for a run that is resumed: then the recorded file is read. `split_seed` splits where the
    settings' seed shall not; with `folds` the evaluation rows are the `fold`-th (from 1) of so many parts.
    `loss` and `pooling` are for sentence-similarity, `crf` and `lstm_size` for token-classification. With
    `rehearsal` the rows to judge by are taken out of those to learn from, and those that a split sets aside
    stay unseen: choices can be tried out without them.
    """

    train: str | Path | pd.DataFrame | Table | None = None
    evaluation: str | Path | pd.DataFrame | Table | None = None
    task: str = "text-classification"
    text_column: str | None = None
    pair_column: str | None = None
    label_column: str | None = None
    read: ReadOptions = ReadOptions()
    allow_degenerate: bool = False
    fail_on_leak: bool = False
    split_seed: int | None = None
    fold: int | None = None
    folds: int | None = None
    loss: str | None = None
    pooling: str | None = None
    crf: bool | None = None
    lstm_size: int | None = None
    rehearsal: bool = False

    @property
    def asked(self) -> Asked:
        """The columns that are named."""
        return Asked(text=self.text_column, pair=self.pair_column, label=self.label_column)

    def own(self, kind: type[Task]) -> dict[str, Any]:
        """What only some kinds of task can be told; raises UsageError for one that cannot."""
        said = {name: value for name in OWN if (value := getattr(self, name)) is not None}
        self._refuse_of_tags(kind)
        known = inspect.signature(kind.learn).parameters
        for name in said:
            if name not in known:
                what = f"--{name.replace('_', '-')} is given, and {kind.name} has none"
                having = [each.name for each in KINDS if name in inspect.signature(each.learn).parameters]
                fix = f"leave it out, or give --task {' or '.join(having)}"
                raise UsageError(Problem(code="no-such-choice", what=what, fix=fix))
        return said

    def _refuse_of_tags(self, kind: type[Task]) -> None:
        """Raise UsageError for what is said of tags where there are none."""
        said = {"--scheme": self.read.scheme is not None, "--repair-bio": self.read.repair_bio}
        for option, given in said.items():
            if given and kind.schema.label != "tags":
                what, fix = f"{option} is given, and {kind.name} has no tags", "leave it out"
                raise UsageError(Problem(code="no-such-choice", what=what, fix=fix))


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What the settings of a run say about its data: the seed of the split, and how rows weigh."""

    seed: int = 0
    class_weights: ClassWeights = None
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Learning:
        """Those of the settings that are said."""
        names = [each.name for each in fields(cls)]
        return cls(**{name: said[name] for name in names if name in said})


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """The task that the training file describes, its three sets, what was found on the way, and
    run.json's facts; `others` are further columns of the evaluation rows, `rejected` rows set aside;
    `warnings` are sentences, those of `findings` that are warnings among them.
    """

    task: Task
    train: Examples
    validation: Examples
    evaluation: Examples
    others: OtherColumns
    warnings: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    facts: dict[str, Any]
    findings: tuple[Finding, ...] = ()


def read_dataset(options: DataOptions, learning: Learning = Learning()) -> Dataset:
    """Read, check and split. Raises DataError (65), MissingInputError (66), UsageError (2), StorageError
    (74).
    """
    kind = find_task(options.task)
    if options.train is None:
        fix = "name a file of labelled texts"
        raise UsageError(Problem(code="no-data", what="TRAIN is missing", fix=fix))
    source = read_rows(options.train, options.read, asked=options.asked, schema=kind.schema)
    warnings = rejected_warning(source.rejected, source.table.source)
    with telling_of(source.rejected, source.table.source):
        warnings += kind.notice(source.table, source.columns, allow_single=options.allow_degenerate)
        task, everything = _learnt(kind, source, options, learning)
    assert everything.targets is not None
    words, named = task.words(everything.targets), task.answer not in ("tags", "span")  # these are JSON
    warnings += conflicts(everything.texts, words, everything.rows.tolist(), named=named)
    findings = quick_findings(source, everything, task)
    seed = learning.seed if options.split_seed is None else options.split_seed
    learn, judged = _evaluation(options, source, task, everything=everything, seed=seed)
    train, validation = hold_out(learn, task, share=VALIDATION_SHARE, most=MOST_VALIDATION, seed=seed + 1)
    if options.evaluation is not None:
        findings += leak_finding(everything, judged.examples)
    facts = {
        "train": source.facts,
        "evaluation": judged.facts,
        "columns": {
            "text": source.columns.text,
            **({} if source.columns.pair is None else {"pair": source.columns.pair}),
            **({} if source.columns.negative is None else {"negative": source.columns.negative}),
            "label": source.columns.label,
            "reasons": list(source.columns.reasons),
        },
        "split": {
            "validation_rows": validation.rows.tolist(),
            "evaluation_rows": judged.examples.rows.tolist() if options.evaluation is None else None,
        },
        "sizes": {"train": len(train), "validation": len(validation), "evaluation": len(judged.examples)},
        "rejected": len(source.rejected) + len(judged.rejected),
    }
    return Dataset(
        task=task,
        train=train,
        validation=validation,
        evaluation=judged.examples,
        others=judged.others,
        warnings=(*warnings, *judged.warnings, *(f.what for f in findings if f.level == "warning")),
        rejected=(*source.rejected, *judged.rejected),
        facts=facts,
        findings=tuple(findings),
    )


def _learnt(
    kind: type[Task], source: Rows, options: DataOptions, learning: Learning
) -> tuple[Task, Examples]:
    """The task that the rows describe, and the rows as it reads them; DataError for too few."""
    task = kind.learn(
        source.table,
        source.columns,
        class_weights=learning.class_weights,
        label_smoothing=learning.label_smoothing,
        allow_single=options.allow_degenerate,
        **options.own(kind),
    )
    everything = task.read(source.table, source.columns)
    _refuse_few(everything, source)
    return task, everything


def _refuse_few(everything: Examples, source: Rows) -> None:
    if len(everything) < FEWEST_ROWS:
        what = f"{len(everything)} rows are too few to learn from and to judge by"
        fix = f"give at least {FEWEST_ROWS}"
        raise DataError(Problem(code="too-few-rows", what=what, fix=fix, file=source.table.source))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    """The rows that only the score sees."""

    examples: Examples
    others: OtherColumns
    facts: dict[str, Any]
    warnings: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


def _evaluation(
    options: DataOptions, source: Rows, task: Task, *, everything: Examples, seed: int
) -> tuple[Examples, _Judged]:
    """(rows to learn from, rows to judge by): split, or all of the training file and all of the other."""
    if options.evaluation is None:
        learn, held = _held(options, task, everything, seed=seed)
        if options.rehearsal:
            learn, held = hold_out(learn, task, share=EVALUATION_SHARE, most=MOST_EVALUATION, seed=seed + 2)
        others = other_columns(source.table, source.columns, held.rows)
        facts = {"path": None, "sha256": None, "rows": len(held)}
        return learn, _Judged(examples=held, others=others, facts=facts)
    other, examples = read_labelled(options.evaluation, task, options=options.read, like=source.columns)
    warnings = overlap(
        everything.texts,
        examples.texts,
        rows=examples.rows.tolist(),
        source=other.table.source,
        fail_on_leak=options.fail_on_leak,
    )
    return everything, _Judged(
        examples=examples,
        others=other_columns(other.table, other.columns, examples.rows),
        facts={**other.facts, "columns": list(other.columns.reasons)},
        warnings=(*rejected_warning(other.rejected, other.table.source), *warnings),
        rejected=other.rejected,
    )


def _together(examples: Examples, task: Task) -> Sequence[Text]:
    """What must not stand on both sides of a split: a text, or the context of several questions."""
    if task.schema.label != "spans":
        return examples.texts
    contexts = [text[-1] for text in examples.texts if isinstance(text, tuple)]
    return contexts if len(set(contexts)) > 1 else examples.texts


def _held(options: DataOptions, task: Task, everything: Examples, *, seed: int) -> tuple[Examples, Examples]:
    """(rows to learn from, rows to judge by) of one file: a share of it, or one of its folds."""
    if options.folds is None:
        return hold_out(everything, task, share=EVALUATION_SHARE, most=MOST_EVALUATION, seed=seed)
    assert everything.targets is not None
    strata = task.strata(everything.targets)
    part = stratified_folds(strata, _together(everything, task), folds=options.folds, seed=seed)
    inside = part == (options.fold or 1) - 1
    return everything.select(np.flatnonzero(~inside)), everything.select(np.flatnonzero(inside))


def hold_out(
    examples: Examples, task: Task, *, share: float, most: int, seed: int
) -> tuple[Examples, Examples]:
    """(kept, held out), in the proportions of the task's strata; at least one example is held out."""
    assert examples.targets is not None
    fraction = min(share, most / len(examples))
    kept, held = stratified_split(
        task.strata(examples.targets), _together(examples, task), fraction=fraction, seed=seed
    )
    if not len(held):
        held, kept = kept[:1], kept[1:]
    return examples.select(np.asarray(kept)), examples.select(np.asarray(held))
