"""Whether tuned settings are better than the defaults: claimed only where the evaluation rows prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from glassbert.tasks.metrics import LOWER_IS_BETTER
from glassbert.tasks.wording import METRIC_NAMES

Outcome = Literal["better", "no better", "not searched"]
Reason = Literal["proved", "not proved", "too few rows", "seeds disagree", "none ahead", "one trial"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Both recipes on the same evaluation rows: their scores with the first seed, how the tuned one differs
    with its 95 % interval and p-value, and the difference of every seed.
    """

    metric: str
    rows: int
    defaults: float
    tuned: float
    difference: float
    low: float
    high: float
    p_value: float
    by_seed: list[float]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, why, a sentence or two that say so, and the figures where something was compared."""

    outcome: Outcome
    reason: Reason
    text: str
    evidence: Evidence | None = None

    @property
    def better(self) -> bool:
        return self.outcome == "better"


def claim(comparisons: Sequence[dict[str, Any]]) -> Claim:
    """Judge by `runs.comparing.compare` of the default run with the tuned one, a comparison for each seed.

    Better means: for the first seed, whose model is handed over, the paired test and the interval of its
    headline score both speak for the tuned one; and with every other seed the tuned score is the better one
    too. The first seed is not chosen by its score, so that the interval means what it says.
    """
    found = _evidence(comparisons)
    reason = _reason(comparisons[0]["outcome"], found)
    opening = {
        "proved": "Better than the defaults.",
        "not proved": "No better than the defaults.",
        "too few rows": f"Not proved: {found.rows} evaluation rows are too few to prove anything.",
        "seeds disagree": "No better than the defaults: the tuned settings are not ahead with every seed.",
    }[reason]
    return Claim(
        outcome="better" if reason == "proved" else "no better",
        reason=reason,
        text=f"{opening} {_figures(found)}",
        evidence=found,
    )


def _evidence(comparisons: Sequence[dict[str, Any]]) -> Evidence:
    first = comparisons[0]
    about = first["test"]["about"]
    found = first["differences"][about]
    return Evidence(
        metric=about,
        rows=first["rows"],
        defaults=float(first["metrics"][0][about]),
        tuned=float(first["metrics"][1][about]),
        difference=float(found["value"]),
        low=float(found["low"]),
        high=float(found["high"]),
        p_value=float(first["test"]["p_value"]),
        by_seed=[float(each["differences"][about]["value"]) for each in comparisons],
    )


def _reason(first: str, found: Evidence) -> Reason:
    if first == "too few":
        return "too few rows"
    if first != "second better":
        return "not proved"
    sign = -1 if found.metric in LOWER_IS_BETTER else 1
    return "proved" if all(sign * each > 0 for each in found.by_seed[1:]) else "seeds disagree"


def _figures(found: Evidence) -> str:
    said = (
        f"{METRIC_NAMES[found.metric]} {found.defaults:.4g} with the defaults and {found.tuned:.4g} tuned, "
        f"on the same {found.rows:,} rows: {found.difference:+.4g} (95 % interval {found.low:+.4g} to "
        f"{found.high:+.4g}), p = {found.p_value:.3g}."
    )
    if len(found.by_seed) > 1:
        said += f" By seed: {', '.join(f'{each:+.4g}' for each in found.by_seed)}."
    return said


NOT_SEARCHED = Claim(
    outcome="not searched",
    reason="one trial",
    text="Nothing was searched: the budget leaves no time for a second trial. The model has the defaults.",
)
NONE_AHEAD = Claim(
    outcome="no better",
    reason="none ahead",
    text="No better than the defaults: no trial was ahead of them on the rows that the search chose by.",
)
