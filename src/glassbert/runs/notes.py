"""glassbert.json, the page that a model directory carries for us: what other readers have no place for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from glassbert.durable import write_file
from glassbert.errors import DataError, Problem
from glassbert.strict_json import read_json
from glassbert.tasks.task import Tuned
from glassbert.text.schemes import Scheme

FILE = "glassbert.json"
FORMAT_VERSION = 1
# written only where they say something
RARE = {
    "label_scale": 1.0,
    "label_shift": 0.0,
    "thresholds": (),
    "null_threshold": None,
    "max_answer_length": None,
    "scheme": None,
}
LabelType = Literal["str", "int", "float", "bool"]


@dataclass(frozen=True, kw_only=True)
class ModelNotes:
    """How a model wants to be used: its task, window length in tokens, calibration temperature, what its
    labels were before they were written as strings ("str", "int", "float" or "bool"), the standard deviation
    of the numbers that it learnt from (of similarities their span, and the least as `label_shift`), from
    which score on each of several labels is given, by how much having no answer must score above the best
    one, how many tokens an answer may have, and the scheme of its tags where their names do not show it.
    """

    task: str | None = None
    max_length: int | None = None
    temperature: float = 1.0
    label_type: LabelType = "str"
    label_scale: float = 1.0
    label_shift: float = 0.0
    thresholds: tuple[float, ...] = ()
    null_threshold: float | None = None
    max_answer_length: int | None = None
    scheme: Scheme | None = None

    @property
    def tuned(self) -> Tuned:
        """What held-out rows decided, as a task takes it."""
        return Tuned(**{name: getattr(self, name) for name in Tuned.__dataclass_fields__})

    def with_tuned(self, tuned: Tuned) -> ModelNotes:
        """The same with what held-out rows decided."""
        return replace(self, **asdict(tuned))

    def problems(self) -> list[str]:
        """What is wrong with the values, in words."""
        found = []
        if self.task is not None and not isinstance(self.task, str):
            found.append(f"task is {self.task!r}, not the name of a task")
        if self.max_length is not None and (type(self.max_length) is not int or self.max_length < 3):
            found.append(f"max_length is {self.max_length!r}, not a whole number of at least 3")
        for name in ("temperature", "label_scale"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 < value < float("inf"):
                found.append(f"{name} is {value!r}, not a number above 0")
        shift = self.label_shift
        if isinstance(shift, bool) or not isinstance(shift, int | float) or not abs(shift) < float("inf"):
            found.append(f"label_shift is {shift!r}, not a number")
        if not isinstance(self.thresholds, tuple) or not all(map(_is_share, self.thresholds)):
            found.append(f"thresholds is {self.thresholds!r}, not a list of numbers from 0 to 1")
        null, longest = self.null_threshold, self.max_answer_length
        if null is not None and (type(null) not in (int, float) or not math.isfinite(null)):
            found.append(f"null_threshold is {null!r}, not a finite number")
        if longest is not None and (type(longest) is not int or longest < 1):
            found.append(f"max_answer_length is {longest!r}, not a whole number of at least 1")
        if self.scheme is not None and self.scheme not in get_args(Scheme):
            found.append(f"scheme is {self.scheme!r}, not one of {', '.join(get_args(Scheme))}")
        if self.label_type not in get_args(LabelType):
            found.append(f"label_type is {self.label_type!r}, not one of {', '.join(get_args(LabelType))}")
        return found


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def read_notes(directory: Path) -> ModelNotes:
    """The notes of a model directory; without the file, the neutral ones. Raises DataError for a bad file."""
    path = directory / FILE
    if not path.exists():
        return ModelNotes()
    raw = read_json(path)
    version = raw.get("format_version")
    if type(version) is int and version > FORMAT_VERSION:
        what = f"format_version is {version}, newer than {FORMAT_VERSION}"
        raise DataError(Problem(code="newer-format", what=what, fix="upgrade glassbert", file=str(path)))
    known = {name: raw[name] for name in ModelNotes.__dataclass_fields__ if name in raw}
    if isinstance(known.get("thresholds"), list):
        known["thresholds"] = tuple(known["thresholds"])
    notes = ModelNotes(**known)
    wrong = notes.problems()
    if version != FORMAT_VERSION:
        wrong.insert(0, f"format_version is {version!r}, not {FORMAT_VERSION}")
    if wrong:
        fix = "correct or remove the file"
        raise DataError(*(Problem(code="bad-notes", what=what, fix=fix, file=str(path)) for what in wrong))
    return notes


def write_notes(directory: Path, notes: ModelNotes, *, more: Mapping[str, Any] | None = None) -> None:
    """Write the notes, and whatever else a reader may like to know, beside the weights."""
    kept = {name: value for name, value in asdict(notes).items() if name not in RARE or value != RARE[name]}
    content = {"format_version": FORMAT_VERSION, **kept, **(more or {})}
    write_file(directory / FILE, [json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"])
