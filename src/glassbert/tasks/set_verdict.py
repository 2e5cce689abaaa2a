"""One plain sentence about predicted sets of labels: is the encoder worth its weight?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from glassbert.tasks.intervals import DRAWS, Difference
from glassbert.tasks.set_metrics import score_sets, set_differences
from glassbert.tasks.verdict import MIN_ROWS, Outcome, Verdict

SIMPLE_MODEL = "TF-IDF + one logistic regression per label"
Sets = Bool[np.ndarray, "N C"]


def compare_sets(
    model: Sets, baseline: Sets, *, truth: Sets, labels: tuple[str, ...], draws: int = DRAWS, seed: int = 0
) -> Verdict:
    """Judge predicted sets against a baseline's on the same rows, by paired bootstrap.

    Better means: the 95 % interval of the difference of micro-F1 lies above zero, and that of macro-F1 not
    below it.
    """
    found = set_differences(truth, (model, baseline), draws=draws, seed=seed)
    outcome = _outcome(model, truth, found)
    ours, theirs = (float(score_sets(truth, guess)["micro_f1"][0]) for guess in (model, baseline))
    standing = f"Micro-F1 {ours:.3f} against {theirs:.3f} on the same {len(truth):,} rows"
    if outcome == "collapsed":
        said = ", ".join(f'"{labels[i]}"' for i in np.flatnonzero(model[0]).tolist()) or "no label"
        advice = "Try a lower learning rate or a longer training, and check the labels."
        text = f"Collapsed: the model answers {said} for all {len(truth):,} evaluation rows. {advice}"
    elif outcome == "too-few":
        needed = f"{len(truth)} evaluation rows, where at least {MIN_ROWS} that differ are needed"
        text = f"Too few rows to tell whether the model beats {SIMPLE_MODEL}: {needed}. {standing}."
    else:
        text = _compared(outcome, standing, found)
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric="micro_f1")


def _outcome(model: Sets, truth: Sets, found: dict[str, Difference]) -> Outcome:
    micro, macro = found["micro_f1"], found["macro_f1"]
    if len(truth) < MIN_ROWS or (truth == truth[0]).all():
        return "too-few"
    if (model == model[0]).all():
        return "collapsed"
    if micro.low > 0:
        return "better" if macro.high >= 0 else "mixed"
    return "worse" if micro.high < 0 else "same"


def _compared(outcome: Outcome, standing: str, found: dict[str, Difference]) -> str:
    opening, advice = {
        "better": (f"Better than {SIMPLE_MODEL}.", ""),
        "mixed": (f"More labels right than {SIMPLE_MODEL}, but worse on the rarer ones.", ""),
        "same": (
            f"Not distinguishable from {SIMPLE_MODEL}.",
            " The difference may be chance: train or judge on more rows, or take the simpler model.",
        ),
        "worse": (
            f"Worse than {SIMPLE_MODEL}.",
            " Take the simpler model, train longer, or train on more rows.",
        ),
    }[outcome]
    micro, macro = found["micro_f1"], found["macro_f1"]
    return f"{opening} {standing}: {_points(micro)}; macro-F1 {_points(macro)}.{advice}"


def _points(difference: Difference) -> str:
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
