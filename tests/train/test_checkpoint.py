"""Checkpoints: what is listed loads, every flipped bit shows, and a failure leaves what was there."""

import hashlib
import json
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.nobody import as_nobody

from glassbert.errors import DataError, MissingInputError, OutputError, StorageError
from glassbert.train import checkpoint as module_under_test
from glassbert.train import manifest as manifest_module
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.manifest import NAME, _sealed, tensor_digest

WEIGHTS = {"a.weight": torch.arange(35.0).reshape(7, 5), "b": torch.tensor(3, dtype=torch.int64)}
MOMENTS = {
    "a.weight/step": torch.tensor(2.0),
    "empty": torch.zeros(0, 4),
    "half": torch.ones(3, dtype=torch.bfloat16),
}


def save(checkpoints: Checkpoints, step: int, *, best_step: int | None = None, bump: float = 0.0) -> Path:
    module = {"a.weight": WEIGHTS["a.weight"] + bump, "b": WEIGHTS["b"]}
    return checkpoints.save(step, module=module, optimizer=MOMENTS, state={"step": step}, best_step=best_step)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", run_id="run-1")


def test_a_checkpoint_round_trips(checkpoints: Checkpoints) -> None:
    path = save(checkpoints, 12)
    loaded = checkpoints.load(12)
    assert (loaded.step, loaded.directory, loaded.state) == (12, path, {"step": 12})
    for saved, found in ((WEIGHTS, loaded.module), (MOMENTS, loaded.optimizer)):
        assert saved.keys() == found.keys()
        assert all(
            torch.equal(saved[name], found[name]) and saved[name].dtype == found[name].dtype for name in saved
        )


def test_the_manifest_names_run_step_files_and_tensors(checkpoints: Checkpoints) -> None:
    path = save(checkpoints, 3)
    manifest = json.loads((path / NAME).read_text())
    assert (manifest["run_id"], manifest["step"], manifest["format_version"]) == ("run-1", 3, 1)
    assert set(manifest["files"]) == {"module.safetensors", "optimizer.safetensors", "state.json"}
    for name, entry in manifest["files"].items():
        content = (path / name).read_bytes()
        proved = content if name == "state.json" else content[: 8 + int.from_bytes(content[:8], "little")]
        assert entry == {"bytes": len(content), "sha256": hashlib.sha256(proved).hexdigest()}
    assert manifest["tensors"]["module.safetensors"]["a.weight"] == {
        "dtype": "float32",
        "shape": [7, 5],
        "sha256": tensor_digest(WEIGHTS["a.weight"]),
    }


def test_a_tensor_that_is_not_contiguous_is_saved_as_it_reads(checkpoints: Checkpoints) -> None:
    turned = WEIGHTS["a.weight"].T
    checkpoints.save(1, module={"t": turned}, optimizer={}, state={})
    assert torch.equal(checkpoints.load(1).module["t"], turned)


def test_order_is_by_step_and_never_by_time(checkpoints: Checkpoints) -> None:
    checkpoints.keep = 10
    for step in (9, 10, 100):
        save(checkpoints, step)
    os.utime(checkpoints.directory / "step-9", (4e9, 4e9))
    os.utime(checkpoints.directory / "step-100", (0, 0))
    assert checkpoints.list() == checkpoints.steps() == (9, 10, 100)
    assert checkpoints.latest().checkpoint.step == 100


def test_the_newest_and_the_best_are_kept(checkpoints: Checkpoints) -> None:
    for step in range(10, 80, 10):
        save(checkpoints, step, best_step=30 if step >= 30 else None)
    assert checkpoints.list() == (30, 60, 70)
    assert sorted(path.name for path in checkpoints.directory.iterdir()) == ["step-30", "step-60", "step-70"]


def test_an_earlier_save_ends_the_future_that_the_run_has_left(checkpoints: Checkpoints) -> None:
    for step in (10, 20, 30):
        save(checkpoints, step)
    save(checkpoints, 25)
    assert checkpoints.list() == (20, 25)


