"""--keep-checkpoints: how many stay, and that a run is the same with and without them."""

from dataclasses import replace
from pathlib import Path

import pytest

from glassbert.errors import Interrupted, UsageError
from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import Watchers, finetune
from glassbert.runs.fit import milestones
from glassbert.runs.options import FinetuneOptions
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.stop import Stop
from tests.runs.material import options, read_json


def kept(run: Path) -> tuple[int, ...]:
    return Checkpoints(run / "checkpoints", run_id=read_json(run / "run.json")["run_id"]).list()


def test_milestones_are_spread_from_the_first_step_to_the_last() -> None:
    assert milestones(18, 4) == {0, 6, 12, 18}
    assert milestones(3, 9) == {0, 1, 2, 3}
    assert milestones(18, 0) == set()


def test_a_run_keeps_them_and_ends_in_the_same_bits(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    finetune(replace(options(rows, encoder, tmp_path / "run"), keep_checkpoints=4), stop=Stop())
    assert {0, 6, 12, 18} <= set(kept(tmp_path / "run"))
    weights = (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    assert weights == (finished / "model" / "model.safetensors").read_bytes()


def test_a_resumed_run_keeps_what_it_was_told_at_its_start(
    tmp_path: Path, rows: Path, encoder: Path, finished: Path
) -> None:
    stop = Stop()
    watch = Watchers(on_step=lambda report: stop.request() if report.step == 8 else None)
    wanted = replace(options(rows, encoder, tmp_path / "run"), keep_checkpoints=4)
    with pytest.raises(Interrupted):
        finetune(wanted, stop=stop, watchers=watch)
    finetune(FinetuneOptions(data=DataOptions(), out=tmp_path / "run", resume=True), stop=Stop())
    assert {0, 6, 12, 18} <= set(kept(tmp_path / "run"))
    weights = (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    assert weights == (finished / "model" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("count", [-1, 1, 1001])
def test_a_number_that_cannot_be_kept_is_refused(
    tmp_path: Path, rows: Path, encoder: Path, count: int
) -> None:
    with pytest.raises(UsageError, match=f"--keep-checkpoints is {count} — give 2 to 1000"):
        finetune(replace(options(rows, encoder, tmp_path / "run"), keep_checkpoints=count), stop=Stop())
    assert not (tmp_path / "run").exists()
