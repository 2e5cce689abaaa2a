"""A run against the clock, on a clock that only the work moves."""

import shutil
import time
from pathlib import Path

import pytest
import torch
from small_job import SmallRun, reference, small_run

from glassbert.errors import Interrupted
from glassbert.train.loop import StepReport
from glassbert.train.ramp import BatchRamp


class Clock:
    """A clock that moves only with the work: 20 ms a step (of two micro-batches), 300 ms an evaluation."""

    def __init__(self, run: SmallRun, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        loss, evaluate = run.job.loss, run.job.evaluate
        run.job.loss = lambda *what: (self.wait(0.01), loss(*what))[1]
        run.job.evaluate = lambda: (self.wait(0.3), evaluate())[1]

    def wait(self, seconds: float) -> None:
        self.now += seconds


LONG_PLAN = {"total_steps": 5000, "eval_every": 100, "save_every_seconds": 1e9}


def test_the_deadline_ends_the_run_evaluated_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = small_run(tmp_path)
    clock = Clock(run, monkeypatch)
    reports: list[StepReport] = []
    outcome = run.go(LONG_PLAN | {"deadline": 1020.0}, on_step=reports.append)
    assert outcome.stopped_because == "budget"
    assert 1019 < clock.now <= 1020
    assert outcome.steps == pytest.approx((20 - 9 * 0.3) / 0.02, rel=0.05)
    assert run.checkpoints.list()[-1] == outcome.steps == outcome.history[-1]["step"]
    rates = [report.learning_rate for report in reports]
    peak = rates.index(max(rates))
    falls = [before - after for before, after in zip(rates[peak:], rates[peak + 1 :], strict=False)]
    assert min(falls) >= 0 and max(falls) < 0.03 * max(rates)  # it never jumps
    assert rates[-1] < 0.01 * max(rates)  # and comes to its end with the time
    assert reports[0].eta_seconds <= 20 and reports[-1].eta_seconds == pytest.approx(0.3, abs=0.5)


@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_a_run_whose_batches_grow_comes_to_its_end_with_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slower: float
) -> None:
    """Judged by the mean of all steps, the first of which are small, it ended at 0.13 of the highest rate,
    and at 0.37 where the machine became slower half-way.
    """
    run = small_run(tmp_path)
    clock = Clock(run, monkeypatch)
    ramp = BatchRamp(first=1, last=4, total_steps=2000)
    batches, loss = run.job.batches, run.job.loss
    run.job.batches = lambda step: [batches(step)[0]] * ramp.parts(step)
    middle = clock.now + 20
    run.job.loss = lambda *what: (clock.wait(0.01 * (slower - 1) * (clock.now > middle)), loss(*what))[1]
    growing = {"total_steps": 2000, "eval_every": 180, "save_every_seconds": 1e9}
    reports: list[StepReport] = []
    outcome = run.go(
        growing | {"deadline": clock.now + 40, "epochs": lambda steps: ramp.before(steps) / 1000},
        on_step=reports.append,
    )
    assert outcome.stopped_because == "budget" and clock.now <= middle + 20
    rates = [report.learning_rate for report in reports]
    assert rates[-1] < 0.02 * max(rates)


def test_a_deadline_beyond_the_plan_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = reference(tmp_path / "reference")
    run = small_run(tmp_path / "run")
    clock = Clock(run, monkeypatch)
    outcome = run.go({"deadline": clock.now + 3.0})
    assert (outcome.stopped_because, outcome.steps) == ("finished", 40)
    assert all(torch.equal(run.module.state_dict()[name], expected[name]) for name in expected)


def test_a_deadline_that_has_passed_still_leaves_an_evaluated_checkpoint(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    outcome = run.go({"deadline": time.monotonic() - 1.0})
    assert (outcome.stopped_because, outcome.steps, len(outcome.history)) == ("budget", 0, 1)
    assert run.checkpoints.list() == (0,)


def test_a_shortened_run_resumes_on_its_shortened_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = small_run(tmp_path)
    with monkeypatch.context() as patch:
        Clock(run, patch)
        halt = lambda report: run.stop.request() if report.step == 130 else None  # noqa: E731
        with pytest.raises(Interrupted):
            run.go(LONG_PLAN | {"deadline": 1010.0}, on_step=halt)
    total = run.checkpoints.latest().checkpoint.state["walk"]["total_steps"]
    assert total == pytest.approx((10 - 4 * 0.3) / 0.02, rel=0.1)
    results = []
    for name in ("a", "b"):
        shutil.copytree(tmp_path / "checkpoints", tmp_path / name / "checkpoints")
        again = small_run(tmp_path / name)
        outcome = again.go(LONG_PLAN, resume=True)
        assert (outcome.steps, outcome.stopped_because) == (total, "budget")
        results.append(again.module.words.detach())
    assert torch.equal(*results)
