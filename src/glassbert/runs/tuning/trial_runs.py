"""Trials and full trainings as runs of `finetune`, each in a directory of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glassbert.errors import Interrupted
from glassbert.runs.comparing.comparison import compare
from glassbert.runs.data import DataOptions
from glassbert.runs.directory import FILE, RunDirectory
from glassbert.runs.finetune import FinetuneOptions, Watchers, finetune
from glassbert.runs.tuning.search import Judged, Reported, Stopped
from glassbert.runs.tuning.state import Trial
from glassbert.tasks.metrics import LOWER_IS_BETTER
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop

TRIALS = "trials"
HEAVY = ("checkpoints", "model", "tensorboard")
"""What a trial that is over no longer needs: its scores and its log stay."""


class EitherStop(Stop):
    """Requested by itself, or by another."""

    def __init__(self, other: Stop) -> None:
        super().__init__()
        self.other = other

    @property
    def requested(self) -> bool:
        return super().requested or self.other.requested


@dataclass(frozen=True, kw_only=True, eq=False)
class FinetuneRunner:
    """Trains by `finetune`. `options` are those of the search, `settled` the settings that every trial shares
    (what a person fixed and what the recipe says of all rows), `metric` the score that decides.
    """

    options: FinetuneOptions
    settled: Mapping[str, Any]
    fixed: Mapping[str, Any]
    metric: str
    seed: int
    stop: Stop
    watchers: Watchers

    def trial(self, trial: Trial, *, limit: float, report: Reported) -> Judged:
        """See `Runner`. Its rows to judge by come out of the training rows."""
        data = replace(
            self.options.data,
            evaluation=None,
            rehearsal=self.options.data.evaluation is None,
            split_seed=self.seed,
        )
        stop, done = EitherStop(self.stop), [0.0]

        def on_step(step: StepReport) -> None:
            done[0] = step.step / step.total_steps
            if self.watchers.on_step is not None:
                self.watchers.on_step(step)

        def on_scores(scores: Mapping[str, float]) -> None:
            if not report(done[0], self._sign * float(scores[self.metric])):
                stop.request()

        settings = {**self.settled, **trial.settings, "seed": self.seed, "budget": limit}
        place = self.options.out / TRIALS / trial.name
        options = self._options(place, data=data, settings=settings)
        watchers = Watchers(say=lambda sentence: None, on_step=on_step, on_scores=on_scores)
        try:
            run = finetune(options, stop=stop, watchers=watchers)
        except Interrupted:
            if self.stop.requested:
                raise
            _lighten(RunDirectory.open(place))
            raise Stopped from None
        _lighten(run)
        result = run.document["result"]
        ends = result["intervals"].get(self.metric)
        return Judged(
            score=self._sign * float(result["metrics"][self.metric]),
            interval=None if ends is None else sorted(self._sign * float(end) for end in ends),
            cut=result["stopped_because"] == "budget",
        )

    def full(self, name: str, settings: Mapping[str, Any], *, limit: float) -> dict[str, Any]:
        """See `Runner`."""
        data = replace(self.options.data, split_seed=self.seed)
        wanted = {**self.fixed, **settings, "budget": limit}
        options = self._options(self.options.out / name, data=data, settings=wanted)
        run = finetune(options, stop=self.stop, watchers=self.watchers)
        result = run.document["result"]
        names = ("metrics", "intervals", "verdict", "stopped_because", "seconds")
        return {"run": name, **{each: result[each] for each in names}}

    def compare(self, default: str, tuned: str) -> dict[str, Any]:
        """See `Runner`."""
        return compare(self.options.out / default, self.options.out / tuned)

    @property
    def _sign(self) -> float:
        return -1.0 if self.metric in LOWER_IS_BETTER else 1.0

    def _options(self, place: Path, *, data: DataOptions, settings: Mapping[str, Any]) -> FinetuneOptions:
        """A run that goes on where an earlier part of the search left it, with the budget that it has now."""
        run = RunDirectory.open(place) if (place / FILE).is_file() else None
        changed = run is not None and not run.is_finished
        if run is not None and run.is_finished:
            settings = {name: value for name, value in settings.items() if name != "budget"}
        return replace(
            self.options,
            out=place,
            data=data,
            settings=settings,
            config={},
            resume=run is not None,
            resume_override=("budget",) if changed else (),
            overwrite=False,
        )


def _lighten(run: RunDirectory) -> None:
    for name in HEAVY:
        shutil.rmtree(run.path / name, ignore_errors=True)
