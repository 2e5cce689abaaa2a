"""A run directory: what lies where, and run.json, the page that says what was run on what, and how it came
out.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from glassbert.errors import MissingInputError, OutputError, Problem
from glassbert.storage import write_file
from glassbert.strict_json import read_json

FORMAT_VERSION = 1
VERSIONED = ("glassbert", "torch", "numpy", "tokenizers", "safetensors", "pandas", "scikit-learn")


class RunDirectory:
    """The files of one run; `document` is run.json, written whole after every change."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document

    @classmethod
    def create(cls, path: Path, *, task: str, command: list[str], seed: int) -> RunDirectory:
        """A new run in an empty or absent directory. Raises OutputError when something lies there."""
        refuse_full(path)
        document = {
            "format_version": FORMAT_VERSION,
            "run_id": secrets.token_hex(8),
            "status": "running",
            "task": task,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
            "seed": seed,
            "versions": {name: version(name) for name in VERSIONED} | {"python": platform.python_version()},
            "hardware": hardware(),
        }
        run = cls(path, document)
        run.update()
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """An existing run. Raises MissingInputError when there is none (never a silent fresh start)."""
        if not (path / "run.json").is_file():
            what = "there is no run here to resume or read (no run.json)"
            fix = "give the directory of a run, or start one without --resume"
            raise MissingInputError(Problem(code="no-run", what=what, fix=fix, file=str(path)))
        return cls(path, read_json(path / "run.json"))

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
    def predictions(self) -> Path:
        return self.path / "predictions.csv"

    def update(self, changes: Mapping[str, Any] | None = None) -> None:
        """Take changes into run.json and write it. Raises OutputError or StorageError; the old file stays
        whole.
        """
        self.document |= changes or {}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = Problem(
                code="cannot-create",
                what=error.strerror or str(error),
                fix="choose another --out",
                file=str(self.path),
            )
            raise OutputError(problem) from error
        text = json.dumps(self.document, indent=1, ensure_ascii=False, allow_nan=False)
        write_file(self.path / "run.json", [text.encode() + b"\n"])


def refuse_full(path: Path) -> None:
    """Raise OutputError when `path` is a file or a directory that holds anything but a lock."""
    try:
        held = [name for name in os.listdir(path) if name != ".lock"]
    except FileNotFoundError:
        return
    except OSError as error:
        what = error.strerror or str(error)
        raise OutputError(
            Problem(code="cannot-create", what=what, fix="choose another --out", file=str(path))
        ) from error
    if held:
        what = f"the output directory is not empty ({', '.join(sorted(held)[:3])} ...)"
        fix = "choose another --out, continue it with --resume, or replace it with --overwrite"
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(path)))


def hardware() -> dict[str, Any]:
    """What the run ran on; no host name and no path, so that a run can be shown to anybody."""
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": sys.platform,
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="strict").splitlines()
    except (OSError, UnicodeDecodeError):
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
