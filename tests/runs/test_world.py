"""Fine-tuning by two processes gives the run of one, and refuses what is not the same in both."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from glassbert.errors import Interrupted, UsageError
from glassbert.runs.finetune import Watchers, finetune
from glassbert.runs.fingerprints import code_fingerprint
from glassbert.runs.pretraining.pretrain import pretrain
from glassbert.runs.world import (
    device_in,
    refuse_differences,
    refuse_whole_batches,
    several,
    world_of,
)
from glassbert.tasks.similarity import SentenceSimilarity
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import read_metrics
from glassbert.train.stop import Stop
from glassbert.train.world import World
from tests.runs.material import make_encoder, options, read_json, run
from tests.runs.pretraining.material import options as pretraining_options
from tests.runs.pretraining.material import write_text
from tests.runs.together import from_text

ROOT = Path(__file__).parents[2]
SAID = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1"}


def launched(rank: int, port: int) -> dict[str, str]:
    """The environment that torchrun would give, on this machine only."""
    own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_PORT": str(port)}
    return {**os.environ, **SAID, **own, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def alone(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run by one process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    return run(shared / "rows.csv", shared / "encoder", out, epochs=9).path


@pytest.fixture(scope="module")
def together(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes have left."""
    place = tmp_path_factory.mktemp("together")
    for name in ("rows.csv", "other.csv"):
        shutil.copy(shared / name, place / name)
    shutil.copytree(shared / "encoder", place / "encoder")
    make_cased(place / "cased")
    write_text(place / "text.txt")
    stop = Stop()
    watchers = Watchers(on_step=lambda report: stop.request() if report.step == 11 else None)
    with pytest.raises(Interrupted):
        begun = options(place / "rows.csv", place / "encoder", place / "resumed", epochs=9)
        finetune(begun, stop=stop, watchers=watchers)
    port = free_port()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.runs.together", place, str(rank)],
            env=launched(rank, port), cwd=ROOT, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=200)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    return place


def make_cased(directory: Path) -> None:
    """The encoder with another vocabulary: two of its words have changed places."""
    make_encoder(directory)
    for name in ("vocab.txt", "tokenizer.json"):
        text = (directory / name).read_text(encoding="utf-8")
        (directory / name).write_text(
            text.replace("film", "\0").replace("warm", "film").replace("\0", "warm")
        )


def told(place: Path, what: str) -> list[dict[str, Any]]:
    return [read_json(place / f"told-{rank}.json")[what] for rank in range(2)]


def same(first: Path, second: Path, *, bound: float) -> None:
    """But for the keys' biases: softmax takes no notice of them, so that their gradient is rounding alone."""
    ours, theirs = (load_file(path / "model" / "model.safetensors") for path in (first, second))
    for name, expected in theirs.items():
        if name.endswith("key.bias"):
            continue
        assert (ours[name] - expected).abs().max() < bound, name


def test_two_processes_reach_the_model_of_one_dropout_included(together: Path, alone: Path) -> None:
    same(together / "whole", alone, bound=1e-4)
    first, second = (read_metrics(path / "metrics.jsonl") for path in (together / "whole", alone))
    assert [row["step"] for row in first] == [row["step"] for row in second] and len(first) > 50
    for mine, theirs in zip(first, second, strict=True):
        bound = 1e-5 if mine["step"] <= 10 else 1e-2  # each step multiplies what was rounded before
        for name in ("loss", "gradient_norm", "validation_loss"):
            assert mine.get(name, 0.0) == pytest.approx(theirs.get(name, 0.0), rel=bound)
    assert first[0]["loss"] == pytest.approx(second[0]["loss"], rel=1e-6)


def test_the_first_process_judges_and_is_watched(together: Path, alone: Path) -> None:
    heard = [each["heard"] for each in told(together, "whole")]
    results = [read_json(path / "run.json")["result"] for path in (together / "whole", alone)]
    assert heard == [results[0]["total_steps"], 0]
    assert results[0]["metrics"]["accuracy"] == results[1]["metrics"]["accuracy"]
    assert results[0]["tokens_seen"] == results[1]["tokens_seen"]


def test_two_processes_go_on_with_the_run_of_one(together: Path, alone: Path) -> None:
    same(together / "resumed", alone, bound=1e-5)
    assert [each["there"] for each in told(together, "resumed")] == [True, False]


