"""A run that a search has handed over: that of make_run.py, with planted trials in its run.json.

To look at one: `python -m tests.show.make_search DIRECTORY ["none ahead"]`, or another reason of a claim.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.runs.tuning.claim import NONE_AHEAD, NOT_SEARCHED, claim
from tests.show.make_run import make_run


def comparison(difference: float, **more: Any) -> dict[str, Any]:
    """As much of what `glassbert.compare` finds as a claim reads; in accuracy, on 872 rows."""
    found = {"value": difference, "low": 0.009174311927, "high": 0.0412844036697}
    return {
        "rows": 872,
        "metrics": [{"accuracy": 0.871559633028}, {"accuracy": 0.896788990826}],
        "differences": {"accuracy": found},
        "test": {"about": "accuracy", "p_value": 0.00213171},
        "outcome": "second better",
        **more,
    }


SEEDS = [comparison(each) for each in (0.0252293577982, 0.0194954128440, 0.0206422018349)]
CLAIMS = {
    "proved": claim(SEEDS),
    "not proved": claim([comparison(0.001, outcome="not distinguishable")]),
    "too few rows": claim([comparison(0.1, outcome="too few", rows=20)]),
    "seeds disagree": claim([*SEEDS[:2], comparison(-0.0011467889908)]),
    "none ahead": NONE_AHEAD,
    "one trial": NOT_SEARCHED,
}
STATES = {3: "pruned", 5: "failed", 8: "pruned", 11: "cut", 12: "pruned"}
BEST = 9


def trials(count: int = 13, *, best: int = BEST, sign: float = 1.0) -> list[dict[str, Any]]:
    """As tune.json lists them: scores fall off with the distance from a good rate; `best` is the highest."""
    draw = np.random.default_rng(5)
    found = []
    for number in range(count):
        rate = 2e-4 if number == 0 else float(f"{2e-4 * 5 ** draw.uniform(-1, 1):.4g}")
        rate = 3.3e-4 if number == best else rate
        settings = {
            "learning_rate": rate,
            "layer_decay": 0.9 if number == 0 else round(float(draw.uniform(0.7, 1.0)), 3),
            "epochs": 3 if number == 0 else round(float(3 * 2 ** draw.uniform(-1, 1)), 2),
        }
        state = STATES.get(number, "complete")
        score = 0.9 - 0.05 * abs(np.log(rate / 3.3e-4)) - 0.004 * number * (number != best)
        score = sign * float(score if sign > 0 else 1 - score)
        low, high = score - 0.028, score + 0.024
        found.append(
            {
                "number": number,
                "settings": settings,
                "state": state,
                "score": None if state == "failed" else score,
                "interval": [low, high] if state in ("complete", "cut") else None,
                "rungs": {"0.2": score - 0.05} if state == "pruned" else {},
                "seconds": float(60 + 20 * draw.random()),
            }
        )
    return found


def tuning(reason: str = "proved", *, metric: str = "accuracy", sign: float = 1.0) -> dict[str, Any]:
    """What a search notes in the run.json of the run that it hands over."""
    found = CLAIMS[reason]
    best = BEST if found.better else 0
    return {
        "metric": metric,
        "budget_seconds": 1800.0,
        "spent_seconds": 1641.7,
        "best": best,
        "claim": asdict(found),
        "trials": trials(best=best, sign=sign),
    }


def make_search(directory: Path, noted: dict[str, Any], kind: str = "english") -> Path:
    """Write the run directory and return it."""
    run = make_run(directory, kind)
    path = run / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "tuning": noted}, ensure_ascii=False), encoding="utf-8")
    return run


if __name__ == "__main__":
    make_search(Path(sys.argv[1]), tuning(*sys.argv[2:3]))
