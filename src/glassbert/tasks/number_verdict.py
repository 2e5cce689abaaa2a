"""One plain sentence about predicted numbers: is the encoder worth its weight, or would counting words do?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from glassbert.tasks.intervals import DRAWS, Difference
from glassbert.tasks.number_metrics import number_differences, score_numbers
from glassbert.tasks.verdict import MIN_ROWS, Outcome, Verdict

SIMPLE_MODEL = "TF-IDF + ridge regression"
SPREAD = 1e-3
"""A model whose answers spread less than this share of the truth's spread says the same of every text."""


def compare_numbers(
    model: Float[np.ndarray, "N"],
    baseline: Float[np.ndarray, "N"],
    *,
    truth: Float[np.ndarray, "N"],
    draws: int = DRAWS,
    seed: int = 0,
) -> Verdict:
    """Judge predicted numbers against a baseline's on the same rows, by paired bootstrap.

    Better means: the 95 % interval of the difference of root mean squared errors lies below zero, and that of
    the Pearson correlations not below it.
    """
    found = number_differences(truth, (model, baseline), draws=draws, seed=seed)
    outcome = _outcome(model, truth, found)
    standing = _standing(model, baseline, truth)
    if outcome == "too-few":
        text = f"{_too_few(truth)} {standing}."
    elif outcome == "collapsed":
        advice = "Try a lower learning rate or a longer training, and check the numbers."
        text = f"Collapsed: the model answers {model[0]:.4g} for all {len(truth):,} evaluation rows. {advice}"
    else:
        text = _compared(outcome, standing, found)
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric="rmse")


def _outcome(model: np.ndarray, truth: np.ndarray, found: dict[str, Difference]) -> Outcome:
    rmse, pearson = found["rmse"], found["pearson"]
    if len(truth) < MIN_ROWS or np.ptp(truth) == 0:
        return "too-few"
    if model.std() < SPREAD * truth.std():
        return "collapsed"
    if rmse.high < 0:
        return "better" if pearson.high >= 0 else "mixed"
    return "worse" if rmse.low > 0 else "same"


def _too_few(truth: np.ndarray) -> str:
    if np.ptp(truth) == 0:
        return f"Cannot tell: all {len(truth):,} evaluation rows have the number {truth[0]:.4g}."
    needed = f"{len(truth)} evaluation rows, where at least {MIN_ROWS} are needed"
    return f"Too few rows to tell whether the model beats {SIMPLE_MODEL}: {needed}."


def _standing(model: np.ndarray, baseline: np.ndarray, truth: np.ndarray) -> str:
    ours, theirs = (score_numbers(truth, guess) for guess in (model, baseline))
    errors = f"Root mean squared error {ours['rmse'][0]:.4g} against {theirs['rmse'][0]:.4g}"
    return f"{errors} on the same {len(truth):,} rows"


def _compared(outcome: Outcome, standing: str, found: dict[str, Difference]) -> str:
    opening, advice = {
        "better": (f"Better than {SIMPLE_MODEL}.", ""),
        "mixed": (f"Nearer on average than {SIMPLE_MODEL}, but it orders the texts less well.", ""),
        "same": (
            f"Not distinguishable from {SIMPLE_MODEL}.",
            " The difference may be chance: train or judge on more rows, or take the simpler model.",
        ),
        "worse": (
            f"Worse than {SIMPLE_MODEL}.",
            " Take the simpler model, train longer, or train on more rows.",
        ),
    }[outcome]
    return f"{opening} {standing}: {_said(found['rmse'])}; Pearson {_said(found['pearson'])}.{advice}"


def _said(difference: Difference) -> str:
    low, high = difference.low, difference.high
    return f"{difference.value:+.3g} (95 % interval {low:+.3g} to {high:+.3g})"
