"""From which score on a question has no answer: chosen once, by held-out questions (SQuAD 2.0)."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

FEWEST = 5
"""With fewer held-out questions of either kind the threshold would be a guess, and stays 0."""


def settle_threshold(
    margins: Float[np.ndarray, "N"], answered: Float[np.ndarray, "N"], unanswered: Float[np.ndarray, "N"]
) -> tuple[float, dict[str, Any]]:
    """The threshold with the highest mean F1, and what run.json says of it.

    `margins` are null score less best score: a question is left unanswered where it exceeds the threshold.
    `answered` and `unanswered` are its F1 in either case. Thresholds lie half-way between neighbouring
    margins, so that rounding moves no question across; of several the one nearest to 0.
    """
    without = int((unanswered > 0).sum())
    if min(without, len(margins) - without) < FEWEST:
        reason = f"0: fewer than {FEWEST} validation questions with an answer, or without one"
        return 0.0, {"value": 0.0, "reason": reason}
    order = np.argsort(margins, kind="stable")
    ranked = margins[order]
    gained = np.concatenate([[0.0], np.cumsum((answered - unanswered)[order])])
    # a cut between equal margins cannot be made
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(ranked) > 0) + 1, [len(ranked)]])
    middles = np.concatenate([[ranked[0] - 1.0], (ranked[:-1] + ranked[1:]) / 2, [ranked[-1] + 1.0]])[cuts]
    best = np.flatnonzero(np.isclose(gained[cuts], gained[cuts].max(), rtol=0, atol=1e-9))
    value = float(middles[best[np.abs(middles[best]).argmin()]])
    reason = f"highest F1 on {len(margins)} validation questions, {without} of them without an answer"
    return value, {"value": value, "reason": reason}
