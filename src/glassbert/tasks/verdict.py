"""One plain sentence: is the encoder worth its weight, or would counting words do as well?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int

from glassbert.tasks.intervals import DRAWS, Difference, paired_differences
from glassbert.tasks.metrics import Counts, confusion_matrix, scores

SIMPLE_MODEL = "TF-IDF + logistic regression"
MIN_ROWS = 30
"""Below this a percentile interval is not to be trusted: of three rows, all right, it says [1, 1]."""

Outcome = Literal["better", "mixed", "same", "worse", "collapsed", "too-few"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`better` only where the evaluation rows prove it; `text` says what they prove, in a sentence or two,
    first of all by the score `metric`.
    """

    better: bool
    text: str
    outcome: Outcome
    metric: str


def compare(
    model: Int[np.ndarray, "N"],
    baseline: Int[np.ndarray, "N"],
    *,
    truth: Int[np.ndarray, "N"],
    labels: tuple[str, ...],
    draws: int = DRAWS,
    seed: int = 0,
) -> Verdict:
    """Judge predicted classes against a baseline's on the same rows, by paired bootstrap.

    Better means: the 95 % interval of the accuracy difference lies above zero, and that of the macro-F1
    difference not below it (gaining on a common label what is lost on the rare ones is "mixed").
    """
    found = paired_differences(truth, (model, baseline), num_classes=len(labels), draws=draws, seed=seed)
    outcome = _outcome(model, truth, found)
    if outcome == "collapsed":
        text = _collapsed(labels[int(model[0])], len(truth))
    elif outcome == "too-few":
        text = f"{_too_few(truth, labels)} {_standing(model, baseline, truth, len(labels))}."
    else:
        text = _compared(outcome, _standing(model, baseline, truth, len(labels)), found)
    return Verdict(better=outcome == "better", text=text, outcome=outcome, metric="accuracy")


def _outcome(
    model: Int[np.ndarray, "N"], truth: Int[np.ndarray, "N"], found: dict[str, Difference]
) -> Outcome:
    accuracy, macro_f1 = found["accuracy"], found["macro_f1"]
    if len(truth) < MIN_ROWS or _is_constant(truth):
        return "too-few"
    if _is_constant(model):
        return "collapsed"
    if accuracy.low > 0:
        return "better" if macro_f1.high >= 0 else "mixed"
    return "worse" if accuracy.high < 0 else "same"


def _is_constant(classes: Int[np.ndarray, "N"]) -> bool:
    return bool(np.all(classes == classes[0]))


def _collapsed(label: str, num_rows: int) -> str:
    found = f'Collapsed: the model answers "{label}" for all {num_rows:,} evaluation rows'
    advice = "Try a lower learning rate or a longer training, and check the labels."
    return f"{found}; it has learnt nothing that tells the labels apart. {advice}"


def _too_few(truth: Int[np.ndarray, "N"], labels: tuple[str, ...]) -> str:
    if _is_constant(truth):
        return f'Cannot tell: all {len(truth):,} evaluation rows carry the label "{labels[int(truth[0])]}".'
    needed = f"{len(truth)} evaluation rows, where at least {MIN_ROWS} are needed"
    return f"Too few rows to tell whether the model beats {SIMPLE_MODEL}: {needed}."


def _standing(
    model: Int[np.ndarray, "N"], baseline: Int[np.ndarray, "N"], truth: Int[np.ndarray, "N"], num_classes: int
) -> str:
    ours, theirs = (
        float(scores(Counts.of(confusion_matrix(truth, guess, num_classes=num_classes)))["accuracy"])
        for guess in (model, baseline)
    )
    return f"Accuracy {ours:.3f} against {theirs:.3f} on the same {len(truth):,} rows"


def _compared(outcome: Outcome, standing: str, found: dict[str, Difference]) -> str:
    opening, advice = {
        "better": (f"Better than {SIMPLE_MODEL}.", ""),
        "mixed": (
            f"More often right than {SIMPLE_MODEL}, but worse on the rarer labels.",
            " Class weights may help.",
        ),
        "same": (
            f"Not distinguishable from {SIMPLE_MODEL}.",
            " The difference may be chance: train or judge on more rows, or take the simpler model.",
        ),
        "worse": (
            f"Worse than {SIMPLE_MODEL}.",
            " Take the simpler model, train longer, or train on more rows.",
        ),
    }[outcome]
    accuracy, macro_f1 = found["accuracy"], found["macro_f1"]
    return f"{opening} {standing}: {_points(accuracy)}; macro-F1 {_points(macro_f1)}.{advice}"


def _points(difference: Difference) -> str:
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
