"""A search in the terminal: its trials, both recipes in full, and what is claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from glassbert.cli.check_page import WIDTH, wrapped
from glassbert.tasks.metrics import LOWER_IS_BETTER
from glassbert.tasks.wording import METRIC_NAMES

SHOWN = 12
SCORE = 24


def table(found: Mapping[str, Any], out: Path, page: Path | None) -> Iterator[str]:
    """The best trials with what became of each, both recipes on the evaluation rows, the claim, and where
    the model and its report lie; `found` is tune.json.
    """
    trials, ending = found["trials"], found["ending"]
    metric = METRIC_NAMES.get(found["metric"], found["metric"])
    names = list(trials[0]["settings"])
    header = "".join(f"{said:>{len(said) + 2}}" for said in map(_spaced, names))
    yield from ["", f"{'trial':<6}{header}{f'{metric} [95 %]':>{SCORE}}  seconds"]
    shown = [trials[0], *_ordered(trials[1:])][:SHOWN]
    sign = -1 if found["metric"] in LOWER_IS_BETTER else 1
    yield from (_trial(each, names, sign) for each in shown)
    if len(shown) < len(trials):
        yield f"and {len(trials) - len(shown):,} more in {out / 'tune.json'}"
    yield _counted(trials, found["spent_seconds"])
    yield from ["", f"on the evaluation rows{f'{metric} [95 %]':>{SCORE}}"]
    for name, run in ending["runs"].items():
        cut = "  cut by the budget" if run["stopped_because"] == "budget" else ""
        scores, intervals = run["metrics"], run["intervals"]
        yield f"{name:<22}{_score(scores[found['metric']], intervals.get(found['metric'])):>{SCORE}}{cut}"
    yield from ["", *wrapped(ending["claim"]["text"], WIDTH), ""]
    yield f"model    {out / ending['winner'] / 'model'}"
    if page is not None:
        yield f"report   {page}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _ordered(trials: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that ended first, the best of them foremost."""
    return sorted(
        trials, key=lambda each: (each["score"] is None, each["state"] != "complete", -(each["score"] or 0))
    )


def _trial(trial: Mapping[str, Any], names: Sequence[str], sign: int) -> str:
    """`sign` is -1 where the search holds what should be small with a minus."""
    cells = "".join(f"{trial['settings'][name]:>{len(name) + 2}.4g}" for name in names)
    ends = None if trial["interval"] is None else sorted(sign * end for end in trial["interval"])
    score = "-" if trial["score"] is None else _score(sign * trial["score"], ends)
    note = "the defaults" if trial["number"] == 0 else ""
    note = _ended(trial) or note
    return f"{trial['number']:<6}{cells}{score:>{SCORE}}{trial['seconds']:>9.0f}  {note}".rstrip()


def _score(value: float, interval: Sequence[float] | None) -> str:
    return f"{value:.4f}" if interval is None else f"{value:.4f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _ended(trial: Mapping[str, Any]) -> str:
    if trial["state"] == "pruned":
        return f"stopped at {max(map(float, trial['rungs'])):.0%}"
    return {"cut": "cut by the budget", "failed": "diverged", "running": "not ended"}.get(trial["state"], "")


def _counted(trials: Sequence[Mapping[str, Any]], seconds: float) -> str:
    words = {"pruned": "stopped early", "failed": "diverged", "cut": "cut by the budget"}
    counts = {state: sum(each["state"] == state for each in trials) for state in words}
    told = "".join(f", {count} {words[state]}" for state, count in counts.items() if count)
    return f"{len(trials)} trials{told}; {seconds:.0f} s in all"
