"""Checkpoints that stay to be looked back on: they change nothing, and a stopped run has them too."""

import shutil
from pathlib import Path

import pytest
import torch
from small_job import reference, small_run

from glassbert.errors import Interrupted
from glassbert.train.checkpoint import Checkpoints

MILESTONES = (0, 10, 17, 40)
SELDOM = {"save_every_seconds": 1e9}


def milestone_run(directory: Path):
    run = small_run(directory)
    run.checkpoints = Checkpoints(directory / "checkpoints", run_id="small", milestones=MILESTONES)
    return run


def test_milestones_stay_and_change_no_weight(tmp_path: Path) -> None:
    expected = reference(tmp_path / "reference")
    run = milestone_run(tmp_path / "run")
    outcome = run.go(SELDOM)
    others = {outcome.best_step, 30}  # the newest two are 30 and 40
    assert set(run.checkpoints.list()) == {*MILESTONES, *others}
    assert all(torch.equal(run.module.state_dict()[name], expected[name]) for name in expected)


def test_a_milestone_holds_the_weights_of_its_step(tmp_path: Path) -> None:
    seen: dict[int, dict[str, torch.Tensor]] = {}

    def probe(step: int, module: torch.nn.Module) -> None:
        seen[step] = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    run = milestone_run(tmp_path)
    run.go(SELDOM, probe=probe)
    for step in MILESTONES:
        held = run.checkpoints.load(step).module
        assert all(torch.equal(held[name], seen[step][name]) for name in held), step


def test_a_run_resumed_from_any_milestone_repeats_every_bit_and_keeps_the_same_ones(tmp_path: Path) -> None:
    expected = reference(tmp_path / "reference")
    whole = milestone_run(tmp_path / "whole")
    whole.go(SELDOM)
    for start in MILESTONES:
        directory = tmp_path / f"from-{start}"
        shutil.copytree(tmp_path / "whole", directory)
        for later in (step for step in whole.checkpoints.list() if step > start):
            shutil.rmtree(directory / "checkpoints" / f"step-{later}")
        again = milestone_run(directory)
        again.go(SELDOM, resume=True)
        assert all(torch.equal(again.module.state_dict()[name], expected[name]) for name in expected), start
        assert again.checkpoints.list() == whole.checkpoints.list()


@pytest.mark.parametrize("at", [3, 10, 12, 39])
def test_a_run_that_was_stopped_has_all_milestones_in_the_end(tmp_path: Path, at: int) -> None:
    run = milestone_run(tmp_path)
    halt = lambda report: run.stop.request() if report.step == at else None  # noqa: E731
    with pytest.raises(Interrupted):
        run.go(SELDOM, on_step=halt)
    again = milestone_run(tmp_path)
    again.go(SELDOM, resume=True)
    assert set(MILESTONES) <= set(again.checkpoints.list())
