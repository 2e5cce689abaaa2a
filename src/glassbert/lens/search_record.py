"""What the page draws of a search of settings: its trials, the recipe among them, and what is claimed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True)
class Evidence(Record):
    """Both recipes on the evaluation rows, of which no trial knew: scores, and differences by seed.

    `low` to `high` is the 95 % interval of the first seed's `difference` (tuned less defaults), in the
    `metric`'s own sense.
    """

    metric: str
    rows: int
    defaults: float
    tuned: float
    difference: float
    low: float
    high: float
    p_value: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchRecord(Record):
    """The n trials of a search of s settings, in the order in which they were tried.

    `score` is on the rows that the search chose by, in the metric's own sense, with its 95 % interval from
    `low` to `high`; NaN where there is none. `state` is one of `glassbert.runs.tuning.state`: only the scores
    of complete trials are to be compared. `settings` holds a row of values for each trial, in the order of
    `names`. `defaults` and `handed` are the places in these columns of the recipe's trial and of the one
    whose settings the `model` has that was handed over. `outcome` and `reason` are among those of
    `glassbert.runs.tuning.claim` (an earlier version noted no reason), `claim` is the sentence, `evidence`
    what it rests on, where something was compared. Times are in seconds.
    """

    model: str
    metric: str
    lower_is_better: bool
    names: tuple[str, ...]
    number: Int32[np.ndarray, " n"]
    state: tuple[str, ...]
    settings: Float64[np.ndarray, "n s"]
    score: Float64[np.ndarray, " n"]
    low: Float64[np.ndarray, " n"]
    high: Float64[np.ndarray, " n"]
    seconds: Float64[np.ndarray, " n"]
    defaults: int
    handed: int
    outcome: str
    reason: str | None
    claim: str
    evidence: Evidence | None
    budget_seconds: float
    spent_seconds: float

    def __post_init__(self) -> None:
        super().__post_init__()
        columns = (self.number, self.state, self.settings, self.score, self.low, self.high, self.seconds)
        if len({len(column) for column in columns}) > 1 or self.settings.shape[1] != len(self.names):
            raise ValueError("the columns of the trials disagree in size")
        if not (0 <= self.defaults < len(self.number) and 0 <= self.handed < len(self.number)):
            raise ValueError("the recipe's trial, or the one handed over, is none of the trials")