def test_a_step_can_be_saved_again(checkpoints: Checkpoints) -> None:
    save(checkpoints, 5)
    mapped = checkpoints.load(5).module["a.weight"]
    save(checkpoints, 5, bump=1.0)
    assert torch.equal(mapped, WEIGHTS["a.weight"])  # what was read before is still valid
    assert torch.equal(checkpoints.load(5).module["a.weight"], WEIGHTS["a.weight"] + 1)


def test_nothing_is_listed_where_there_is_nothing(checkpoints: Checkpoints) -> None:
    assert checkpoints.list() == () and checkpoints.latest().checkpoint is None
    with pytest.raises(MissingInputError, match=r"no checkpoint of step 4 — choose one of \(none\)"):
        checkpoints.load(4)


@pytest.mark.parametrize("name", ["module.safetensors", "optimizer.safetensors", "state.json", NAME])
def test_a_flipped_bit_is_found_wherever_it_is(checkpoints: Checkpoints, name: str) -> None:
    path = save(checkpoints, 1) / name
    content = path.read_bytes()
    draw = np.random.default_rng(0)
    offsets = {*range(16), *draw.integers(0, len(content), 200).tolist(), len(content) - 1}
    for offset in sorted(offset for offset in offsets if offset < len(content)):
        for bit in draw.integers(0, 8, 2).tolist():
            damaged = bytearray(content)
            damaged[offset] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(DataError) as caught:
                checkpoints.load(1)
            assert caught.value.problems[0].code == "checkpoint-damaged"
    path.write_bytes(content)
    assert checkpoints.list() == (1,)


def test_damage_names_the_tensor(checkpoints: Checkpoints) -> None:
    path = save(checkpoints, 1) / "module.safetensors"
    content = bytearray(path.read_bytes())
    content[-2] ^= 4
    path.write_bytes(content)
    with pytest.raises(DataError, match="the tensor (a.weight|b) does not match its SHA-256"):
        checkpoints.load(1)


@pytest.mark.parametrize("damage", ["truncated", "zero tail", "missing", "no manifest", "renamed", "empty"])
def test_latest_falls_back_to_the_one_before_and_says_why(checkpoints: Checkpoints, damage: str) -> None:
    save(checkpoints, 10)
    newest = save(checkpoints, 20)
    weights = newest / "module.safetensors"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "zero tail":
        weights.write_bytes(weights.read_bytes()[:-64] + bytes(64))
    elif damage == "missing":
        weights.unlink()
    elif damage == "no manifest":
        (newest / NAME).unlink()
    elif damage == "renamed":
        newest.rename(newest.with_name("step-30"))
    else:
        shutil.rmtree(newest)
        newest.mkdir()
    latest = checkpoints.latest()
    assert latest.checkpoint.step == 10
    assert [problem.code for problem in latest.skipped] == ["checkpoint-damaged"]
    assert "step-" in str(latest.skipped[0])
    assert checkpoints.list() == ((10, 30) if damage == "renamed" else (10,))


def test_a_checkpoint_of_another_run_is_refused_by_name(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10)
    other = Checkpoints(checkpoints.directory, run_id="run-2")
    for attempt in (other.latest, lambda: other.load(10)):
        with pytest.raises(DataError, match="belongs to run run-1, this is run run-2"):
            attempt()


def test_a_newer_format_asks_for_an_upgrade(checkpoints: Checkpoints) -> None:
    path = save(checkpoints, 10) / NAME
    body: dict[str, Any] = json.loads(path.read_text())
    del body["seal"]
    path.write_bytes(_sealed(body | {"format_version": 2}))
    with pytest.raises(
        DataError, match="checkpoint format 2; this version reads up to 1 — upgrade glassbert"
    ):
        checkpoints.latest()


