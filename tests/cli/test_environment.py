"""Rows X8, X9, X12 and X13 of failures.md: locales, closed and narrow streams, threads, memory, no home and
no network.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from glassbert.cli.console import progress
from glassbert.runs import training_memory
from glassbert.runs.devices import num_cores
from glassbert.train.plan import StepReport
from tests.cli.process import COMMAND, TIMEOUT, Answer, begin, glassbert

Inside = Callable[..., Answer]
HASHED = ("model/model.safetensors", "predictions.csv")


def shell(line: str, *words: str | Path, cwd: Path) -> Answer:
    """A line of sh in which "$@" is the command."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "sh", *COMMAND, *map(str, words)],
        cwd=cwd,
        capture_output=True,
        timeout=TIMEOUT,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_run_needs_no_home_no_network_and_no_locale(elsewhere: tuple[Path, Answer]) -> None:
    out, answer = elsewhere
    assert answer.code == 0, answer.err
    assert "network" not in answer.err
    assert answer.json["run"] == "été/run"
    assert (out / "report.html").is_file()


def test_surroundings_do_not_change_a_bit(elsewhere: tuple[Path, Answer], finished: Path) -> None:
    for name in HASHED:
        assert (elsewhere[0] / name).read_bytes() == (finished / name).read_bytes()


def test_without_a_terminal_nothing_is_coloured_or_redrawn(elsewhere: tuple[Path, Answer]) -> None:
    _, answer = elsewhere
    for text in (answer.out, answer.err):
        assert "\x1b" not in text and "\r" not in text
    assert any(line.startswith("step 18/18  loss ") for line in answer.err.splitlines())


def everything_shown(terminal: int) -> str:
    """What was written to a pseudo-terminal whose other end is closed, in however many pieces it comes."""
    seen = bytearray()
    with suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as screen:
        while piece := screen.read(65536):
            seen += piece
    return seen.decode()


def test_on_a_terminal_there_is_a_bar_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 160))
    monkeypatch.setenv("TERM", "xterm-256color")
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress() as show:
            show(
                StepReport(
                    step=7,
                    total_steps=18,
                    loss=0.5,
                    learning_rate=1e-3,
                    gradient_norm=1.0,
                    tokens_per_second=1234.0,
                    eta_seconds=83.0,
                )
            )
    seen = everything_shown(ours)
    assert "\x1b[" in seen
    assert (
        "training" in seen and "step 7/18  loss 0.500" in seen and "1,234 tokens/s  1 min 23 s left" in seen
    )


def test_text_beyond_the_locale_is_printed_as_escapes(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text\nun café 🎬\n", encoding="utf-8")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = glassbert("predict", finished, "x.csv", cwd=tmp_path, env=env)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[1].startswith(r"2,un caf\xe9 \U0001f3ac,")


def test_a_word_that_is_no_text_is_refused(tmp_path: Path) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = glassbert("finetune", "données.csv", "--out", "run", cwd=tmp_path, env=env)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("not-text: donn") and answer.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows whose predictions are more than a pipe holds."""
    path = tmp_path_factory.mktemp("many") / "many.csv"
    path.write_text("text\n" + "".join(f"a film is fine {number % 9} .\n" for number in range(3000)))
    return path


def test_a_reader_that_leaves_early_is_no_failure(finished: Path, many: Path, tmp_path: Path) -> None:
    """`| head`: the pipe breaks in the middle of the output."""
    answer = shell('"$@" | head -c 20', "predict", finished, many, cwd=tmp_path)
    assert answer.code == 0
    assert len(answer.out) == 20
    assert all(line.startswith("note: ") for line in answer.err.splitlines())


@pytest.mark.parametrize("words", [("--help",), ("finetune", "--help"), ("--version",)])
def test_help_into_a_closed_pipe_is_no_failure(tmp_path: Path, words: tuple[str, ...]) -> None:
    """The reader has left before the first byte."""
    process = begin(*words, cwd=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=TIMEOUT) == 0


def test_closed_streams_are_no_failure(finished: Path, other: Path, tmp_path: Path) -> None:
    answer = shell('"$@" >&- 2>&- <&-', "predict", finished, other, "-o", "out.csv", cwd=tmp_path)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (tmp_path / "out.csv").read_text().count("\n") == 41


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_the_output_is_said(tmp_path: Path) -> None:
    answer = shell('"$@" >/dev/full', "--help", cwd=tmp_path)
    assert answer.code == 74
    assert answer.err == "io-error: No space left on device — check the disk and the path\n"


def test_ctrl_c_while_predicting_ends_with_its_own_code(finished: Path, many: Path, tmp_path: Path) -> None:
    """The pipe is full and nobody reads: the process still writes when the signal comes."""
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, "predict", str(finished), str(many)], cwd=tmp_path, stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    assert os.read(ours, 10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=TIMEOUT)
    os.close(ours)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "interrupted"


def test_more_threads_than_cores_are_not_used_and_said(inside: Inside, finished: Path) -> None:
    before = torch.get_num_threads()
    try:
        answer = inside("predict", finished, "--text", "a", "--threads", "9999", "--json")
        assert torch.get_num_threads() == num_cores()
    finally:
        torch.set_num_threads(before)
    assert answer.code == 0, answer.err
    cores = num_cores()
    assert f"note: --threads is 9999, and there are {cores} cores: {cores} threads are used" in answer.err


def test_training_beyond_the_free_memory_is_refused_before_it_begins(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, rows: Path, encoder: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(training_memory, "free_memory", lambda: 100_000)
    answer = inside("finetune", rows, "--model", encoder, "--out", tmp_path / "run")
    assert answer.code == 65
    (problem,) = answer.problems
    assert problem.startswith(f"{encoder}: too-large: besides the weights, training needs 0.00")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(training_memory, "free_memory", lambda: None)
    words = ("--epochs", "0.5", "--no-report")
    assert inside("finetune", rows, "--model", encoder, "--out", tmp_path / "run", *words).code == 0
