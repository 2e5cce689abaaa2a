"""The search against a runner that trains nothing, on a clock that only it moves."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from glassbert.errors import DataError, Interrupted, Problem
from glassbert.runs.comparing.comparison import compare
from glassbert.runs.tuning.search import Budget, Judged, Reported, Search, Stopped
from glassbert.runs.tuning.space import Space, propose
from glassbert.runs.tuning.state import Trial, Tuning
from tests.runs.comparing.test_compare import answers, make_run

DEFAULTS = {"learning_rate": 1e-3, "layer_decay": 0.9, "epochs": 4.0, "max_length": 512}
PER_EPOCH = 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Planted:
    """A runner whose trials score `1 - |log10(rate / best)|` and take ten seconds an epoch."""

    def __init__(self, place: Path, clock: Clock, *, best: float = 4e-3, right: float = 0.95) -> None:
        self.place, self.clock, self.best, self.right = place, clock, best, right
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.stop_in: str | None = None
        self.diverge_above = 1.0

    def trial(self, trial: Trial, *, limit: float, report: Reported) -> Judged:
        settings = trial.settings
        self.log.append((trial.name, dict(settings)))
        if self.stop_in == trial.name:
            self.stop_in = None
            raise Interrupted(Problem(code="stopped", what="stopped", fix="resume"))
        if settings["learning_rate"] > self.diverge_above:
            raise DataError(Problem(code="non-finite", what="the loss is nan", fix="lower"))
        score = 1 - abs(math.log10(settings["learning_rate"] / self.best))
        seconds = PER_EPOCH * settings["epochs"]
        for step in range(1, 11):
            self.clock.now += seconds / 10
            if not report(step / 10, score * step / 10):
                raise Stopped
        return Judged(score=score, cut=seconds > limit)

    def full(self, name: str, settings: Mapping[str, Any], *, limit: float) -> dict[str, Any]:
        self.log.append((name, dict(settings)))
        if self.stop_in == name:
            self.stop_in = None
            raise Interrupted(Problem(code="stopped", what="stopped", fix="resume"))
        self.clock.now += min(limit, 1.25 * PER_EPOCH * settings.get("epochs", 4.0))
        right = self.right if name.startswith("tuned") else 0.7
        make_run(self.place / name, answers(200, right=right, seed=len(self.log)))
        return {"run": name, "metrics": {"accuracy": right}}

    def compare(self, default: str, tuned: str) -> dict[str, Any]:
        return compare(self.place / default, self.place / tuned)


def search(
    place: Path, *, total: float = 2000.0, longest: int = 100, **changes: Any
) -> tuple[Search, Planted]:
    clock = Clock()
    own = {name: changes.pop(name) for name in ("best", "right") if name in changes}
    runner = Planted(place, clock, **own)
    resumed = (place / "tune.json").is_file()
    document = {"request": {}, "defaults": DEFAULTS, "data": {}}
    tuning = Tuning.open(place) if resumed else Tuning(path=place, document=document)
    made = Search(
        tuning=tuning,
        space=Space.around(DEFAULTS, fixed=(), longest=longest),
        runner=runner,
        budget=Budget(total=total, spent=tuning.spent, clock=clock),
        **{
            "seed": 0,
            "most": 7,
            "seeds": 2,
            "say": lambda text: None,
            "requested": lambda: False,
            **changes,
        },
    )
    return made, runner


def test_a_better_rate_is_found_proved_and_handed_over(tmp_path: Path) -> None:
    made, runner = search(tmp_path)
    found = made.complete()
    tuning = Tuning.open(tmp_path)
    assert found.better and tuning.status == "finished"
    assert tuning.ending["winner"] == "tuned-seed-0"
    assert [each.number for each in tuning.trials] == list(range(7))
    assert runner.log[0] == ("trial-000", {name: DEFAULTS[name] for name in made.space.names})
    best = tuning.best
    assert best is not None and best.number > 0
    assert best.score == max(each.score for each in tuning.trials if each.state == "complete")
    names = [name for name, _ in runner.log[7:]]
    assert names == ["default-seed-0", "tuned-seed-0", "default-seed-1", "tuned-seed-1"]
    assert runner.log[7][1] == {"seed": 0} and runner.log[10][1] == {**best.settings, "seed": 1}


def test_an_equal_one_is_not_claimed_and_the_defaults_are_handed_over(tmp_path: Path) -> None:
    made, _ = search(tmp_path, right=0.7)
    found = made.complete()
    ending = json.loads((tmp_path / "tune.json").read_text())["ending"]
    assert found.outcome == ending["claim"]["outcome"] == "no better"
    assert ending["winner"] == "default-seed-0" and ending["best"] > 0


def test_where_no_trial_is_ahead_only_the_defaults_are_trained(tmp_path: Path) -> None:
    made, runner = search(tmp_path, best=1e-3)
    assert "no trial was ahead" in made.complete().text
    assert [name for name, _ in runner.log if not name.startswith("trial")] == ["default-seed-0"]


@pytest.mark.parametrize("total", [250.0, 500.0])
def test_the_budget_is_kept_and_used(tmp_path: Path, total: float) -> None:
    made, runner = search(tmp_path, total=total, most=None, seeds=3)
    made.complete()
    assert runner.clock.now <= total
    assert runner.clock.now >= 0.5 * total
    assert len(made.tuning.trials) > 1
    assert made.tuning.spent == runner.clock.now


def test_a_budget_for_one_trial_searches_nothing_and_says_so(tmp_path: Path) -> None:
    made, runner = search(tmp_path, total=100.0)
    found = made.complete()
    assert found.outcome == "not searched" and made.tuning.trials[0].state == "cut"
    assert [name for name, _ in runner.log] == ["trial-000", "default-seed-0"]
    assert runner.clock.now <= 100


def test_the_same_seed_makes_the_same_search(tmp_path: Path) -> None:
    logs = []
    for number, seed in enumerate((3, 3, 4)):
        (tmp_path / str(number)).mkdir()
        made, runner = search(tmp_path / str(number), seed=seed, longest=400)
        made.complete()
        logs.append([settings for name, settings in runner.log if name.startswith("trial")])
    assert logs[0] == logs[1] != logs[2]
    assert {each["max_length"] for each in logs[0]} == {128, 256, 512}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    made, runner = search(tmp_path_factory.mktemp("whole"))
    made.complete()
    return runner


@pytest.mark.parametrize("where", ["trial-000", "trial-005", "default-seed-0", "tuned-seed-1"])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, unbroken: Planted, where: str
) -> None:
    stopped = tmp_path
    made, before = search(stopped)
    before.stop_in = where
    with pytest.raises(Interrupted):
        made.complete()
    assert Tuning.open(stopped).status == "stopped"
    made, after = search(stopped)
    made.complete()
    log = [*(name for name, _ in before.log), *(name for name, _ in after.log)]
    log.remove(where)
    assert log == [name for name, _ in unbroken.log]
    ours, theirs = Tuning.open(stopped), Tuning.open(unbroken.place)
    assert [(each.settings, each.state, each.score) for each in ours.trials] == [
        (each.settings, each.state, each.score) for each in theirs.trials
    ]
    assert ours.spent == pytest.approx(theirs.spent)


def test_a_request_to_stop_is_heard_between_trials(tmp_path: Path) -> None:
    made, runner = search(tmp_path)
    made.requested = lambda: len(runner.log) == 3
    with pytest.raises(Interrupted, match="after 3 trials"):
        made.complete()
    assert Tuning.open(tmp_path).status == "stopped"


def test_bad_trials_are_pruned_good_ones_never_and_diverging_ones_named(tmp_path: Path) -> None:
    made, runner = search(tmp_path, total=1e5, most=16)
    runner.diverge_above = 4.5e-3
    made.complete()
    by_state = {state: [each for each in made.tuning.trials if each.state == state] for state in
                ("complete", "pruned", "failed")}  # fmt: skip
    assert sum(map(len, by_state.values())) == 16 and all(by_state.values())
    assert all(each.settings["learning_rate"] > 4.5e-3 for each in by_state["failed"])
    assert made.tuning.best.score == max(
        each.score / float(max(each.rungs)) if each.state == "pruned" else each.score
        for each in made.tuning.trials
        if each.score is not None
    ), "the best point was not pruned"


def test_a_default_that_diverges_is_an_error(tmp_path: Path) -> None:
    made, runner = search(tmp_path)
    runner.diverge_above = 1e-4
    with pytest.raises(DataError, match="non-finite"):
        made.complete()


def test_proposals_stay_within_the_space_and_move_towards_what_scores() -> None:
    space = Space.around(DEFAULTS, fixed=("epochs",), longest=300)
    assert set(space.names) == {"learning_rate", "layer_decay", "max_length"}
    tried: list[tuple[dict[str, Any], float | None]] = [(space.first, -3e-3)]
    for number in range(24):
        point = propose(space, tried, seed=1)
        assert 2e-4 <= point["learning_rate"] <= 5e-3 and 0.7 <= point["layer_decay"] <= 1.0
        assert point["max_length"] in (128, 256, 512)
        tried.append((point, -abs(point["learning_rate"] - 4e-3) if number % 5 else None))
    late = [point["learning_rate"] for point, _ in tried[-9:]]
    assert sorted(late)[4] > 2e-3, "the median; of points drawn at random 28 % lie above it"
