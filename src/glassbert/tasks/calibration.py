"""Do the scores mean what they say? One temperature, and the picture of confidence against accuracy.

Fit on validation rows, measure on evaluation rows: a temperature judged where it was fitted flatters itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

NUM_BINS = 15
MIN_TEMPERATURE = 0.01
MAX_TEMPERATURE = 100.0
MAX_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """What logits are divided by before the softmax, and why; 1 leaves them as they are."""

    value: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The rows whose highest score lies in (low, high]: how sure they were, and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A temperature measured on rows it was not fitted on; `bins` are those after it was applied."""

    temperature: float
    reason: str
    ece_before: float
    ece_after: float
    bins: tuple[Bin, ...]


def softmax(logits: Float[np.ndarray, "N C"], *, temperature: float = 1.0) -> Float[np.ndarray, "N C"]:
    """exp(z / T) over its row sum, in float64."""
    powers = np.exp(_shifted(logits) / temperature)
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def log_softmax(logits: Float[np.ndarray, "N C"], *, temperature: float = 1.0) -> Float[np.ndarray, "N C"]:
    """z / T minus the logarithm of the row sum of exp(z / T), in float64."""
    scaled = _shifted(logits) / temperature
    return np.asarray(scaled - np.log(np.exp(scaled).sum(-1, keepdims=True)))


def negative_log_likelihood(
    logits: Float[np.ndarray, "N C"], truth: Int[np.ndarray, "N"], *, temperature: float = 1.0
) -> float:
    """Mean -ln softmax(logits / T)[truth] in nats."""
    return float(-log_softmax(logits, temperature=temperature)[np.arange(len(truth)), truth].mean())


def fit_temperature(logits: Float[np.ndarray, "N C"], truth: Int[np.ndarray, "N"]) -> Temperature:
    """The T that minimises the mean negative log likelihood of `truth` under softmax(logits / T).

    In b = 1/T the loss is convex: its slope mean(E_p[z] - z_true) rises with b, and the root is found by
    Newton steps kept inside a shrinking bracket, T between MIN_TEMPERATURE and MAX_TEMPERATURE. Where there
    is no minimum, T stays 1: every row right (the loss falls for ever as T goes to 0, and certainty would be
    claimed on no evidence), or logits that say nothing. Guo et al. 2017, section 4.2.
    """
    shifted = _shifted(logits)
    chosen = shifted[np.arange(len(truth)), truth]
    if not shifted.any():
        return Temperature(
            value=1.0, reason="the logits of every row are equal: no temperature changes the scores"
        )
    if not chosen.any():
        return Temperature(value=1.0, reason="no validation row is classified wrongly: nothing to learn from")
    if _slope(shifted, chosen, 1 / MAX_TEMPERATURE)[0] >= 0:
        return Temperature(
            value=MAX_TEMPERATURE, reason="the logits are no better than chance on the validation rows"
        )
    if _slope(shifted, chosen, 1 / MIN_TEMPERATURE)[0] <= 0:
        return Temperature(value=MIN_TEMPERATURE, reason="the lowest temperature that is allowed")
    reason = f"lowest negative log likelihood on {len(truth)} validation rows"
    return Temperature(value=1 / _root(shifted, chosen), reason=reason)


def reliability(
    probabilities: Float[np.ndarray, "N C"], truth: Int[np.ndarray, "N"], *, num_bins: int = NUM_BINS
) -> tuple[Bin, ...]:
    """Confidence against accuracy in `num_bins` bins of equal width; bins without rows are left out."""
    confidence = probabilities.max(-1)
    right = probabilities.argmax(-1) == truth
    edges = np.arange(num_bins + 1) / num_bins
    number = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, num_bins - 1)
    counts = np.bincount(number, minlength=num_bins)
    sure = np.bincount(number, weights=confidence, minlength=num_bins)
    hits = np.bincount(number, weights=right, minlength=num_bins)
    return tuple(
        Bin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            count=int(counts[i]),
            confidence=float(sure[i] / counts[i]),
            accuracy=float(hits[i] / counts[i]),
        )
        for i in np.flatnonzero(counts).tolist()
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Mean |accuracy - confidence| over the bins, weighted by their rows (Naeini et al. 2015)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in bins) / total


def measure(
    temperature: Temperature, logits: Float[np.ndarray, "N C"], truth: Int[np.ndarray, "N"]
) -> Calibration:
    """Calibration error of evaluation rows before and after `temperature`."""
    after = reliability(softmax(logits, temperature=temperature.value), truth)
    return Calibration(
        temperature=temperature.value,
        reason=temperature.reason,
        ece_before=expected_calibration_error(reliability(softmax(logits), truth)),
        ece_after=expected_calibration_error(after),
        bins=after,
    )


def _slope(
    logits: Float[np.ndarray, "N C"], chosen: Float[np.ndarray, "N"], inverse: float
) -> tuple[float, float]:
    """First and second derivative of the mean loss in b = 1/T: mean(E_p[z] - z_true), mean(Var_p[z])."""
    powers = np.exp(logits * inverse)
    total = powers.sum(-1)
    powers *= logits
    mean = powers.sum(-1) / total
    spread = np.einsum("nc,nc->n", powers, logits) / total - mean**2
    return float((mean - chosen).mean()), float(spread.mean())


def _shifted(logits: Float[np.ndarray, "N C"]) -> Float[np.ndarray, "N C"]:
    """Logits less the largest of their row: at most 0, so that exp cannot overflow; no softmax notices."""
    wide = np.asarray(logits, dtype=np.float64)
    return np.asarray(wide - wide.max(-1, keepdims=True))


def _root(logits: Float[np.ndarray, "N C"], chosen: Float[np.ndarray, "N"]) -> float:
    """The b in [1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE] where the slope goes from negative to positive."""
    low, high = 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE
    guess = 1.0
    for _ in range(MAX_STEPS):
        slope, curve = _slope(logits, chosen, guess)
        low, high = (guess, high) if slope < 0 else (low, guess)
        newton = guess - slope / curve if curve > 0 else high
        nearer = newton if low < newton < high else (low * high) ** 0.5
        if abs(nearer - guess) <= 1e-12 * guess:
            return nearer
        guess = nearer
    return guess