def test_what_a_dead_process_left_is_ignored_and_collected(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10)
    (checkpoints.directory / ".tmp-step-20-4711").mkdir()
    (checkpoints.directory / ".tmp-step-20-4711" / "module.safetensors").write_bytes(b"half")
    shutil.copytree(checkpoints.directory / "step-10", checkpoints.directory / ".old-step-10")
    (checkpoints.directory / "step-10-notes").mkdir()
    assert checkpoints.list() == (10,)
    checkpoints.collect()
    save(checkpoints, 20)
    names = sorted(path.name for path in checkpoints.directory.iterdir())
    assert names == ["step-10", "step-10-notes", "step-20"]


def test_a_checkpoint_that_stepped_aside_comes_back_after_a_crash(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10)
    (checkpoints.directory / "step-10").rename(checkpoints.directory / ".old-step-10")
    assert checkpoints.list() == ()
    checkpoints.collect()
    assert checkpoints.list() == (10,)


@pytest.mark.parametrize("victim", ["sync", "write_flushed", "save_file", "build_manifest"])
def test_a_full_disk_leaves_the_previous_checkpoint(
    checkpoints: Checkpoints, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(checkpoints, 10)

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module_under_test, victim, full)
        for step in (10, 11):
            with pytest.raises(StorageError, match="No space left on device"):
                save(checkpoints, step)
    assert [path.name for path in checkpoints.directory.iterdir()] == ["step-10"]
    assert checkpoints.list() == (10,)
    save(checkpoints, 11)
    assert checkpoints.list() == (10, 11)


def test_a_rename_that_fails_puts_the_old_one_back(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(checkpoints, 10)
    rename = Path.rename

    def fails_for_staged(self: Path, target: Path) -> Path:
        if self.name.startswith(".tmp-step"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fails_for_staged)
        with pytest.raises(StorageError, match="Input/output error"):
            save(checkpoints, 10, bump=1.0)
    assert torch.equal(checkpoints.load(10).module["a.weight"], WEIGHTS["a.weight"])


def test_a_file_size_limit_met_half_way_leaves_the_previous_checkpoint(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"module\.safetensors.*File too large"):
            checkpoints.save(11, module={"big": torch.zeros(100_000)}, optimizer={}, state={})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in checkpoints.directory.iterdir()] == ["step-10"]


def test_a_read_only_directory_cannot_be_written(checkpoints: Checkpoints) -> None:
    save(checkpoints, 10)
    checkpoints.directory.chmod(0o555)
    try:
        with (
            as_nobody(checkpoints.directory),
            pytest.raises(OutputError, match="Permission denied — choose another place"),
        ):
            save(checkpoints, 11)
    finally:
        checkpoints.directory.chmod(0o755)
    assert checkpoints.list() == (10,)


def test_a_place_where_no_directory_can_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file where a directory should be")
    for name in ("checkpoints", "checkpoints/deeper"):
        with pytest.raises(OutputError):
            save(Checkpoints(tmp_path / name, run_id="r"), 1)
    with pytest.raises(OutputError, match="File name too long"):
        save(Checkpoints(tmp_path / ("n" * 300), run_id="r"), 1)


@pytest.mark.parametrize("after", ["json.loads", "_digest"])
def test_a_checkpoint_that_is_removed_while_it_is_read_is_not_listed(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """Whoever trains removes old checkpoints while a report or a person lists them."""
    save(checkpoints, 1)
    path = save(checkpoints, 2)
    owner, name = (json, "loads") if after == "json.loads" else (manifest_module, "_digest")
    original = getattr(owner, name)

    def removing(*args: Any) -> Any:
        found = None if after == "_digest" else original(*args)
        if path.exists() and (after == "json.loads" or path in args[0].parents):
            shutil.rmtree(path)
        return original(*args) if found is None else found

    monkeypatch.setattr(owner, name, removing)
    expected = () if after == "json.loads" else (1,)
    assert checkpoints.list()[: len(expected)] == expected
    assert 2 not in checkpoints.list() and 2 not in checkpoints.steps()
