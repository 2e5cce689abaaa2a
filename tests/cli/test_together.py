"""The command line as one of two processes: one of them speaks, and what stops one stops both."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.train.checkpoint import Checkpoints
from tests.cli.process import COMMAND, Answer, ended, wait_for
from tests.runs.test_world import free_port, launched


def begin_both(*words: str | Path, cwd: Path) -> list[subprocess.Popen[bytes]]:
    port = free_port()
    return [
        subprocess.Popen(
            [*COMMAND, *map(str, words)],
            cwd=cwd, env=launched(rank, port), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]  # fmt: skip


def test_a_signal_to_the_second_process_stops_both_with_everything_saved(
    tmp_path: Path, rows: Path, encoder: Path
) -> None:
    words = ("finetune", rows, "--model", encoder, "--out", "run", "--epochs", "5000")
    both = begin_both(*words, cwd=tmp_path)
    log = tmp_path / "run" / "metrics.jsonl"
    wait_for(lambda: log.is_file() and log.stat().st_size > 0, both[0])
    second = ended(both[1], by=signal.SIGTERM)
    first = ended(both[0])
    assert (first.code, second.code) == (75, 75), (first.err, second.err)
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    step = Checkpoints(tmp_path / "run" / "checkpoints", run_id=run["run_id"]).list()[-1]
    assert run["status"] == "stopped"
    assert f"stopped: stopped on request after step {step} of" in first.err
    assert (second.out, second.err) == ("", "")


def test_several_runs_are_refused_in_several_processes(
    inside: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, rows: Path, tmp_path: Path
) -> None:
    for name, value in launched(1, 1).items():
        monkeypatch.setenv(name, value)
    answer = inside("finetune", rows, "--out", tmp_path / "runs", "--seeds", "2")
    assert (answer.code, answer.err) == (
        2, "one-process: --seeds runs in one process — start it without torchrun\n",
    )  # fmt: skip
    answer = inside("tune", rows, "--out", tmp_path / "runs", "--budget", "10s")
    assert answer.err == "one-process: tune runs in one process — start it without torchrun\n"
    assert not (tmp_path / "runs").exists()
