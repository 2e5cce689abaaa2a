"""A failure of one process in words that another can take up: the same class, exit code and problem."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from glassbert.errors import (
    DataError,
    GlassbertError,
    Interrupted,
    MissingInputError,
    OutputError,
    Problem,
    StorageError,
    UsageError,
)

KINDS: dict[int, type[GlassbertError]] = {
    kind.exit_code: kind
    for kind in (UsageError, DataError, MissingInputError, OutputError, StorageError, Interrupted)
}


def told(error: BaseException) -> dict[str, Any]:
    """The failure as JSON, with all that its own process prints."""
    if isinstance(error, GlassbertError) and error.problems:
        problems = [asdict(problem) for problem in error.problems]
        return {"exit_code": error.exit_code, "problems": problems, "text": str(error)}
    first = f"{type(error).__name__}: {error}".splitlines()[0]
    problem = Problem(code="internal-error", what=first, fix="run again with --debug and report it")
    return {"exit_code": GlassbertError.exit_code, "problems": [asdict(problem)], "text": first}


def understood(said: dict[str, Any], *, by: int | None = None) -> GlassbertError:
    """The error again; `by` names the process whose failure it is, where that is not everybody's."""
    problems = [Problem(**each) for each in said["problems"]]
    if by is not None:
        problems = [replace(each, what=f"process {by} failed: {each.what}") for each in problems]
    return KINDS.get(said["exit_code"], GlassbertError)(*problems)
