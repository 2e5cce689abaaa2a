"""Stopping and going on: whatever checkpoint a run starts from, it repeats every bit."""

import shutil
from pathlib import Path

import pytest
import torch
from small_job import reference, small_run

from glassbert.errors import DataError, Interrupted, MissingInputError, OutputError
from glassbert.train.log import read_metrics
from glassbert.train.loop import StepReport


@pytest.mark.parametrize("announced", [False, True])
def test_a_run_resumed_from_any_checkpoint_repeats_every_bit(tmp_path: Path, announced: bool) -> None:
    expected = reference(tmp_path / "reference", announced=announced)
    run = small_run(tmp_path / "whole", announced=announced, keep=100)
    outcome = run.go()
    steps = run.checkpoints.list()
    assert steps == tuple(range(41))
    for start in (0, 7, 10, 23, 39, 40):
        directory = tmp_path / f"from-{start}"
        shutil.copytree(tmp_path / "whole", directory)
        for later in range(start + 1, 41):
            shutil.rmtree(directory / "checkpoints" / f"step-{later}")
        again = small_run(directory, announced=announced)
        resumed = again.go(resume=True)
        for name, tensor in again.module.state_dict().items():
            assert torch.equal(tensor, expected[name]), (start, name)
        assert resumed.history == outcome.history
        assert (resumed.best_step, resumed.tokens_seen) == (outcome.best_step, outcome.tokens_seen)
        rows = [row for row in read_metrics(directory / "metrics.jsonl") if "loss" in row]
        assert [row["step"] for row in rows] == list(range(1, 41))


def test_a_request_to_stop_saves_and_the_run_goes_on_from_there(tmp_path: Path) -> None:
    expected = reference(tmp_path / "reference")
    for at in (1, 13, 20):  # at step 20 an evaluation is due, and is made up for by the continuation
        run = small_run(tmp_path / str(at))
        halt = lambda report, run=run, at=at: run.stop.request() if report.step == at else None  # noqa: E731
        with pytest.raises(Interrupted, match=f"after step {at} of 40") as caught:
            run.go({"save_every_seconds": 1e9}, on_step=halt)
        assert caught.value.exit_code == 75
        assert run.checkpoints.list()[-1] == at
        again = small_run(tmp_path / str(at))
        outcome = again.go(resume=True)
        assert [row["step"] for row in outcome.history] == [10, 20, 30, 40]
        assert all(torch.equal(again.module.state_dict()[name], expected[name]) for name in expected)


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    expected = reference(tmp_path)
    again = small_run(tmp_path)
    inode = (tmp_path / "checkpoints" / "step-40").stat().st_ino
    assert again.go(resume=True).stopped_because == "finished"
    assert (tmp_path / "checkpoints" / "step-40").stat().st_ino == inode  # not written again
    assert again.job.evaluations == 0
    assert all(torch.equal(again.module.state_dict()[name], expected[name]) for name in expected)


def test_a_start_that_died_before_its_first_checkpoint_leaves_no_rows(tmp_path: Path) -> None:
    def die(report: StepReport) -> None:
        if report.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_run(tmp_path).go({"save_every_seconds": 1e9}, on_step=die)
    small_run(tmp_path).go({"save_every_seconds": 1e9})
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 41))


def test_resume_needs_a_checkpoint_and_a_fresh_start_needs_none(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no-checkpoint"):
        small_run(tmp_path).go(resume=True)
    small_run(tmp_path).go({"total_steps": 1})
    with pytest.raises(OutputError, match="run-exists"):
        small_run(tmp_path).go()


def test_resume_refuses_a_plan_of_another_length(tmp_path: Path) -> None:
    small_run(tmp_path).go({"total_steps": 10})
    with pytest.raises(DataError, match="plan of 10 steps, this plan has 12"):
        small_run(tmp_path).go({"total_steps": 12}, resume=True)


def test_resume_passes_over_a_damaged_checkpoint_and_says_so(tmp_path: Path) -> None:
    expected = reference(tmp_path)
    run = small_run(tmp_path)
    newest = tmp_path / "checkpoints" / "step-40" / "module.safetensors"
    content = bytearray(newest.read_bytes())
    content[-3] ^= 1
    newest.write_bytes(content)
    run.go(resume=True)
    assert ["step-40" in warning and "SHA-256" in warning for warning in run.log.warnings] == [True]
    assert all(torch.equal(run.module.state_dict()[name], expected[name]) for name in expected)
    assert 40 in run.checkpoints.list()  # the damaged one was replaced
