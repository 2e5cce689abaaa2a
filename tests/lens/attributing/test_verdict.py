"""The verdict says what the curves say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassbert.lens.attributing.curves import RandomOrders
from glassbert.lens.attributing.verdict import Evidence

P = 6


def curve(level: float) -> np.ndarray:
    """From 0.9 down to 0.1, lower in between for a smaller level."""
    return np.array([0.9, *([level] * (P - 2)), 0.1])


def evidence(*, masked: float = 0.2, restored: float = 0.8, **changes: Any) -> Evidence:
    levels = np.linspace(0.4, 0.6, 20)
    random = RandomOrders(
        deletion=np.stack([curve(level) for level in levels]),
        insertion=np.stack([curve(level)[::-1] for level in levels]),
    )
    given: dict[str, Any] = {
        "method": "some",
        "label": "warm",
        "unit": "probability",
        "num_tokens": 9,
        "deletion": curve(masked),
        "insertion": curve(restored)[::-1],
        "random": random,
        "residual": None,
        "randomised": None,
    }
    return Evidence(**(given | changes))


@pytest.mark.parametrize(
    ("masked", "restored", "outcome", "words"),
    [
        (0.2, 0.8, "better", "Better than random on this input"),
        (0.2, 0.5, "mixed", "Better than random in one test of two"),
        (0.43, 0.57, "unsure", "Probably better than random on this input, but not beyond chance"),
        (0.5, 0.5, "no-better", "No better than random on this input"),
        (0.8, 0.2, "worse", "Worse than random on this input"),
    ],
)
def test_the_verdict_follows_the_curves(masked: float, restored: float, outcome: str, words: str) -> None:
    found = evidence(masked=masked, restored=restored)
    assert found.outcome == outcome
    assert found.sentence.startswith(words)
    assert "the probability of 'warm'" in found.sentence


def test_the_numbers_of_the_sentence_are_those_of_the_curves() -> None:
    found = evidence()
    assert found.comprehensiveness == pytest.approx(0.9 - (4 * 0.2 + 0.1) / 5)
    assert found.sufficiency == pytest.approx(0.9 - (4 * 0.8 + 0.9) / 5)
    assert (found.beaten_by_deletion, found.beaten_by_insertion) == (1.0, 1.0)
    assert "by 0.720 on average, a random order by 0.480" in found.sentence
    assert "20 of 20 random orders at masking and 20 at putting back" in found.sentence


def test_a_prediction_that_does_not_move_ranks_nothing() -> None:
    flat = np.full(P, 0.7)
    random = RandomOrders(deletion=np.full((20, P), 0.7), insertion=np.full((20, P), 0.7))
    found = evidence(deletion=flat, insertion=flat, random=random)
    assert found.outcome == "flat"
    assert "hardly moves, whichever tokens are masked" in found.sentence


def test_three_tokens_are_too_few_for_a_verdict_and_none_has_its_own() -> None:
    assert evidence(num_tokens=3).outcome == "few"
    assert evidence(num_tokens=4).outcome == "better"
    assert evidence(num_tokens=0).outcome == "empty"
    assert evidence(num_tokens=0).sentence == "The text has no tokens to attribute anything to."


def test_scores_that_survive_random_weights_are_called_out() -> None:
    words = "With random weights it ranks the tokens much the same (rank correlation 0.90)"
    assert words in evidence(randomised=0.9).sentence
    assert words not in evidence(randomised=0.9, num_tokens=5).sentence
    for harmless in (0.3, -0.9, float("nan")):
        assert "With random weights" not in evidence(randomised=harmless).sentence


def test_a_broken_promise_is_called_out() -> None:
    assert "Its scores miss the sum they promise by 0.250." in evidence(residual=0.25).sentence
    assert "promise" not in evidence(residual=0.001).sentence
