"""The curves of a run from its `metrics.jsonl`, as they are after every resume."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.lens.report_records import Curves, Series
from glassbert.storage import read_file
from glassbert.strict_json import parse_json

MAX_BYTES = 1 << 30
NOT_VALUES = {"step", "time", "epoch", "event"}


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """One line of the log: its number, its step and its object."""

    line: int
    step: int
    fields: dict[str, Any]


def read_curves(path: Path, *, best_step: int | None, total_steps: int | None) -> Curves:
    """Every scalar of the log as a series of steps and values.

    Rows after step k are dropped when a resume at step k follows them. A last line without its end is what a
    killed run leaves, and is ignored; any other line that is not an object with a step raises DataError.
    """
    kept: list[LogRow] = []
    resumed: list[int] = []
    for row in read_log(path):
        if row.fields.get("event") == "resume":
            kept = [earlier for earlier in kept if earlier.step <= row.step]
            resumed.append(row.step)
        elif "event" not in row.fields:
            kept.append(row)
    return Curves(
        series=tuple(_series(name, kept, path) for name in _names(kept)),
        best_step=best_step,
        total_steps=total_steps,
        resumed=np.array(sorted(set(resumed)), np.int32),
    )


def read_log(path: Path) -> list[LogRow]:
    """The objects of the log in order; raises DataError with the line of the first that is wrong."""
    lines = read_file(path, max_bytes=MAX_BYTES).split(b"\n")
    # What follows the last line end was being written when the run was killed.
    return [_row(line, number, path) for number, line in enumerate(lines[:-1], start=1) if line.strip()]


def _row(line: bytes, number: int, path: Path) -> LogRow:
    try:
        fields = parse_json(line, file=str(path))
    except DataError as error:
        raise DataError(*(replace(problem, line=number) for problem in error.problems)) from error
    step = fields.get("step") if isinstance(fields, dict) else None
    if type(step) is not int or not 0 <= step < 2**31:
        raise _wrong(path, number, "the line has no whole number as its step")
    return LogRow(line=number, step=step, fields=fields)


def _names(rows: list[LogRow]) -> list[str]:
    found = {name: None for row in rows for name in row.fields if name not in NOT_VALUES}
    return list(found)


def _series(name: str, rows: list[LogRow], path: Path) -> Series:
    having = [row for row in rows if name in row.fields]
    for row, following in zip(having, having[1:], strict=False):
        if following.step <= row.step:
            raise _wrong(path, following.line, f"{name} goes back to step {following.step} without a resume")
    values = [_number(name, row, path) for row in having]
    return Series(
        name=name,
        step=np.array([row.step for row in having], np.int32),
        value=np.array(values, np.float64),
    )


def _number(name: str, row: LogRow, path: Path) -> float:
    value = row.fields[name]
    if value is None:
        return float("nan")
    if type(value) not in (int, float):
        raise _wrong(path, row.line, f"{name} is not a number")
    return float(value)


def _wrong(path: Path, line: int, what: str) -> DataError:
    fix = "remove the line, or write the log again"
    return DataError(Problem(code="wrong-log", what=what, fix=fix, file=str(path), line=line))
