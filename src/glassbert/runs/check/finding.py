"""Something that a check found, how bad it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from glassbert.errors import DataError, Problem

Level = Literal["note", "warning", "mistake"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`level`: a note is good to know, a warning asks for a look, a mistake is reason enough not to train.

    `code` is a short stable slug; `facts` are the figures behind the sentence, as plain values.
    """

    code: str
    level: Level
    what: str
    fix: str
    facts: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code, "level": self.level, "what": self.what, "fix": self.fix, **self.facts
        }  # fmt: skip

    def problem(self, source: str) -> Problem:
        """The same as a problem of a file."""
        return Problem(code=self.code, what=self.what, fix=self.fix, file=source)


def is_note(sentence: str) -> bool:
    """Whether a sentence about the rows says how they are read, and warns of nothing."""
    return sentence.startswith("scheme: ")


def refuse_mistakes(findings: Iterable[Finding], source: str) -> None:
    """Raise DataError (65) naming every finding that makes training a mistake."""
    mistakes = [each.problem(source) for each in findings if each.level == "mistake"]
    if mistakes:
        raise DataError(*mistakes)
