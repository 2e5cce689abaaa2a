"""Two processes reach what one reaches with the same global batches; what stops one stops both."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from together import shared_run

from glassbert.errors import Interrupted
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.clip import clip_factor, global_norm
from glassbert.train.log import read_metrics
from glassbert.train.schedule import warmup_decay
from glassbert.train.world import World

HERE = Path(__file__).parent
FIFTY = {"total_steps": 50, "save_every_seconds": 1e9}


def start(place: Path, size: int = 2) -> list[subprocess.Popen[str]]:
    env = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, HERE / "together.py", place, str(rank), str(size)],
            env=env, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(size)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have left everything; one of them has died on the way."""
    place = tmp_path_factory.mktemp("together")
    alone = shared_run(place / "resume", World())
    with pytest.raises(Interrupted):
        alone.go(
            {"save_every_seconds": 1e9}, on_step=lambda report: report.step == 14 and alone.stop.request()
        )
    processes = start(place)
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, -9], said
    return place


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The weights of one process after 1 and after 50 steps, and what it logged."""
    found: dict[str, Any] = {}
    run = shared_run(tmp_path_factory.mktemp("alone"), World())

    def keep(report: Any) -> None:
        if report.step in (1, 50):
            run.optimizer.settle()
            found[report.step] = {name: each.clone() for name, each in run.module.state_dict().items()}

    found["outcome"] = run.go(FIFTY, on_step=keep)
    found["rows"] = read_metrics(run.directory / "metrics.jsonl")
    return found


def told(place: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads((place / f"{name}-{rank}.json").read_text()) for rank in range(2)]


def weights(place: Path, name: str) -> list[dict[str, torch.Tensor]]:
    return [load_file(place / f"{name}-{rank}.safetensors") for rank in range(2)]


@pytest.mark.parametrize(("step", "bound"), [(1, 1e-6), (50, 1e-4)])
def test_two_processes_reach_the_weights_of_one(
    together: Path, alone: dict[str, Any], step: int, bound: float
) -> None:
    first, second = weights(together, f"steps-{step}")
    for name, expected in alone[step].items():
        assert torch.equal(first[name], second[name])
        assert (first[name] - expected).abs().max() < bound
        assert not torch.equal(expected, shared_run(together / "new", World()).module.state_dict()[name])


def test_loss_norm_and_tokens_are_those_of_the_global_batch(together: Path, alone: dict[str, Any]) -> None:
    first, second = told(together, "steps")
    assert first["steps"] == second["steps"]
    rows = [row for row in alone["rows"] if "loss" in row]
    expected = [[row["loss"], row["gradient_norm"]] for row in rows]
    torch.testing.assert_close(torch.tensor(first["steps"]), torch.tensor(expected), rtol=1e-4, atol=1e-5)
    assert first["tokens"] == second["tokens"] == alone["outcome"].tokens_seen


def test_the_first_process_alone_evaluates_logs_and_saves(together: Path, alone: dict[str, Any]) -> None:
    first, second = told(together, "steps")
    assert (first["evaluations"], second["evaluations"]) == (5, 0)
    assert first["best"] == second["best"] == alone["outcome"].best_step
    rows = read_metrics(together / "steps" / "metrics.jsonl")
    assert [row["step"] for row in rows] == [row["step"] for row in alone["rows"]]
    assert Checkpoints(together / "steps" / "checkpoints", run_id="small").list()[-1] == 50


def test_a_run_goes_on_with_two_processes_and_then_with_one(together: Path, tmp_path: Path) -> None:
    reference = shared_run(tmp_path / "reference", World())
    reference.go({"save_every_seconds": 1e9})
    shutil.copytree(together / "resume", tmp_path / "resume")
    run = shared_run(tmp_path / "resume", World())
    run.go({"save_every_seconds": 1e9}, resume=True)
    for name, expected in reference.module.state_dict().items():
        assert (run.module.state_dict()[name] - expected).abs().max() < 1e-5
    events = [json.loads(line) for line in (tmp_path / "resume" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in events if row.get("event") == "resume"] == [14, 25]


def test_a_request_to_one_process_stops_both_after_the_step_that_follows(together: Path) -> None:
    for each in told(together, "resume"):
        assert each["exit_code"] == 75
        assert each["text"].startswith("stopped: stopped on request after step 25 of 40; everything is saved")


def test_a_loss_that_is_no_number_in_one_process_stops_both_before_the_update(together: Path) -> None:
    for each in told(together, "poisoned"):
        assert (each["exit_code"], len(each["steps"])) == (65, 4)
        assert "step 5: the loss is nan; the weights were not updated" in each["text"]
    assert (together / "poisoned" / "replay.json").is_file()


def test_saves_that_fail_stop_both_with_the_same_error(together: Path) -> None:
    first, second = told(together, "unsaved")
    assert first["exit_code"] == second["exit_code"] == 73
    assert first["text"] == second["text"] and "cannot-create" in first["text"]
    assert len(first["steps"]) == len(second["steps"])


def test_the_deadline_of_the_first_process_ends_both_at_one_step(together: Path) -> None:
    first, second = told(together, "late")
    assert first["ended"] == second["ended"] == "budget"
    assert first["at"] == second["at"] < 10**6


def diloco(steps: int, every: int) -> dict[str, torch.Tensor]:
    """The weights after local steps of two processes, written out with a module for each."""
    runs = [shared_run(Path("nowhere"), World(rank=rank, size=2)) for rank in range(2)]
    shared = {name: each.clone() for name, each in runs[0].module.state_dict().items()}
    velocity = {name: torch.zeros_like(each) for name, each in shared.items()}
    rate = warmup_decay("linear")
    for step in range(steps):
        for run in runs:
            if step % every == 0:
                run.optimizer.settle()
                run.module.load_state_dict(shared)
            batches = run.job.batches(step)
            weight = sum(run.job.weight(batch) for batch in batches)
            for micro, batch in enumerate(batches):
                run.optimizer.will_read("words", batch.ids)
                (run.job.loss(batch, step, micro) / weight).backward()
            if batches:
                norm = float(global_norm(run.module.parameters()))
                run.optimizer.step(0.03 * rate(step, steps), scale=clip_factor(norm, 1.0))
            run.module.zero_grad(set_to_none=True)
        if (step + 1) % every == 0:
            for run in runs:
                run.optimizer.settle()
            for name, each in shared.items():
                outer = each - sum(run.module.state_dict()[name] for run in runs) / 2
                velocity[name] = 0.9 * velocity[name] + outer
                shared[name] = each - 0.7 * (outer + 0.9 * velocity[name])
    return shared


def test_local_steps_of_two_processes_are_diloco(together: Path) -> None:
    first, second = weights(together, "local")
    for name, expected in diloco(8, 4).items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], expected, rtol=0, atol=1e-6)


def test_a_request_during_local_steps_waits_for_a_meeting(together: Path) -> None:
    """Asked after the ninth step, told at the meeting after the twelfth."""
    for each in told(together, "local-stopped"):
        assert (each["exit_code"], len(each["steps"])) == (75, 12)
    first, second = weights(together, "local-stopped")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_process_that_dies_ends_the_other_with_a_reason(together: Path) -> None:
    found = json.loads((together / "killed-0.json").read_text())
    assert (found["exit_code"], len(found["steps"])) == (74, 5)
    assert found["text"].startswith("process-lost: another process of this run is gone or does not answer")
    assert "--resume" in found["text"]


PATIENT = """
import os, signal, sys, time
from datetime import timedelta
from torch.distributed import FileStore
from glassbert.errors import StorageError
from glassbert.train.world import joined

rank, store = int(sys.argv[1]), FileStore(sys.argv[2], 2)
with joined(store, rank=rank, size=2, timeout=timedelta(seconds=2)) as world:
    if rank:
        time.sleep(5)
    world.wait()
    if rank:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        world.wait()
    except StorageError as error:
        print(error)
"""


def test_work_that_takes_longer_than_any_answer_is_waited_for_but_not_one_that_died(tmp_path: Path) -> None:
    env = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PATIENT]
    processes = [
        subprocess.Popen(
            [*command, str(rank), tmp_path / "store"],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, -9], said
    assert said[0][0].startswith("process-lost: another process of this run is gone")
