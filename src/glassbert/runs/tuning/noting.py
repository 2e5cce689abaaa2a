"""How its settings were found, in the run.json of the run that a search hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from glassbert.runs.directory import RunDirectory
from glassbert.runs.tuning.state import Tuning


def note_search(tuning: Tuning) -> None:
    """Record the search in the run that won: `tuning` with all trials and the claim, and of every setting
    that was searched the reason. Raises OutputError or StorageError.
    """
    ending = tuning.ending
    run = RunDirectory.open(tuning.path / ending["winner"])
    noted = {
        "metric": tuning.document["metric"],
        "budget_seconds": tuning.document["budget_seconds"],
        "spent_seconds": tuning.spent,
        "best": ending["best"],
        "claim": ending["claim"],
        "trials": [asdict(each) for each in tuning.trials],
    }
    run.update({"config": _reasoned(run.document["config"], tuning), "tuning": noted})


def _reasoned(config: Mapping[str, Mapping[str, Any]], tuning: Tuning) -> dict[str, Any]:
    best = tuning.best
    if tuning.ending["claim"]["outcome"] != "better" or best is None:
        return dict(config)
    reason = f"found by glassbert tune: trial {best.number} of {len(tuning.trials)}"
    return {
        name: {**entry, "reason": reason} if name in best.settings else dict(entry)
        for name, entry in config.items()
    }
