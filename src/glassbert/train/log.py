"""The log of a run: metrics.jsonl, one object a line, and the same scalars for TensorBoard.

A metric row is {"step", "time", name: number, ...}; a marker is {"event", "step", "time", ...}. The file only
grows; after a resume from step k a marker {"event": "resume", "step": k} says that earlier rows of later
steps are void.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from glassbert.durable import append_whole, storage_error, storage_errors, write_file
from glassbert.errors import DataError, MissingInputError, Problem
from glassbert.train.events import ScalarEvents

NAME = "metrics.jsonl"
TENSORBOARD = "tensorboard"


class MetricsLog:
    """Appends to `directory`/metrics.jsonl with one write a line, so that a kill leaves whole lines.

    A write that fails becomes a warning, which the caller may show, and training goes on; after
    `max_failures` in a row it becomes the StorageError it is. Errors on opening: OutputError, StorageError.
    """

    def __init__(self, directory: Path, *, tensorboard: bool = True, max_failures: int = 10) -> None:
        self.directory = directory
        self.warnings: list[str] = []
        self.max_failures = max_failures
        self._failures = 0
        self._path = directory / NAME
        with storage_errors(self._path):
            directory.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open_after_last_line(self._path)
            self._events = ScalarEvents(directory / TENSORBOARD) if tensorboard else None

    @property
    def empty(self) -> bool:
        """Whether nothing was ever written here."""
        return os.fstat(self._descriptor).st_size == 0

    def write(self, row: Mapping[str, Any]) -> None:
        """Append a metric row; it needs "step". Numbers that are not finite are written as null."""
        now = time.time()
        scalars = {name: float(value) for name, value in row.items() if name != "step" and _is_finite(value)}
        try:
            self._append({"step": row["step"], "time": now, **row})
            if self._events and scalars:
                self._events.scalars(scalars, step=row["step"], wall_time=now)
        except OSError as error:
            self._failed(error)
        else:
            self._failures = 0

    def event(self, name: str, *, step: int, **details: Any) -> None:
        """Append a marker, such as "resume" or "stop"."""
        try:
            self._append({"event": name, "step": step, "time": time.time(), **details})
            if self._events and name == "resume":
                self._events.restart(step=step + 1)
        except OSError as error:
            self._failed(error)

    def sync(self) -> None:
        """Return when the rows so far would survive a power cut, as the checkpoint that follows them does."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._failed(error)

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of its own beside the log. Errors: OutputError, StorageError."""
        write_file(self.directory / name, [content])

    def warn(self, text: str) -> None:
        """Keep a sentence for the person who runs this."""
        self.warnings.append(text)

    def _append(self, row: Mapping[str, Any]) -> None:
        if os.fstat(self._descriptor).st_nlink == 0:
            self.warn(f"{self._path} was removed while the run wrote to it; a new file goes on from here")
            os.close(self._descriptor)
            self._descriptor = _open_after_last_line(self._path)
        finite = {key: None if _is_broken(value) else value for key, value in row.items()}
        line = json.dumps(finite, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        append_whole(self._descriptor, line)

    def _failed(self, error: OSError) -> None:
        problem = storage_error(error, self._path)
        self._failures += 1
        if self._failures >= self.max_failures:
            raise problem from error
        self.warn(str(problem))

    def close(self) -> None:
        os.close(self._descriptor)
        if self._events:
            self._events.close()

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The metric rows of a metrics.jsonl in order, without those that a resume has made void.

    A last line without its line feed is being written, or was torn by a kill, and does not count.
    Errors: MissingInputError; DataError for a line that is not a JSON object with a step.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"the log cannot be read: {error.strerror}"
        raise MissingInputError(
            Problem(code="no-log", what=what, fix="give a run directory", file=str(path))
        ) from error
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        row = _parse(line, path, number)
        if row.get("event") == "resume":
            rows = [earlier for earlier in rows if earlier["step"] <= row["step"]]
        elif "event" not in row:
            rows.append(row)
    return rows


def _parse(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        row["step"] + 0
    except (ValueError, TypeError, KeyError, RecursionError):
        what = "the line is not a JSON object with a number as its step"
        raise DataError(
            Problem(code="bad-log-line", what=what, fix="remove the line", file=str(path), line=number)
        ) from None
    return dict(row)


def _open_after_last_line(path: Path) -> int:
    """Open for appending; a torn last line is cut off first, so that no later line is glued to it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)
    return descriptor


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_broken(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
