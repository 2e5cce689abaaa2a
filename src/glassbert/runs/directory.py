"""A run directory: what lies where, and run.json, the page that says what was run on what, and how it came
out.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from glassbert.durable import make_directory, write_file
from glassbert.errors import DataError, GlassbertError, MissingInputError, OutputError, Problem
from glassbert.strict_json import read_json

FORMAT_VERSION = 1
FILE = "run.json"
REJECTED = "rejected.jsonl"
# all that a run ever writes into its directory; nothing else is ever removed from it
WRITTEN = (
    FILE, "metrics.jsonl", "predictions.csv", "report.html", "replay.json", REJECTED,
    "checkpoints", "model", "adapter", "tensorboard", "tokenizer", "corpus", ".lock",
)  # fmt: skip
STATES = ("running", "stopped", "finished")
# what `durable.write_file` leaves when the process is killed within it
SHOWN_RUNS = 5
HALF = re.compile(r"\.tmp-[0-9a-f]{12}")


class RunDirectory:
    """The files of one run; `document` is run.json, written whole after every change."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document

    @classmethod
    def create(cls, path: Path, facts: Mapping[str, Any]) -> RunDirectory:
        """A new run, recorded with these facts. Raises OutputError or StorageError."""
        begun = {
            "format_version": FORMAT_VERSION,
            "run_id": secrets.token_hex(8),
            "status": "running",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        make_directory(path)
        run = cls(path, {**begun, **facts})
        run.update()
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """An existing run.

        Raises MissingInputError when there is none (never a silent fresh start), DataError when run.json is
        not what a run writes, or what a newer version writes.
        """
        file = path / FILE
        if not file.is_file():
            what = "there is no run here to resume or read (no run.json)"
            within = sorted(each.parent.name for each in path.glob(f"*/{FILE}"))[:SHOWN_RUNS]
            fix = "give the directory of a run, or start one without --resume"
            if within:
                fix = f"name one of the runs in it: {', '.join(within)}"
            raise MissingInputError(Problem(code="no-run", what=what, fix=fix, file=str(path)))
        document = read_json(file)
        version = document.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            what = f"format_version is {version}, and this version reads up to {FORMAT_VERSION}"
            raise DataError(Problem(code="newer-format", what=what, fix="upgrade glassbert", file=str(file)))
        named = isinstance(document.get("run_id"), str) and document.get("status") in STATES
        if version != FORMAT_VERSION or not named:
            what = "this is no run of glassbert: format_version, run_id or status is missing or wrong"
            raise DataError(
                Problem(code="not-a-run", what=what, fix="name another directory", file=str(file))
            )
        return cls(path, document)

    @property
    def is_finished(self) -> bool:
        """Whether model, predictions and result are all written."""
        return bool(self.document["status"] == "finished")

    @property
    def run_id(self) -> str:
        return str(self.document["run_id"])

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        return self.path / "adapter"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions.csv"

    def update(self, changes: Mapping[str, Any] | None = None) -> None:
        """Take changes into run.json and write it. Raises OutputError or StorageError; the old file stays
        whole.
        """
        self.document |= changes or {}
        text = json.dumps(self.document, indent=1, ensure_ascii=False, allow_nan=False)
        write_file(self.path / FILE, [text.encode(), b"\n"])

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """run.json says "running" within the block and "stopped" once it was left by an error."""
        self.update({"status": "running"})
        try:
            yield
        except BaseException:
            with suppress(GlassbertError):  # a full disk must not hide why the run stopped
                self.update({"status": "stopped"})
            raise


def is_half(path: Path) -> bool:
    """Whether this is a file that a process which is dead, where the run is not held, did not finish."""
    return HALF.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def refuse_full(path: Path) -> None:
    """Raise OutputError when `path` is a file, or a directory that holds anything but a lock and what a
    process left that died before it had written the first run.json.
    """
    held = [name for name in _listed(path) if name != ".lock" and not is_half(path / name)]
    if held:
        shown = ", ".join(sorted(held)[:3]) + (", ..." if len(held) > 3 else "")
        what = f"the output directory is not empty ({shown})"
        fix = "choose another --out, continue it with --resume, or replace it with --overwrite"
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(path)))


def refuse_foreign(path: Path) -> None:
    """Raise OutputError when `path` holds anything that no run writes: only runs are ever replaced."""
    held = [name for name in _listed(path) if name != ".lock" and not is_half(path / name)]
    foreign = sorted(name for name in held if name not in WRITTEN and not name.startswith(".tmp-"))
    if foreign or (held and FILE not in held):
        what = "the directory is not a run of glassbert, and is not removed"
        what += f" (it holds {', '.join(foreign[:3])})" if foreign else ""
        raise OutputError(Problem(code="not-a-run", what=what, fix="choose another --out", file=str(path)))


def clear(path: Path) -> None:
    """Remove all that a run wrote into its directory, run.json last. Raises OutputError when it cannot be."""
    try:
        for name in sorted(set(WRITTEN) - {FILE, ".lock"}) + [FILE]:
            place = path / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
    except OSError as error:
        what = f"the earlier run cannot be removed: {error.strerror}"
        raise OutputError(
            Problem(code="cannot-remove", what=what, fix="choose another --out", file=str(path))
        ) from error


def _listed(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        what = error.strerror or str(error)
        raise OutputError(
            Problem(code="cannot-create", what=what, fix="choose another --out", file=str(path))
        ) from error
