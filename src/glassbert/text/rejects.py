"""Bad rows on their way out: an error, or set aside with their reasons under "skip" and "quarantine"."""

from __future__ import annotations

from dataclasses import replace

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.options import BadRows

ASIDE = "`--on-bad-rows quarantine` sets such rows aside"


class Rejects:
    """Collects the rows that cannot be used; `settle` raises, or leaves them to be counted and written."""

    def __init__(self, policy: BadRows) -> None:
        self.policy = policy
        self.problems: list[Problem] = []
        self.raw: list[str] = []
        self.total = 0

    def add(self, problem: Problem, raw: str) -> None:
        """Note a bad row and its text. Under "error" only the problems that will be shown are kept."""
        self.total += 1
        if self.policy != "error" or self.total <= SHOWN_PROBLEMS:
            self.problems.append(problem)
            self.raw.append(raw)

    def settle(self, *, usable: int, name: str) -> None:
        """Raise DataError (65) when bad rows are errors, or when no usable row is left."""
        if self.total and self.policy == "error":
            *first, last = self.problems
            if usable:
                last = replace(last, fix=f"{last.fix}; {ASIDE}")
            raise DataError(*first, last, total=self.total)
        if self.total and not usable:
            what = f"none of {self.total:,} rows is usable; the first: {self.problems[0].what}"
            raise DataError(Problem(code="no-usable-rows", what=what, fix=self.problems[0].fix, file=name))
