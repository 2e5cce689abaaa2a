"""One plain sentence about tagged words: is the encoder worth its weight, or would a list of entities do?"""

from __future__ import annotations

import numpy as np

from glassbert.tasks.intervals import Difference
from glassbert.tasks.tag_metrics import TagCounts, tag_differences, tag_scores
from glassbert.tasks.verdict import MIN_ROWS, Outcome, Verdict

TEXTS = {
    "better": ("Better than {rival}.", ""),
    "same": (
        "Not distinguishable from {rival}.",
        " The difference may be chance: train or judge on more rows, or take the simpler way.",
    ),
    "worse": ("Worse than {rival}.", " Take the simpler way, train longer, or train on more rows."),
}


def compare_tags(model: TagCounts, baseline: TagCounts, *, rival: str, score: str = "f1") -> Verdict:
    """Judge by paired bootstrap over sentences: better means that the 95 % interval of the difference of
    `score` lies above zero.
    """
    found = tag_differences(model, baseline)[score]
    ours, theirs = (float(tag_scores(each.pooled.sum(0))[score]) for each in (model, baseline))
    name = {"f1": "F1", "accuracy": "Accuracy"}[score]
    standing = f"{name} {ours:.3f} against {theirs:.3f} on the same {len(model.words):,} sentences"
    outcome = _outcome(model, found)
    if outcome == "too-few":
        needed = f"{len(model.words)} evaluation rows, where at least {MIN_ROWS} with entities are needed"
        text = f"Too few rows to tell whether the model beats {rival}: {needed}. {standing}."
    elif outcome == "collapsed":
        advice = "Try a lower learning rate or a longer training, and check the tags."
        text = f"Collapsed: the model finds no entity in all {len(model.words):,} evaluation rows. {advice}"
    else:
        opening, advice = TEXTS[outcome]
        text = f"{opening.format(rival=rival)} {standing}: {_points(found)}.{advice}"
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric=score)


def _outcome(model: TagCounts, difference: Difference) -> Outcome:
    if len(model.words) < MIN_ROWS or not model.actual.any():
        return "too-few"
    if not np.any(model.predicted):
        return "collapsed"
    if difference.low > 0:
        return "better"
    return "worse" if difference.high < 0 else "same"


def _points(difference: Difference) -> str:
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
