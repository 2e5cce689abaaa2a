"""Whether tuned settings are better than the defaults: claimed only where the evaluation rows prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from glassbert.tasks.metrics import LOWER_IS_BETTER
from glassbert.tasks.wording import METRIC_NAMES

Outcome = Literal["better", "no better", "not searched"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, and a sentence or two that say why."""

    outcome: Outcome
    text: str

    @property
    def better(self) -> bool:
        return self.outcome == "better"


def claim(comparisons: Sequence[dict[str, Any]]) -> Claim:
    """Judge by `runs.comparing.compare` of the default run with the tuned one, a comparison for each seed.

    Better means: for the first seed, whose model is handed over, the paired test and the interval of its
    headline score both speak for the tuned one; and with every other seed the tuned score is the better one
    too. The first seed is not chosen by its score, so that the interval means what it says.
    """
    first = comparisons[0]
    about = first["test"]["about"]
    gains = [_gain(each, about) for each in comparisons]
    found, called = first["differences"][about], METRIC_NAMES[about]
    figures = (
        f"{called} {first['metrics'][0][about]:.4g} with the defaults and {first['metrics'][1][about]:.4g} "
        f"tuned, on the same {first['rows']:,} rows: {found['value']:+.4g} (95 % interval "
        f"{found['low']:+.4g} to {found['high']:+.4g}), p = {first['test']['p_value']:.3g}."
    )
    against = sum(gain <= 0 for gain in gains[1:])
    if len(gains) > 1:
        listed = ", ".join(f"{each['differences'][about]['value']:+.4g}" for each in comparisons)
        figures += f" By seed: {listed}."
    if first["outcome"] == "too few":
        text = f"Not proved: {first['rows']} evaluation rows are too few to prove anything. {figures}"
        return Claim(outcome="no better", text=text)
    if first["outcome"] != "second better":
        return Claim(outcome="no better", text=f"No better than the defaults. {figures}")
    if against:
        seeds = "one other seed" if against == 1 else f"{against} other seeds"
        text = f"No better than the defaults: with {seeds} the tuned settings are not ahead. {figures}"
        return Claim(outcome="no better", text=text)
    return Claim(outcome="better", text=f"Better than the defaults. {figures}")


def _gain(comparison: dict[str, Any], about: str) -> float:
    value = float(comparison["differences"][about]["value"])
    return -value if about in LOWER_IS_BETTER else value


NOT_SEARCHED = Claim(
    outcome="not searched",
    text="Nothing was searched: the budget leaves no time for a second trial. The model has the defaults.",
)
NONE_AHEAD = Claim(
    outcome="no better",
    text="No better than the defaults: no trial was ahead of them on the rows that the search chose by.",
)
