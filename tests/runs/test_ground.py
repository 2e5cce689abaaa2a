"""The ground of a landscape: the run's own rows and loss again, and every model it can name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.runs.ground import open_ground
from glassbert.runs.inference import head_logits
from glassbert.runs.models import load
from glassbert.train.checkpoint import Checkpoints
from tests.runs.material import read_json, write_rows


def test_the_loss_is_the_mean_over_the_drawn_rows_in_float64(finished: Path) -> None:
    ground = open_ground(finished)
    for losses, examples in zip(
        ground.losses(rows=10_000), (ground.dataset.train, ground.dataset.evaluation), strict=True
    ):
        assert losses.rows == losses.total_rows == len(examples)
        with torch.no_grad():
            parts = [part() for part in losses.parts]
        assert all(part.dtype == torch.float64 for part in parts)
        model = ground.model
        windows = model.windows(examples.texts)
        assert len(windows) == len(examples)
        logits = head_logits(model.network, windows).astype(np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)
        chosen = shifted[np.arange(len(examples)), examples.targets]
        expected = (np.log(np.exp(shifted).sum(axis=1)) - chosen).mean()
        assert float(sum(parts)) / losses.weight == pytest.approx(expected, rel=1e-5)


def test_fewer_rows_are_drawn_by_the_seed(finished: Path) -> None:
    ground = open_ground(finished)

    def loss(seed: int) -> float:
        training, held_out = ground.losses(rows=8, seed=seed)
        assert (training.rows, held_out.rows) == (8, 8)
        with torch.no_grad():
            return float(sum(part() for part in training.parts))

    assert loss(1) == loss(1) != loss(2)


def test_final_is_the_model_and_pretrained_is_what_training_began_with(kept: Path) -> None:
    ground = open_ground(kept)
    own = dict(ground.model.network.named_parameters())
    final = ground.weights("final")
    assert all(torch.equal(final[name], own[name]) for name in own)
    began = ground.weights("step-0")
    shutil.rmtree(kept / "checkpoints" / "step-0")
    again = open_ground(kept).weights("pretrained")  # made anew from the encoder, the head and the seed
    assert all(torch.equal(began[name], again[name]) for name in own)
    assert any(not torch.equal(again[name], own[name]) for name in own)
    scratch = ground.weights("scratch")
    assert all(scratch[name].shape == own[name].shape for name in own)


def test_the_best_step_holds_the_weights_of_the_model(finished: Path) -> None:
    ground = open_ground(finished)
    best, final = ground.weights(f"step-{ground.best_step}"), ground.weights("final")
    assert all(torch.equal(best[name], final[name]) for name in final)


def test_another_model_is_named_by_its_place(finished: Path) -> None:
    other = open_ground(finished).weights(str(finished))
    own = dict(load(finished).network.named_parameters())
    assert all(torch.equal(other[name], own[name]) for name in own)


@pytest.fixture
def kept(tmp_path: Path, finished: Path) -> Path:
    """A copy of the finished run, with a checkpoint of its first step as --keep-checkpoints leaves one."""
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    ground = open_ground(run)
    checkpoints = Checkpoints(run / "checkpoints", run_id=read_json(run / "run.json")["run_id"], keep=99)
    later = {step: checkpoints.load(step) for step in checkpoints.list()}
    checkpoints.save(0, module=dict(ground.weights("pretrained")), optimizer={}, state={})
    for step, held in later.items():
        checkpoints.save(step, module=held.module, optimizer=held.optimizer, state=held.state)
    return run


def test_steps_are_those_that_are_kept_and_where_training_began(kept: Path, finished: Path) -> None:
    run_id = read_json(finished / "run.json")["run_id"]
    listed = Checkpoints(finished / "checkpoints", run_id=run_id).list()
    assert list(open_ground(finished).steps()) == list(open_ground(kept).steps()) == [0, *listed]


def test_too_few_checkpoints_name_the_option_to_train_with(kept: Path) -> None:
    for path in (kept / "checkpoints").iterdir():
        if path.name != "step-18":
            shutil.rmtree(path)
    with pytest.raises(UsageError, match=r"\(steps 0, 18\) — train with --keep-checkpoints 8") as caught:
        open_ground(kept).steps()
    assert caught.value.problems[0].code == "too-few-checkpoints"


def test_a_checkpoint_that_is_not_there_or_is_damaged_is_refused(kept: Path) -> None:
    with pytest.raises(MissingInputError, match="there is no checkpoint of step 7 — the run keeps 0, "):
        open_ground(kept).weights("step-7")
    file = kept / "checkpoints" / "step-0" / "module.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match="SHA-256"):
        open_ground(kept).weights("step-0")


def test_rows_that_moved_can_be_named_and_rows_that_changed_are_refused(
    tmp_path: Path, finished: Path, rows: Path
) -> None:
    moved, other = tmp_path / "moved.csv", write_rows(tmp_path / "other.csv", seed=5)
    shutil.copyfile(rows, moved)
    assert len(open_ground(finished, data=moved).dataset.train) == len(open_ground(finished).dataset.train)
    with pytest.raises(DataError, match="is not what the run began with"):
        open_ground(finished, data=other)
    with pytest.raises(MissingInputError, match="say where the file lies now with --data"):
        open_ground(finished, data=tmp_path / "gone.csv")


def test_what_is_no_finished_run_is_refused(encoder: Path) -> None:
    with pytest.raises(MissingInputError, match="no run here"):
        open_ground(encoder)
