"""`glassbert.compare`: which rows became right or wrong from one run to another, and is it chance?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from glassbert.runs.comparing.answers import compare_answers
from glassbert.runs.comparing.compared import Compared
from glassbert.runs.comparing.judged import Shared, judged_run, shared_rows
from glassbert.tasks.verdict import MIN_ROWS
from glassbert.tasks.wording import METRIC_NAMES

LEVEL = 0.05
Outcome = Literal["second better", "first better", "not distinguishable", "too few", "same answers"]


def compare(run_a: str | Path, run_b: str | Path, *, shared: bool = False) -> dict[str, Any]:
    """Both runs on the same rows, as plain values; see docs/compare.md for the keys.

    `shared`: compare the texts that both have where their evaluation rows differ. Raises what `judged_run`
    and `shared_rows` raise.
    """
    first, second = judged_run(Path(run_a)), judged_run(Path(run_b))
    rows = shared_rows(first, second, by_text=shared)
    found = compare_answers(first.answer, rows)
    outcome = _outcome(found, len(rows.first))
    return {
        "runs": [str(run_a), str(run_b)],
        "task": first.task,
        "rows": len(rows.first),
        "rows_only_in": [rows.only_first, rows.only_second],
        "metrics": list(found.scores),
        "differences": {name: asdict(each) for name, each in found.differences.items()},
        "test": asdict(found.test),
        "more_tests": [asdict(each) for each in found.more],
        "outcome": outcome,
        "verdict": _verdict(found, outcome, [str(run_a), str(run_b)], len(rows.first)),
        "better": _changed(rows, found, found.gained),
        "worse": _changed(rows, found, found.lost),
    }


def _outcome(found: Compared, count: int) -> Outcome:
    """A difference is claimed where the test and the interval of the headline score both speak for it."""
    if not (found.gained.any() or found.lost.any()):
        return "same answers"
    if count < MIN_ROWS:
        return "too few"
    headline = found.differences[found.headline]
    low, high = (-headline.high, -headline.low) if found.lower_is_better else (headline.low, headline.high)
    if found.test.p_value >= LEVEL or low <= 0 <= high:
        return "not distinguishable"
    return "second better" if low > 0 else "first better"


def _verdict(found: Compared, outcome: Outcome, names: list[str], count: int) -> str:
    before, after = (scores[found.headline] for scores in found.scores)
    difference = found.differences[found.headline]
    called = METRIC_NAMES[found.headline]
    figures = (
        f"{called} {before:.4g} and {after:.4g} on the same {count:,} rows: {difference.value:+.4g} (95 % "
    )
    figures += f"interval {difference.low:+.4g} to {difference.high:+.4g}), p = {found.test.p_value:.3g}"
    opening = {
        "same answers": "Both are right and wrong on the same rows.",
        "too few": f"Too few rows to tell: {count}, where at least {MIN_ROWS} are needed.",
        "not distinguishable": "Not distinguishable: the difference may be chance.",
        "first better": f"{names[0]} is better.",
        "second better": f"{names[1]} is better.",
    }[outcome]
    return f"{opening} {figures}."


def _changed(rows: Shared, found: Compared, by: Float[np.ndarray, "N"]) -> list[dict[str, Any]]:
    """Rows on which the second run is better (or worse) `by` so much, the largest change first."""
    places = np.flatnonzero(by > 0)
    order = places[np.argsort(-by[places], kind="stable")]
    return [
        {
            "row": rows.first[i].number,
            **({} if rows.second[i].number == rows.first[i].number else {"row_b": rows.second[i].number}),
            "text": rows.first[i].texts[0],
            **({"pair": rows.first[i].texts[1]} if len(rows.first[i].texts) > 1 else {}),
            "label": rows.first[i].label,
            "predictions": [rows.first[i].prediction, rows.second[i].prediction],
            **found.details(i),
        }
        for i in order.tolist()
    ]
