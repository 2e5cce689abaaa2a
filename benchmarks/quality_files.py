"""What a set of quality.py is, and how its files are written and read."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is trained on and what is scored, as `glassbert finetune` takes them; `also` is scored besides."""

    train: Path
    evaluation: Path
    options: tuple[str, ...] = ()
    also: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Set:
    """A row of the table.

    `metric`: the key of run.json's metrics that stands for it. `wanted`: what that has to reach, None where
    it is reported for what it is. `share`: how much of a budget it gets, relative to the others. `encoder`:
    "given" for the model of the command line, "chinese" for a random one with the official vocabulary.
    `asked`: run only when it is named.
    `peer_rate`: peak rate of the Trainer, which has no windows and so is not held against them (`peer`).
    """

    name: str
    task: str
    metric: str
    files: Callable[[Path, Path], Files]
    wanted: float | None = None
    epochs: float = 3
    share: float = 1
    encoder: str = "given"
    bad_rows: str = "error"
    peer: bool = True
    peer_rate: float = 1e-4
    asked: bool = False


def rows_of(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Path:
    """A CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(list(columns))
        writer.writerows(rows)
    return path


def read_json(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def lines_of(path: Path) -> Iterator[list[str]]:
    """Sentences of a CoNLL file as lines of fields, ended by an empty list."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.split()
    yield []
