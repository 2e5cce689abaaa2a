"""Saves that fail: a warning, then an error, and never a best that is not on the disk."""

from pathlib import Path

import pytest
import torch
from small_job import reference, small_run

from glassbert.errors import OutputError, StorageError
from glassbert.train.checkpoint import Checkpoints


class FullDisk(Checkpoints):
    """Saves fail while `full` says so."""

    full = staticmethod(lambda step: False)

    def save(self, step, **contents):
        if self.full(step):
            raise StorageError(*OutputError().problems)
        return super().save(step, **contents)


def full_disk_run(directory: Path, full):
    run = small_run(directory)
    run.checkpoints = FullDisk(directory / "checkpoints", run_id="small")
    run.checkpoints.full = full
    return run


def test_a_failed_save_is_a_warning_and_training_goes_on(tmp_path: Path) -> None:
    expected = reference(tmp_path / "reference")
    run = full_disk_run(tmp_path, lambda step: step in (11, 12, 25))
    outcome = run.go()
    assert outcome.stopped_because == "finished"
    assert len(run.log.warnings) == 3 and "step 11 was not saved" in run.log.warnings[0]
    assert all(torch.equal(run.module.state_dict()[name], expected[name]) for name in expected)


def test_saves_that_keep_failing_end_the_run(tmp_path: Path) -> None:
    run = full_disk_run(tmp_path, lambda step: step >= 11)
    with pytest.raises(StorageError):
        run.go()
    assert len(run.log.warnings) == 2
    assert run.checkpoints.list()[-1] == 10


def test_a_best_that_could_not_be_saved_is_no_best(tmp_path: Path) -> None:
    run = full_disk_run(tmp_path, lambda step: step == 20)
    values = iter([0.5, 0.3, 0.4, 0.45])
    run.job.evaluate = lambda: {"loss": next(values)}
    outcome = run.go()
    assert (outcome.best_step, outcome.best_metric) == (30, 0.4)
    assert 30 in run.checkpoints.list()


def test_a_run_directory_that_was_moved_away_is_not_begun_again(tmp_path: Path) -> None:
    run = small_run(tmp_path / "before")
    move = lambda report: (tmp_path / "before").rename(tmp_path / "after") if report.step == 15 else None  # noqa: E731
    with pytest.raises(OutputError, match="No such file or directory"):
        run.go(on_step=move)
    assert [path.name for path in tmp_path.iterdir()] == ["after"]
    assert Checkpoints(tmp_path / "after" / "checkpoints", run_id="small").list()[-1] == 14


def test_a_last_save_that_fails_is_an_error(tmp_path: Path) -> None:
    run = full_disk_run(tmp_path, lambda step: step == 40)
    with pytest.raises(StorageError):
        run.go()
    assert run.checkpoints.list()[-1] == 39
