"""Which tokens made the model say this, by one or several methods, and how far each can be believed.

Letters: S tokens of the window, P points of a curve, R random orders, K methods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int8, Int32

from glassbert.errors import Problem, UsageError
from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodScores(Record):
    """One method: a score for every token, and what the lie detector says about it.

    `scores` speak for the target where high, against it where below 0 (`signed` methods only). `deletion`
    and `insertion` are the prediction without, and with nothing but, the tokens of the highest scores.
    `comprehensiveness` (high is good) and `sufficiency` (low is good) are AOPC; `beaten_by_deletion` and
    `beaten_by_insertion` are the shares of random orders that do worse than the method. `residual` is
    |sum of scores - (F(x) - F(masked))| of a method that promises 0, else None. `randomised` is the rank
    correlation with the scores of the same network with random weights (NaN: one side has no order; None: not
    asked). `warnings` are "untaught" (with random weights it ranks much the same) and "inexact" (the sum it
    promises is missed).
    """

    method: str
    signed: bool
    targeted: bool
    scores: Float64[np.ndarray, " S"]
    deletion: Float64[np.ndarray, " P"]
    insertion: Float64[np.ndarray, " P"]
    comprehensiveness: float
    sufficiency: float
    beaten_by_deletion: float
    beaten_by_insertion: float
    residual: float | None
    randomised: float | None
    outcome: str
    warnings: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, kw_only=True, eq=False)
class AttributionRecord(Record):
    """The scores of the tokens of one window for one target, by K methods; the first is `scores` and so on.

    `explained` is F(x), what the scores are about: log-odds, or a logit (`kind`); `masked` is F with every
    content token replaced by `replaced_by`. `prediction` and the curves are in `unit`: a probability, not
    calibrated, or the value itself. `sequence` is 0 or 1 for a token of the first or second text, -1 for a
    special token, which is never replaced; `offsets` are its first and one past its last character in that
    text, equal where it has none. `counts` are the numbers of tokens at which the curves are
    measured; row r of `random_deletion` and `random_insertion` is one random order. `agreement` is the rank
    correlation between methods over the content tokens, NaN where one has no order.
    """

    model: str
    text: str
    pair: str | None
    window: int
    num_windows: int
    tokens: tuple[str, ...]
    sequence: Int8[np.ndarray, " S"]
    word: Int32[np.ndarray, " S"]
    offsets: Int32[np.ndarray, "S 2"]
    target: str
    position: int | None
    kind: str
    unit: str
    replaced_by: str
    explained: float
    masked: float
    prediction: float
    seed: int
    counts: Int32[np.ndarray, " P"]
    random_deletion: Float64[np.ndarray, "R P"]
    random_insertion: Float64[np.ndarray, "R P"]
    methods: tuple[MethodScores, ...]
    agreement: Float64[np.ndarray, "K K"]

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = {len(self.tokens), len(self.sequence), len(self.word), len(self.offsets)}
        points = {len(self.counts), self.random_deletion.shape[1], self.random_insertion.shape[1]}
        for method in self.methods:
            sizes.add(len(method.scores))
            points |= {len(method.deletion), len(method.insertion)}
        if len(sizes) > 1 or len(points) > 1 or not self.methods or len(self.agreement) != len(self.methods):
            raise ValueError("tokens, scores, curves and methods disagree in size")

    def of(self, method: str) -> MethodScores:
        """What one of the methods found; raises UsageError, with the list, for one that was not asked."""
        for found in self.methods:
            if found.method == method:
                return found
        asked = ", ".join(found.method for found in self.methods)
        what = f"the record has no scores of {method!r}"
        raise UsageError(Problem(code="unknown-method", what=what, fix=f"it has {asked}"))

    @property
    def scores(self) -> Float64[np.ndarray, " S"]:
        """The scores of the first method."""
        return self.methods[0].scores

    @property
    def deletion(self) -> Float64[np.ndarray, " P"]:
        """The deletion curve of the first method, at `counts`."""
        return self.methods[0].deletion

    @property
    def insertion(self) -> Float64[np.ndarray, " P"]:
        """The insertion curve of the first method, at `counts`."""
        return self.methods[0].insertion

    @property
    def verdict(self) -> str:
        """Whether the first method can be believed here, in a sentence or two."""
        return self.methods[0].verdict

    def word_scores(self, method: str | None = None) -> Float64[np.ndarray, " W"]:
        """Scores of words: the sums over their tokens (special tokens belong to none)."""
        scores = self.methods[0].scores if method is None else self.of(method).scores
        inside = self.word >= 0
        return np.bincount(self.word[inside], weights=scores[inside])
