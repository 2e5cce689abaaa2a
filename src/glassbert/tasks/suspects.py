"""Labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021).

A label j is *confident* for a row when its probability reaches the average that j gets on the rows which
carry j. A row whose most probable confident label is another than the given one, and which the model answers
otherwise, is a suspect. The probabilities must come from a model that never learnt from these rows.
Letters: N rows, C labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

Silence = Literal["", "no-scores", "one-label", "few-rows", "not-better", "training-rows"]

# fewer rows give thresholds that mean little
MIN_ROWS = 100
DRAWS = 200
# numbers that the bootstrap may touch; with more rows or labels there are fewer draws
MAX_NUMBERS = 20_000_000
FEWEST_DRAWS = 40
# a probability equal to its threshold up to rounding reaches it
TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """Row `index`, its given and its probable label, their probabilities, and the margin: that of the given
    label minus the largest of all others.
    """

    index: int
    given: int
    probable: int
    given_share: float
    probable_share: float
    margin: float


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The suspects, the most suspicious (lowest margin) first, or why none are named (`silence`).

    `estimated` is how many labels the confident joint takes for wrong among `rows`, with the 95 % bootstrap
    interval over rows; `mistakes` is how often model and label disagree.
    """

    rows: int
    mistakes: int
    silence: Silence
    suspects: tuple[Suspect, ...] = ()
    estimated: float | None = None
    low: float | None = None
    high: float | None = None


def find_suspects(
    scores: Float[np.ndarray, "N C"], given: Int[np.ndarray, "N"], *, worthy: bool, seed: int = 0
) -> Suspects:
    """The suspects among rows that the model has not learnt from.

    `worthy` is whether the model is better than its baseline; where it is not, where fewer than MIN_ROWS rows
    or only one label occur, none are named.
    """
    rows, answer = len(given), scores.argmax(1)
    mistakes = int((answer != given).sum())
    silence = _silence(scores, given, worthy=worthy)
    if silence:
        return Suspects(rows=rows, mistakes=mistakes, silence=silence)
    limits = thresholds(scores, given)
    probable = confident(scores, limits)
    found = np.flatnonzero((probable >= 0) & (probable != given) & (answer != given))
    margins = margin(scores, given)
    order = found[np.argsort(margins[found], kind="stable")]
    low, high = _interval(scores, given, seed=seed)
    return Suspects(
        rows=rows,
        mistakes=mistakes,
        silence="",
        suspects=tuple(
            Suspect(
                index=i,
                given=int(given[i]),
                probable=int(probable[i]),
                given_share=float(scores[i, given[i]]),
                probable_share=float(scores[i, probable[i]]),
                margin=float(margins[i]),
            )
            for i in order.tolist()
        ),
        estimated=estimated_errors(confident_joint(given, probable, scores.shape[1]), given),
        low=low,
        high=high,
    )


def thresholds(scores: Float[np.ndarray, "N C"], given: Int[np.ndarray, "N"]) -> Float[np.ndarray, "C"]:
    """t_j: the mean probability of j over the rows that carry j; infinite where none does."""
    count = np.bincount(given, minlength=scores.shape[1])
    sums = np.bincount(given, weights=scores[np.arange(len(given)), given], minlength=scores.shape[1])
    return np.where(count > 0, sums / np.maximum(count, 1), np.inf)


def confident(scores: Float[np.ndarray, "N C"], limits: Float[np.ndarray, "C"]) -> Int[np.ndarray, "N"]:
    """The most probable label of those that reach their threshold; -1 where none does."""
    reaching = np.where(scores >= limits - TOLERANCE, scores, -1.0)
    best = reaching.argmax(1)
    return np.where(reaching[np.arange(len(best)), best] >= 0, best, -1)


def confident_joint(
    given: Int[np.ndarray, "N"], probable: Int[np.ndarray, "N"], num_labels: int
) -> Int[np.ndarray, "C C"]:
    """How many rows carry i (row) and are confidently j (column); rows without a confident label are out."""
    held = probable >= 0
    cells = given[held].astype(np.int64) * num_labels + probable[held]
    return np.bincount(cells, minlength=num_labels**2).reshape(num_labels, num_labels)


def estimated_errors(joint: Int[np.ndarray, "C C"], given: Int[np.ndarray, "N"]) -> float:
    """The wrong labels among all rows: each row of the joint is stretched to the rows that carry its label,
    and what lies off the diagonal is counted. A label without a confident row counts as right.
    """
    count = np.bincount(given, minlength=len(joint))
    counted = joint.sum(1)
    off = counted - np.diagonal(joint)
    return float((off * count / np.maximum(counted, 1)).sum())


def margin(scores: Float[np.ndarray, "N C"], given: Int[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    """The probability of the given label minus the largest of all others."""
    places = np.arange(len(given))
    others = scores.copy()
    others[places, given] = -np.inf
    return np.asarray(scores[places, given] - others.max(1))


def _silence(scores: np.ndarray, given: np.ndarray, *, worthy: bool) -> Silence:
    if len(np.unique(given)) < 2:
        return "one-label"
    if len(given) < MIN_ROWS:
        return "few-rows"
    return "" if worthy else "not-better"


def _interval(scores: np.ndarray, given: np.ndarray, *, seed: int) -> tuple[float, float]:
    """The 95 % percentile interval of the estimate over resampled rows."""
    generator = np.random.default_rng(seed)
    draws = max(FEWEST_DRAWS, min(DRAWS, MAX_NUMBERS // scores.size))
    found = []
    for _ in range(draws):
        drawn = generator.integers(0, len(given), len(given))
        some, labels = scores[drawn], given[drawn]
        probable = confident(some, thresholds(some, labels))
        found.append(estimated_errors(confident_joint(labels, probable, scores.shape[1]), labels))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
