"""One plain sentence about predicted answers: is the encoder worth its weight?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from glassbert.tasks.intervals import Difference
from glassbert.tasks.span_metrics import answer_differences
from glassbert.tasks.verdict import MIN_ROWS, Outcome, Verdict
from glassbert.tasks.wording import RIVAL_NAMES


def compare_answers(
    ours: Float[np.ndarray, "N 2"],
    theirs: Float[np.ndarray, "N 2"],
    *,
    said: Sequence[str],
    answered: Bool[np.ndarray, "N"],
    rival: str,
) -> Verdict:
    """Judge (exact match, F1) of every question against a baseline's, by paired bootstrap.

    Better means: the 95 % interval of the difference of F1 lies above zero, and that of exact match not below
    it.
    """
    name = RIVAL_NAMES[rival]
    found = answer_differences(ours, theirs)
    outcome = _outcome(found, said, answered)
    standing = f"F1 {100 * ours[:, 1].mean():.1f} against {100 * theirs[:, 1].mean():.1f}"
    standing += f" on the same {len(ours):,} questions"
    if outcome == "collapsed":
        advice = "Try a lower learning rate or a longer training, and check the answers."
        text = f'Collapsed: the model answers "{said[0]}" to all {len(ours):,} questions. {advice}'
    elif outcome == "too-few":
        needed = f"{len(ours)} questions, where at least {MIN_ROWS} are needed"
        text = f"Too few rows to tell whether the model beats {name}: {needed}. {standing}."
    else:
        text = _compared(outcome, standing, found, name)
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric="f1")


def _outcome(found: dict[str, Difference], said: Sequence[str], answered: Bool[np.ndarray, "N"]) -> Outcome:
    f1, exact = found["f1"], found["exact_match"]
    if len(said) < MIN_ROWS:
        return "too-few"
    if len(set(said)) == 1 and answered.any():
        return "collapsed"
    if f1.low > 0:
        return "better" if exact.high >= 0 else "mixed"
    return "worse" if f1.high < 0 else "same"


def _compared(outcome: Outcome, standing: str, found: dict[str, Difference], name: str) -> str:
    opening, advice = {
        "better": (f"Better than {name}.", ""),
        "mixed": (f"Closer to the right answers than {name}, but fewer are exact.", ""),
        "same": (
            f"Not distinguishable from {name}.",
            " The difference may be chance: train or judge on more questions.",
        ),
        "worse": (f"Worse than {name}.", " Train longer, or on more questions."),
    }[outcome]
    return (
        f"{opening} {standing}: {_points(found['f1'])}; exact match {_points(found['exact_match'])}.{advice}"
    )


def _points(difference: Difference) -> str:
    low, high = difference.low, difference.high
    return f"{difference.value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
