"""tune.json: what was searched, what every trial gave, what came out; written whole after every change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from glassbert.durable import write_file
from glassbert.errors import DataError, MissingInputError, OutputError, Problem
from glassbert.strict_json import read_json

FILE = "tune.json"
FORMAT_VERSION = 1
State = Literal["running", "complete", "pruned", "cut", "failed"]


@dataclass(kw_only=True)
class Trial:
    """One point of the search: its score on the rows that the search chooses by (more is better, None where
    there is none) with its 95 % interval, its validation scores at the rungs, and the seconds that it took.

    `state`: complete, pruned (stopped at a rung; the score is that of the rung), cut (the budget ended it
    early, so that its score is not to be compared), failed (its loss was not finite), running.
    """

    number: int
    settings: dict[str, Any]
    state: State = "running"
    score: float | None = None
    interval: list[float] | None = None
    rungs: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"trial-{self.number:03d}"


@dataclass(kw_only=True)
class Tuning:
    """The state of a search in its directory; `document` holds what does not change."""

    path: Path
    document: dict[str, Any]
    trials: list[Trial] = field(default_factory=list)
    spent: float = 0.0
    status: str = "running"
    ending: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, directory: Path) -> Tuning:
        """The recorded search. Raises MissingInputError where there is none, DataError for what is none."""
        file = directory / FILE
        if not file.is_file():
            what, fix = "there is no search here to go on with", "leave --resume out to start one"
            raise MissingInputError(Problem(code="no-search", what=what, fix=fix, file=str(file)))
        found = read_json(file)
        version = found.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            what = f"format_version is {version}, and this version reads up to {FORMAT_VERSION}"
            raise DataError(Problem(code="newer-format", what=what, fix="upgrade glassbert", file=str(file)))
        try:
            trials = [Trial(**each) for each in found.pop("trials")]
            spent, status = float(found.pop("spent_seconds")), str(found.pop("status"))
            ending = found.pop("ending")
            _ = found["request"], found["defaults"], found["data"]
        except (KeyError, TypeError, ValueError) as error:
            what = f"this is no search of glassbert: {error} is missing or wrong"
            fix = "name another directory"
            raise DataError(Problem(code="not-a-search", what=what, fix=fix, file=str(file))) from error
        return cls(path=directory, document=found, trials=trials, spent=spent, status=status, ending=ending)

    def write(self) -> None:
        """Raises OutputError or StorageError; the old file stays whole."""
        document = {
            "format_version": FORMAT_VERSION,
            "status": self.status,
            **self.document,
            "spent_seconds": self.spent,
            "trials": [asdict(each) for each in self.trials],
            "ending": self.ending,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
        write_file(self.path / FILE, [text.encode(), b"\n"])

    @property
    def best(self) -> Trial | None:
        """The complete trial with the highest score, of equals the first."""
        done = [each for each in self.trials if each.state == "complete" and each.score is not None]
        return max(done, key=lambda each: (each.score, -each.number), default=None)


def refuse_held(directory: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise OutputError where the directory holds anything that is not to be continued or replaced."""
    held = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
    held = [name for name in held if name != ".lock"]
    if directory.exists() and not directory.is_dir():
        held = [directory.name]
    ours = FILE in held
    if held and not (ours and (resume or overwrite)):
        what = f"the output directory is not empty ({', '.join(held[:3])})"
        fix = "choose another --out" + (", --resume or --overwrite" if ours else "")
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(directory)))
