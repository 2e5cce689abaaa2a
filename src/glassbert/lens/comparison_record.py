"""What the page of two compared runs draws: scores with the intervals of their differences, and the rows that
changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreChange(Record):
    """A score of both runs, and the second's less the first's with its 95 % interval."""

    metric: str
    first: float
    second: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedTest(Record):
    """A test of paired answers, the score that it is about, and its two-sided p-value."""

    name: str
    about: str
    p_value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangedRow(Record):
    """A row on which the second run is better, or worse: what is right, and what each of them said.

    `row_second` is the row's number in the second run's data where that is another. Of tagged words `label`,
    `first` and `second` are the entities that changed. Texts may be cut.
    """

    better: bool
    row: int
    row_second: int | None
    text: str
    label: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonRecord(Record):
    """Two runs judged on the same rows.

    `outcome` is one of `glassbert.runs.comparing.comparison`, `verdict` its sentence. `rows` are the first of
    `num_better` and `num_worse` changed rows, the largest changes of each kind first.
    """

    first: str
    second: str
    task: str
    num_rows: int
    only_first: int
    only_second: int
    outcome: str
    verdict: str
    scores: tuple[ScoreChange, ...]
    tests: tuple[PairedTest, ...]
    num_better: int
    num_worse: int
    rows: tuple[ChangedRow, ...]
