"""The usable rows of a file, and what became of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.durable import write_file
from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.running_text import read_texts, read_words
from glassbert.tasks.task import Examples, Task
from glassbert.text.asked import Asked, Schema
from glassbert.text.cells import asking_of, label_strings, usable_rows
from glassbert.text.columns import Columns, choose_columns
from glassbert.text.formats import resolve_format
from glassbert.text.options import ReadOptions
from glassbert.text.schemes import check_scheme
from glassbert.text.spans import empty_texts, refuse_rows
from glassbert.text.tables import DATAFRAME, Table, read_table
from glassbert.text.tag_columns import choose_tag_columns, with_scheme
from glassbert.text.tagged import usable_sentences

SHOWN = 3
PAIR_TASK = "text-pair-classification"


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A row that was set aside, with the reason."""

    problem: Problem
    row: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A file without its unusable rows, its columns, and the rows that were set aside."""

    table: Table
    columns: Columns

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        pairs = zip(self.table.rejected, self.table.rejected_text, strict=True)
        return tuple(Rejected(problem=problem, row=row) for problem, row in pairs)

    @cached_property
    def labels(self) -> list[str]:
        """The label of every row; DataError for cells that are none."""
        assert self.columns.label is not None, "these rows were read without labels"
        return label_strings(self.table, self.columns.label)

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says of a file."""
        return {"path": self.table.source, "sha256": self.table.sha256, "rows": len(self.table.rows)}


def read_rows(
    source: str | Path | pd.DataFrame | Table,
    options: ReadOptions,
    *,
    asked: Asked = Asked(),  # noqa: B008 - frozen
    schema: Schema = Schema(),  # noqa: B008 - frozen
    need_label: bool = True,
    like: Columns | None = None,
) -> Rows:
    """Read a file and choose its columns; unless bad rows are errors, rows with unusable cells are set aside.

    Where no label is needed, `.txt` is read a text a line. Raises what reading raises, and UsageError for
    pairs of texts where `schema` wants one text and no column is named, and for a column of second texts
    where it wants one text.
    """
    if asked.pair is not None and schema.texts == "one":
        what = f"--pair-column is {asked.pair!r}, and the task reads one text"
        raise UsageError(Problem(code="pairs", what=what, fix=_for_pairs("leave it out", schema)))
    if schema.label == "tags":
        return _read_tagged(source, options, asked, need_label=need_label, like=like)
    table, notes = (read_table(source, options), []) if need_label else read_texts(source, options)
    columns = choose_columns(table, **vars(asked), schema=schema, need_label=need_label, like=like)
    if columns.pair is not None and schema.texts == "one":
        what = f"the file holds pairs of texts: {columns.text!r} and {columns.pair!r}"
        fix = _for_pairs(f"name the column to read with --text-column {columns.text!r}", schema, columns)
        raise UsageError(Problem(code="pairs", what=what, fix=fix, file=table.source))
    if not need_label:
        columns = replace(columns, label=None, reasons=(*notes, *columns.reasons))
    if options.on_bad_rows != "error":
        table = usable_rows(table, columns, schema=schema)
    elif schema.label == "spans":
        refuse_rows(table, empty_texts(table, asking_of(columns)))
    return Rows(table=table, columns=columns)


def _for_pairs(other: str, schema: Schema, columns: Columns | None = None) -> str:
    """What a person can do to have pairs read, after what `other` says of single texts."""
    if schema.instead == "task":
        return f"{other}, or use --task {PAIR_TASK}"
    if schema.instead == "columns" and columns is not None:
        return f"{other}, or both with --text-column {columns.text!r} --pair-column {columns.pair!r}"
    return f"{other}, or take a model that was trained on pairs"


def _read_tagged(
    source: str | Path | pd.DataFrame | Table,
    options: ReadOptions,
    asked: Asked,
    *,
    need_label: bool,
    like: Columns | None,
) -> Rows:
    """Words with their tags; a file whose name says nothing of its format is taken for CoNLL."""
    check_scheme(options.scheme)
    options = replace(options, otherwise="conll")
    table = read_words(source, options, need_label=need_label)
    by_line = table.source != DATAFRAME and resolve_format(table.source, options) == "conll"
    columns = choose_tag_columns(table, asked, need_label=need_label, like=like, by_line=by_line)
    if not need_label:
        columns = replace(columns, label=None)
    columns = with_scheme(table, columns, given=options.scheme, repair=options.repair_bio)
    if options.on_bad_rows != "error":
        table = usable_sentences(table, columns)
    return Rows(table=table, columns=columns)


def read_labelled(
    source: str | Path | pd.DataFrame | Table,
    task: Task,
    *,
    options: ReadOptions,
    asked: Asked = Asked(),  # noqa: B008 - frozen
    schema: Schema | None = None,
    like: Columns | None = None,
) -> tuple[Rows, Examples]:
    """Rows with labels, for a task whose labels are known already. Raises DataError for any other label.

    `schema`: what to read where that is not what the task says.
    """
    rows = read_rows(source, options, asked=asked, schema=schema or task.schema, like=like)
    task.refuse_unseen(rows.table, rows.columns)
    return rows, task.read(rows.table, rows.columns)


def rejected_warning(rejected: Sequence[Rejected], source: str, *, shown: int = SHOWN) -> list[str]:
    """How many rows were set aside, and why the first ones were."""
    if not rejected:
        return []
    first = [str(each.problem) for each in rejected[:shown]]
    return [f"{source}: {_rows_were(rejected)} set aside and not used; the first:", *first]


def _rows_were(rejected: Sequence[Rejected]) -> str:
    return "1 row was" if len(rejected) == 1 else f"{len(rejected):,} rows were"


@contextmanager
def telling_of(rejected: Sequence[Rejected], source: str) -> Iterator[None]:
    """What is refused within it says first how many rows were set aside before, and why the first one was."""
    try:
        yield
    except DataError as error:
        if not rejected:
            raise
        first = rejected[0].problem
        what = f"{_rows_were(rejected)} set aside and not used; the first: {first.what}"
        aside = Problem(code="rows-set-aside", what=what, fix=first.fix, file=source, line=first.line)
        raise DataError(aside, *error.problems, total=error.total + 1) from error


def rejected_facts(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    """Of each row that was set aside file, line, column, code, what, fix, and the row as it was read."""
    return [{**asdict(each.problem), "row": each.row} for each in rejected]


def write_rejected(path: Path, rejected: Sequence[Rejected]) -> None:
    """One JSON object a line; see `rejected_facts`."""
    lines = (json.dumps(each, ensure_ascii=False) for each in rejected_facts(rejected))
    # a row may hold half a surrogate pair, which is why it is here: escaped, it can be written
    write_file(path, (line.encode("utf-8", "backslashreplace") + b"\n" for line in lines))
