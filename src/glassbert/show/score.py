"""The score card of a run from the `result` in its `run.json`."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from glassbert.lens.report_records import Calibration, Contender, ReliabilityBins, Score, ScoreCard
from glassbert.show.predictions import Predictions
from glassbert.show.run_file import Node
from glassbert.tasks.calibration import Bin, expected_calibration_error, reliability

# `predictions.csv` may be rounded: so far may a calibration error computed from it lie from the recorded one.
ROUNDING = 2e-3


def read_score(result: Node, predictions: Predictions | None) -> ScoreCard | None:
    """The scores, the verdict and the cost; None for a run without a result."""
    if result.value is None:
        return None
    verdict = result.child("verdict")
    last = next((name for name, _ in reversed(result.child("baselines").entries())), None)
    return ScoreCard(
        contenders=_contenders(result),
        better=verdict.child("better").flag(),
        outcome=verdict.child("outcome").text(),
        verdict=verdict.child("text").text(),
        rival=verdict.child("rival").text() or last,
        judged_by=verdict.child("metric").text(),
        calibration=_calibration(result.child("calibration"), predictions),
        tokens_seen=result.child("tokens_seen").integer(),
        windows_used=result.child("windows_used").integer(),
        long_texts=result.child("long_texts").integer(),
        tokens_per_second=result.child("tokens_per_second").number(),
        seconds=result.child("seconds").number(),
        peak_rss_mb=result.child("peak_rss_mb").number(),
        stopped_because=result.child("stopped_because").text(),
    )


def _contenders(result: Node) -> tuple[Contender, ...]:
    ours = _scores(result.child("metrics"), result.child("intervals"))
    baselines = result.child("baselines").entries()
    others = (Contender(name=name, scores=_scores(node, node.child("intervals"))) for name, node in baselines)
    return (Contender(name="model", scores=ours), *others) if ours else tuple(others)


def _scores(metrics: Node, intervals: Node) -> tuple[Score, ...]:
    return tuple(
        _score(name, node, intervals.child(name))
        for name, node in metrics.entries()
        if name not in ("intervals", "notes", "per_type") and node.value is not None
    )


def _score(name: str, node: Node, interval: Node) -> Score:
    ends = [end.required(end.number()) for end in interval.items()]
    if len(ends) not in (0, 2):
        interval.refuse("an interval has two ends")
    low, high = ends or (None, None)
    return Score(metric=name, value=node.required(node.number()), low=low, high=high)


def _calibration(node: Node, predictions: Predictions | None) -> Calibration | None:
    if node.value is None:
        return None
    temperature, ece_before = node.child("temperature").number(), node.child("ece_before").number()
    bins = [_bin(item) for item in node.child("bins").items()]
    before = None
    if predictions is not None and temperature is not None and ece_before is not None:
        before = bins_before(predictions, temperature, ece_before)
    return Calibration(
        temperature=temperature,
        reason=node.child("reason").text(),
        ece_before=ece_before,
        ece_after=node.child("ece_after").number(),
        before=before,
        after=_columns(bins) if bins else None,
    )


def bins_before(predictions: Predictions, temperature: float, ece: float) -> ReliabilityBins | None:
    """The reliability before the temperature, from the scores of every row.

    The scores p are softmax(z / T) or softmax(z); from the former, softmax(z) is p^T over its sum. The one
    with the recorded calibration error is it; when neither has it, the file is of other numbers: None.
    """
    if predictions.scores is None or len(predictions.scores) == 0:
        return None
    for probabilities in (_undone(predictions.scores, temperature), predictions.scores):
        bins = reliability(probabilities, predictions.true)
        if abs(expected_calibration_error(bins) - ece) <= ROUNDING:
            return _columns(list(bins))
    return None


def _undone(scores: Float64[np.ndarray, "n C"], temperature: float) -> Float64[np.ndarray, "n C"]:
    # Scores are divided by their maximum first, so that a high power cannot send a whole row to zero.
    powers = (scores / scores.max(axis=1, keepdims=True)) ** temperature
    probabilities: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def _bin(node: Node) -> Bin:
    count = node.child("count")
    numbers = {
        name: node.child(name).required(node.child(name).number())
        for name in ("low", "high", "confidence", "accuracy")
    }
    return Bin(count=count.required(count.integer()), **numbers)


def _columns(bins: list[Bin]) -> ReliabilityBins:
    return ReliabilityBins(
        low=np.array([each.low for each in bins], np.float64),
        high=np.array([each.high for each in bins], np.float64),
        count=np.array([each.count for each in bins], np.int32),
        confidence=np.array([each.confidence for each in bins], np.float64),
        accuracy=np.array([each.accuracy for each in bins], np.float64),
    )
