"""The errors a person can meet, and the exit code of each.

GlassbertError (70, our bug when raised bare)
├── UsageError         2   the command or the call is wrong
├── DataError         65   a file's content is wrong
├── MissingInputError 66   a file, a model or a checkpoint is not there
├── OutputError       73   the output cannot be created
├── StorageError      74   reading or writing failed half-way
└── Interrupted       75   stopped on request; can be resumed

Every error carries one or more `Problem`s: where, which requirement, what was found, how to mend it.
"""

from __future__ import annotations

from dataclasses import dataclass

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: `file:line:column: code: what — fix`.

    `code` is a short stable slug ("wrong-field-count"); `line` and `column` count from 1.
    """

    code: str
    what: str
    fix: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        where = ":".join(place) + ": " if place else ""
        return on_one_line(f"{where}{self.code}: {self.what} — {self.fix}")


def on_one_line(text: str) -> str:
    """The text with escapes for what breaks a line or cannot be seen: a file may be called anything."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


class GlassbertError(Exception):
    """What went wrong, as a list of problems; `exit_code` is what the command line returns."""

    exit_code = 70

    def __init__(self, *problems: Problem, total: int | None = None) -> None:
        super().__init__(*problems)
        self.problems = problems
        self.total = len(problems) if total is None else total

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        hidden = self.total - len(lines)
        if hidden > 0:
            lines.append(f"... and {hidden} more ({self.total} in all)")
        return "\n".join(lines)


class UsageError(GlassbertError, ValueError):
    """The command line or the call asks for something that cannot be done."""

    exit_code = 2


class DataError(GlassbertError, ValueError):
    """The content of a data file, vocabulary, configuration or checkpoint is wrong."""

    exit_code = 65


class MissingInputError(GlassbertError):
    """A file, model or checkpoint that was named does not exist."""

    exit_code = 66


class OutputError(GlassbertError):
    """The output cannot be created: it exists, is locked, or may not be written."""

    exit_code = 73


class StorageError(GlassbertError):
    """Reading or writing failed half-way; what was there before is intact."""

    exit_code = 74


class Interrupted(GlassbertError):
    """Stopped on request after saving; `--resume` continues."""

    exit_code = 75
