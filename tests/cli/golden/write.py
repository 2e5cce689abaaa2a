"""Write what `glassbert --help` and every verb's `--help` print: `python -m tests.cli.golden.write`.

80 columns, no colour. tests/cli/test_help.py compares; a change of a text here is a change of the command
line that others rely on, and belongs into the same commit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from glassbert.cli.main import app

HERE = Path(__file__).parent
PLAIN = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1"}


def commands(group: Any = None, name: str = "") -> Iterator[tuple[str, Any]]:
    """(words, command) of the program, of every verb and of every verb's verb."""
    group = typer.main.get_command(app) if group is None else group
    yield name, group
    for verb, command in getattr(group, "commands", {}).items():
        yield from commands(command, f"{name} {verb}".strip())


def path_of(verb: str) -> Path:
    return HERE / f"{verb.replace(' ', '-') or 'glassbert'}.txt"


def help_of(verb: str) -> str:
    """The help of a verb, lines without the blanks at their ends."""
    words = [sys.executable, "-m", "glassbert", *verb.split(), "--help"]
    done = subprocess.run(words, env={**os.environ, **PLAIN}, capture_output=True, check=True)
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.decode().splitlines())


if __name__ == "__main__":
    for each, _ in commands():
        path_of(each).write_text(help_of(each), encoding="utf-8")
