"""One plain sentence about similarities: do the rows prove the trained vectors better?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from glassbert.tasks.intervals import DRAWS
from glassbert.tasks.number_metrics import number_differences, score_numbers
from glassbert.tasks.verdict import MIN_ROWS, Outcome, Verdict

SPREAD = 1e-3
"""Similarities that spread less than this say the same of every pair."""


def compare_likeness(
    model: Float[np.ndarray, "N"],
    rival: Float[np.ndarray, "N"],
    *,
    truth: Float[np.ndarray, "N"],
    name: str,
    draws: int = DRAWS,
    seed: int = 0,
) -> Verdict:
    """Judge similarities against those of the rival called `name` on the same pairs, by paired bootstrap.

    Better means: the 95 % interval of the difference of Spearman correlations lies above zero.
    """
    found = number_differences(truth, (model, rival), draws=draws, seed=seed)["spearman"]
    ours, theirs = (float(score_numbers(truth, guess)["spearman"][0]) for guess in (model, rival))
    outcome: Outcome = "better" if found.low > 0 else "worse" if found.high < 0 else "same"
    if len(truth) < MIN_ROWS or np.ptp(truth) == 0:
        outcome = "too-few"
    elif model.std() < SPREAD:
        outcome = "collapsed"
    opening, advice = {
        "better": (f"Better than {name}.", ""),
        "same": (
            f"Not distinguishable from {name}.",
            " The difference may be chance: train or judge on more pairs.",
        ),
        "worse": (f"Worse than {name}.", " Keep the untuned vectors, or train longer or on more pairs."),
        "too-few": (f"Too few pairs, or too alike, to tell whether the model beats {name}.", ""),
        "collapsed": ("Collapsed: all pairs have nearly the same similarity.", " Try a lower learning rate."),
    }[outcome]
    interval = f"{found.value:+.4f} (95 % interval {found.low:+.4f} to {found.high:+.4f})"
    standing = f"Spearman {ours:.4f} against {theirs:.4f} on the same {len(truth):,} pairs: {interval}."
    text = f"{opening} {standing}{advice}"
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric="spearman")