def test_two_processes_pretrain_what_one_does(together: Path, tmp_path: Path) -> None:
    """The masked-word loss is divided by all masked words, and the next-sentence loss by all pairs."""
    shutil.copy(together / "text.txt", tmp_path / "text.txt")
    pretrain(from_text(tmp_path, "run"), stop=Stop())
    same(together / "pretrained", tmp_path / "run", bound=1e-4)
    first, second = (
        read_metrics(path / "metrics.jsonl") for path in (together / "pretrained", tmp_path / "run")
    )
    assert len(first) == len(second) == 14
    for mine, theirs in zip(first, second, strict=True):
        assert {"step", "loss"} <= mine.keys() or "validation_nsp_loss" in mine
        for name in ("loss", "gradient_norm", "validation_mlm_loss", "validation_nsp_loss"):
            assert mine.get(name, 0.0) == pytest.approx(theirs.get(name, 0.0), rel=1e-5)
    data = [read_json(path / "run.json")["data"] for path in (together / "pretrained", tmp_path / "run")]
    assert data[0]["train"]["corpus"] == data[1]["train"]["corpus"]


def test_what_differs_is_refused_by_name_in_both(together: Path) -> None:
    first, second = told(together, "differing")
    assert first == second and first["exit_code"] == 65
    lines = first["text"].splitlines()
    assert [line.partition(" of process 1 ")[0] for line in lines] == [
        f"processes-differ: the {name}" for name in ("configuration", "vocabulary", "data")
    ]  # fmt: skip
    assert not (together / "differing").exists()


def test_a_refusal_of_the_first_process_is_heard_by_the_second(together: Path) -> None:
    first, second = told(together, "taken")
    assert first["exit_code"] == second["exit_code"] == 73
    assert "output-exists: process 0 failed: the output directory is not empty" in second["text"]


def test_other_code_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert code_fingerprint() == code_fingerprint()
    here = code_fingerprint()
    monkeypatch.setattr("glassbert.runs.fingerprints.versions", lambda: {"torch": "0"})
    assert code_fingerprint() != here


def test_a_launcher_is_told_by_all_that_it_says() -> None:
    assert not several({**SAID}) and several({**SAID, "MASTER_PORT": "1"})
    assert not several({**SAID, "MASTER_PORT": "1", "WORLD_SIZE": "1"})
    with pytest.raises(UsageError, match="bad-world"), world_of({**SAID, "MASTER_PORT": "1", "RANK": "x"}):
        pass


def test_processes_on_cuda_have_a_device_each(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(rank=3, size=4, local_rank=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_in(world, "cuda") == "cuda:1" and device_in(World(), "cuda") == "cuda"
    with pytest.raises(UsageError, match="say --device cuda"):
        device_in(world, "cuda:0")
    with pytest.raises(UsageError, match="there are 2 CUDA devices"):
        device_in(World(rank=3, size=4, local_rank=2), "cuda")


def test_meetings_are_a_setting_of_the_run(tmp_path: Path, rows: Path, encoder: Path) -> None:
    """Evaluations fall on meetings, a checkpoint holds the outer state, and a resume keeps the number."""
    asked = {"epochs": 1, "evaluations_per_epoch": 4}
    directory = run(rows, encoder, tmp_path / "run", sync_every=3, **asked)
    assert directory.document["config"]["sync_every"]["value"] == 3
    judged = [row["step"] for row in read_metrics(tmp_path / "run" / "metrics.jsonl") if "loss" not in row]
    assert judged == [3, 6]
    checkpoint = Checkpoints(directory.checkpoints, run_id=directory.run_id).latest().checkpoint
    assert checkpoint is not None
    velocity = [each for name, each in checkpoint.optimizer.items() if name.endswith("/velocity")]
    assert len(velocity) > 20 and any(bool(each.any()) for each in velocity)
    with pytest.raises(UsageError, match="sync_every: recorded 3, asked for 4"):
        run(rows, encoder, tmp_path / "run", resume=True, sync_every=4, **asked)
    text = write_text(tmp_path / "text.txt")
    pretrain(pretraining_options(text, tmp_path / "encoder", sync_every=2), stop=Stop())
    found = read_json(tmp_path / "encoder" / "run.json")
    assert found["config"]["sync_every"]["value"] == 2 and found["status"] == "finished"


def test_in_batch_negatives_are_refused() -> None:
    refuse_whole_batches(SentenceSimilarity.of_scores(np.array([0.1, 0.9])))
    with pytest.raises(UsageError, match="whole-batches: --loss multiple-negatives"):
        refuse_whole_batches(SentenceSimilarity.of_scores(None))


def test_processes_that_agree_are_not_refused() -> None:
    refuse_differences(World(), {"code": "a"})
