"""The search and its end, whoever runs the trials: points are tried until the budget leaves room for no more,
then the defaults and the best are trained in full and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from glassbert.errors import DataError, Interrupted, Problem
from glassbert.runs.tuning.claim import NONE_AHEAD, NOT_SEARCHED, Claim, claim
from glassbert.runs.tuning.halving import goes_on, rung_of
from glassbert.runs.tuning.space import Space, propose
from glassbert.runs.tuning.state import Trial, Tuning

FIRST_SHARE = 0.3
"""Of the budget that the first trial may take at most."""
FULL = 1.5
"""What a full training takes against a trial: a quarter more rows, its evaluation rows, and a margin."""

Reported = Callable[[float, float], bool]
"""Told of (share of the steps done, score) at every validation; whether to go on."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A trial's score on the rows that the search chooses by, more is better, with its interval where there
    is one, and whether the budget cut it short.
    """

    score: float
    cut: bool
    interval: list[float] | None = None


class Runner(Protocol):
    """Who trains."""

    def trial(self, trial: Trial, *, limit: float, report: Reported) -> Judged:
        """Train and judge; `Stopped` where `report` said not to go on; DataError for what diverges."""

    def full(self, name: str, settings: Mapping[str, Any], *, limit: float) -> dict[str, Any]:
        """Train on all training rows, judge on the evaluation rows; the facts of the run for tune.json."""

    def compare(self, default: str, tuned: str) -> dict[str, Any]:
        """What `runs.comparing.compare` says of two such runs."""


class Stopped(Exception):
    """A trial was stopped at a rung."""


@dataclass(kw_only=True)
class Budget:
    """Seconds of wall-clock time in all, of which earlier parts of the search have `spent` some."""

    total: float
    spent: float
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        self._from = self.clock() - self.spent

    @property
    def used(self) -> float:
        return self.clock() - self._from

    @property
    def left(self) -> float:
        return self.total - self.used


@dataclass(kw_only=True)
class Search:
    """A search, wherever it stands. `most` bounds the trials, `seeds` how often each recipe is trained in
    full, `requested` asks whether to stop.
    """

    tuning: Tuning
    space: Space
    runner: Runner
    budget: Budget
    seed: int
    most: int | None
    seeds: int
    say: Callable[[str], None]
    requested: Callable[[], bool]

    def complete(self) -> Claim:
        """Try, train in full, compare. Raises Interrupted (75) after a requested stop, with all saved."""
        for begun in [each for each in self.tuning.trials if each.state == "running"]:
            self._try(begun)
        while (trial := self._next()) is not None:
            self._refuse_stop()
            self.tuning.trials.append(trial)
            self._try(trial)
        found = self._finals()
        self.tuning.status = "finished"
        self._write()
        return found

    def _next(self) -> Trial | None:
        """The next trial; None where enough were tried, or the budget has no room for it."""
        number = len(self.tuning.trials)
        if self.tuning.ending:
            return None
        if number == 0:
            return Trial(number=0, settings=self.space.first)
        first = self.tuning.trials[0]
        if first.state == "cut" or (self.most is not None and number >= self.most):
            return None
        tried = [(each.settings, None if each.state == "cut" else each.score) for each in self.tuning.trials]
        settings = self._fitted(propose(self.space, tried, seed=self.seed))
        return None if settings is None else Trial(number=number, settings=settings)

    def _fitted(self, settings: dict[str, Any]) -> dict[str, Any] | None:
        """The settings with as many epochs as there is time for, with both full trainings still to come; None
        where not even the fewest fit.
        """
        if "epochs" in self.space.ranges:
            second = self._expected({"epochs": 1.0})
            alone = (self.budget.left - FULL * self._expected(self.space.first)) / (1 + FULL)
            most = min(self._room(), alone) / second * (1 - 1e-9)
            if most < self.space.ranges["epochs"][0]:
                return None
            return {**settings, "epochs": min(settings["epochs"], most)}
        return settings if self._expected(settings) <= self._room() else None

    def _expected(self, settings: Mapping[str, Any]) -> float:
        """Seconds of a trial that is not pruned: those of the first, by the number of epochs."""
        first = self.tuning.trials[0]
        epochs = float(self.space.defaults["epochs"])
        return first.seconds * float(settings.get("epochs", epochs)) / epochs

    def _room(self) -> float:
        """Seconds that trials may still take, so that both recipes can be trained in full at the end."""
        if not self.tuning.trials or self.tuning.trials[0].state == "running":
            return self.budget.left * FIRST_SHARE
        best = self.tuning.best
        settings = self.space.first if best is None else best.settings
        return self.budget.left - FULL * sum(map(self._expected, (self.space.first, settings)))

    def _try(self, trial: Trial) -> None:
        limit, began = max(self._room(), 1.0), self.budget.used - trial.seconds
        self.say(f"{trial.name}: {said(trial.settings)}")
        self._write()

        def report(share: float, score: float) -> bool:
            rung = rung_of(share, trial.rungs)
            if rung is None:
                return True
            trial.rungs[rung] = score
            trial.seconds = self.budget.used - began
            self._write()
            others = [
                each.rungs[rung] for each in self.tuning.trials if each is not trial and rung in each.rungs
            ]
            return trial.number == 0 or goes_on(score, others)

        try:
            judged = self.runner.trial(trial, limit=limit, report=report)
            trial.score, trial.interval = judged.score, judged.interval
            trial.state = "cut" if judged.cut else "complete"
        except Stopped:
            trial.state, trial.score = "pruned", trial.rungs[max(trial.rungs)]
        except Interrupted:
            trial.seconds = self.budget.used - began
            self._write(status="stopped")
            raise
        except DataError as error:
            if trial.number == 0 or error.problems[0].code != "non-finite":
                raise
            trial.state = "failed"
        trial.seconds = self.budget.used - began
        score = "" if trial.score is None else f", {trial.score:.4f}"
        self.say(f"{trial.name}: {trial.state}{score}")
        self._write()

    def _finals(self) -> Claim:
        """Both recipes in full, seed after seed while there is time; what may be claimed."""
        trials, best = self.tuning.trials, self.tuning.best
        ending = self.tuning.ending
        tuned = best is not None and best.number > 0
        comparisons: list[dict[str, Any]] = []
        for seed in range(self.seed, self.seed + self.seeds):
            cost = FULL * sum(
                map(
                    self._expected,
                    [self.space.first, best.settings] if best and tuned else [self.space.first],
                )
            )
            if seed > self.seed and (not tuned or (cost > self.budget.left and not self._begun(seed))):
                break
            default = self._full(f"default-seed-{seed}", {}, seed, share=2 if tuned else 1)
            if tuned and best is not None:
                other = self._full(f"tuned-seed-{seed}", best.settings, seed, share=1)
                comparisons.append(self.runner.compare(default, other))
        if comparisons:
            found = claim(comparisons)
        else:
            found = NOT_SEARCHED if len(trials) == 1 else NONE_AHEAD
        ending["best"] = None if best is None else best.number
        ending["comparisons"] = [
            {key: each[key] for key in each if key not in ("better", "worse")} for each in comparisons
        ]
        ending["claim"] = asdict(found)
        ending["winner"] = f"{'tuned' if found.better else 'default'}-seed-{self.seed}"
        return found

    def _begun(self, seed: int) -> bool:
        return f"default-seed-{seed}" in self.tuning.ending.get("runs", {})

    def _full(self, name: str, settings: Mapping[str, Any], seed: int, *, share: int) -> str:
        """Train one in full with its share of what is left; its name. What is done already is passed over."""
        runs = self.tuning.ending.setdefault("runs", {})
        if runs.get(name):
            return name
        self._refuse_stop()
        runs[name] = None
        self.say(f"{name}: {said(settings) or 'the defaults'}, on all training rows")
        self._write()
        try:
            runs[name] = self.runner.full(
                name, {**settings, "seed": seed}, limit=max(self.budget.left / share, 1.0)
            )
        except Interrupted:
            self._write(status="stopped")
            raise
        self._write()
        return name

    def _refuse_stop(self) -> None:
        if self.requested():
            self._write(status="stopped")
            what = f"stopped on request after {len(self.tuning.trials)} trials; everything is saved"
            fix = "run the same command with --resume"
            raise Interrupted(Problem(code="stopped", what=what, fix=fix))

    def _write(self, *, status: str | None = None) -> None:
        self.tuning.status = status or self.tuning.status
        self.tuning.spent = self.budget.used
        self.tuning.write()


def said(settings: Mapping[str, Any]) -> str:
    """Settings in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items())
