"""glassbert.json, the page that a model directory carries for us: what other readers have no place for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.storage import write_file
from glassbert.strict_json import read_json

FILE = "glassbert.json"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ModelNotes:
    """How a model wants to be used: its task, window length in tokens, and calibration temperature."""

    task: str | None = None
    max_length: int | None = None
    temperature: float = 1.0

    def __post_init__(self) -> None:
        problems = []
        if not isinstance(self.temperature, int | float) or not 0 < self.temperature < float("inf"):
            problems.append(f"temperature is {self.temperature!r}, not a number above 0")
        if self.max_length is not None and (not isinstance(self.max_length, int) or self.max_length < 3):
            problems.append(f"max_length is {self.max_length!r}, not a whole number of at least 3")
        if problems:
            fix = "correct or remove the file"
            raise DataError(*(Problem(code="bad-notes", what=what, fix=fix, file=FILE) for what in problems))


def read_notes(directory: Path) -> ModelNotes:
    """The notes of a model directory; without the file, the neutral ones. Raises DataError for a bad file."""
    path = directory / FILE
    if not path.exists():
        return ModelNotes()
    raw = read_json(path)
    if raw.get("format_version", 0) > FORMAT_VERSION:
        what = f"format_version is {raw['format_version']}, newer than {FORMAT_VERSION}"
        raise DataError(Problem(code="newer-format", what=what, fix="upgrade glassbert", file=str(path)))
    known = {name: raw[name] for name in ModelNotes.__dataclass_fields__ if name in raw}
    return ModelNotes(**known)


def write_notes(directory: Path, notes: ModelNotes, *, more: Mapping[str, Any] | None = None) -> None:
    """Write the notes, and whatever else a reader may like to know, beside the weights."""
    content = {"format_version": FORMAT_VERSION, **asdict(notes), **(more or {})}
    write_file(directory / FILE, [json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"])
