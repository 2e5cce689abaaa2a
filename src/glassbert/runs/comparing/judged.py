"""The judged rows of a run as they stand in its predictions.csv, and which of them two runs share."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from glassbert.errors import DataError, MissingInputError, Problem, UsageError
from glassbert.runs.directory import RunDirectory
from glassbert.runs.predictions import plain_cell
from glassbert.runs.pretrained_only import refuse_pretraining
from glassbert.tasks.names import find_task
from glassbert.tasks.task import Answer

NEEDED = ("row", "text", "label", "prediction")
LONGEST = 2**31 - 1


@dataclass(frozen=True)
class Row:
    """A judged row: its number in the data, its texts, its label and the run's answer, as written."""

    number: int
    texts: tuple[str, ...]
    label: str
    prediction: str

    @property
    def asked(self) -> tuple[tuple[str, ...], str]:
        """What was asked, whoever answered."""
        return self.texts, self.label


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """A finished run with its judged rows, in their order."""

    path: Path
    task: str
    answer: Answer
    labels: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Rows of two runs, pair by pair, how many of each have no partner, and the labels that a model knows
    (none where they are unknown, or do not matter).
    """

    first: tuple[Row, ...]
    second: tuple[Row, ...]
    labels: tuple[str, ...] = ()
    only_first: int = 0
    only_second: int = 0


def judged_run(path: Path) -> JudgedRun:
    """Read it. Raises MissingInputError (66) where there is no finished run, DataError (65) for a file that
    is no table of predictions with labels.
    """
    run = RunDirectory.open(path)
    if not run.is_finished:
        fix = "finish it with `glassbert finetune --resume --out RUN`"
        raise MissingInputError(
            Problem(code="run-unfinished", what="the run has not finished", fix=fix, file=str(path))
        )
    refuse_pretraining(run.document, path=str(path), lacks="has no answers to rows that could be compared")
    task = str(run.document["task"])
    return JudgedRun(
        path=path,
        task=task,
        answer=find_task(task).answer,
        labels=tuple(map(str, run.document["labels"])),
        rows=_read(run.predictions),
    )


def shared_rows(first: JudgedRun, second: JudgedRun, *, by_text: bool) -> Shared:
    """The rows of both. Raises UsageError (2) for two tasks, DataError (65) where the rows differ.

    `by_text`: rows whose texts and labels are equal are one row, whatever their numbers; of repeated ones the
    first goes with the first, the second with the second.
    """
    if first.task != second.task:
        what = f"{first.path} is a run of {first.task}, and {second.path} of {second.task}"
        raise UsageError(Problem(code="two-tasks", what=what, fix="compare two runs of one task"))
    labels = tuple(dict.fromkeys((*first.labels, *second.labels)))
    if not by_text:
        _refuse_different(first, second)
        return Shared(first=first.rows, second=second.rows, labels=labels)
    waiting: defaultdict[tuple[tuple[str, ...], str], list[Row]] = defaultdict(list)
    for row in reversed(second.rows):
        waiting[row.asked].append(row)
    pairs = [(row, waiting[row.asked].pop()) for row in first.rows if waiting.get(row.asked)]
    if not pairs:
        what = "no text of one run stands with the same label in the other"
        raise DataError(
            Problem(code="no-shared-rows", what=what, fix="judge both by one file: --eval-data FILE")
        )
    return Shared(
        first=tuple(row for row, _ in pairs),
        second=tuple(row for _, row in pairs),
        labels=labels,
        only_first=len(first.rows) - len(pairs),
        only_second=len(second.rows) - len(pairs),
    )


def _refuse_different(first: JudgedRun, second: JudgedRun) -> None:
    ours, theirs = ([(row.number, *row.asked) for row in run.rows] for run in (first, second))
    if ours == theirs:
        return
    same = len(set(ours) & set(theirs))
    what = (
        f"the evaluation rows differ: {len(ours):,} rows and {len(theirs):,} rows, {same:,} of them the same"
    )
    fix = "judge both runs by one file (--eval-data FILE, or the same data and --seed), or compare the texts "
    fix += "that both have with --shared"
    raise DataError(Problem(code="other-rows", what=what, fix=fix, file=str(second.path)))


def _read(path: Path) -> tuple[Row, ...]:
    """predictions.csv, exactly: its formulas are made plain again."""
    if not path.is_file():
        raise MissingInputError(
            Problem(
                code="no-predictions", what="the run has no such file", fix="run it again", file=str(path)
            )
        )
    try:
        content = path.read_text(encoding="utf-8")
        before = csv.field_size_limit(LONGEST)
        try:
            lines = list(csv.reader(io.StringIO(content, newline=""), strict=True))
        finally:
            csv.field_size_limit(before)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, str(error)) from error
    header = lines[0] if lines else []
    missing = [name for name in NEEDED if name not in header]
    if missing or len(lines) < 2:
        raise _damaged(path, f"it has no {', '.join(missing) or 'rows'}")
    return tuple(_row(path, number, header, cells) for number, cells in enumerate(lines[1:], start=2))


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise _damaged(path, f"row {line} has {len(cells)} fields where the header has {len(header)}")
    # the first of each name: a column of the data may be called like one of ours
    by_name = dict(reversed(list(zip(header, map(plain_cell, cells), strict=True))))
    if not by_name["row"].isdecimal():
        raise _damaged(path, f"row {line} has the number {by_name['row']!r}")
    texts = (by_name["text"], by_name["pair"]) if "pair" in by_name else (by_name["text"],)
    return Row(int(by_name["row"]), texts, by_name["label"], by_name["prediction"])


def _damaged(path: Path, what: str) -> DataError:
    fix = "is it the file that `glassbert finetune` wrote? run it again"
    return DataError(Problem(code="bad-predictions", what=what, fix=fix, file=str(path)))
