"""The command line as a process of its own, and, where that would only cost time, inside this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glassbert.cli.main import main

# those of the run `finished` in tests/runs/material.py
WORDS = ("--epochs", "3", "--lr", "8e-3", "--batch-size", "16", "--layer-decay", "1")
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        sys.stderr.write("the network was used\\n")
        raise PermissionError("no network here")

sys.addaudithook(refuse)
"""
COMMAND = (sys.executable, "-m", "glassbert")
TIMEOUT = 280


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def problems(self) -> list[str]:
        """The lines of standard error that are no notes."""
        return [line for line in self.err.splitlines() if not line.startswith("note: ")]


def glassbert(
    *words: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, **options: Any
) -> Answer:
    """Run `python -m glassbert WORDS` to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=TIMEOUT,
        **options,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def begin(*words: str | Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start it in the background."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, while the process lives."""
    deadline = time.monotonic() + TIMEOUT
    while not what():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"it never came to pass: {process.communicate()[1].decode()[-2000:]}")
        time.sleep(0.005)


def ended(process: subprocess.Popen[bytes], *, by: signal.Signals | None = None) -> Answer:
    """The answer of a process, after a signal if one is given."""
    if by is not None:
        process.send_signal(by)
    out, err = process.communicate(timeout=TIMEOUT)
    return Answer(process.returncode, out.decode(), err.decode())


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Call `main` in this process: the same words, exit code and streams without two seconds of imports."""

    def call(*words: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["glassbert", *map(str, words)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, rows: Path, encoder: Path) -> tuple[Path, Answer]:
    """The run of `finished` by a process with another locale, time zone, hash seed and directory, that has
    neither a home nor a network.
    """
    place = tmp_path_factory.mktemp("elsewhere")
    (place / "hooks").mkdir()
    (place / "hooks" / "sitecustomize.py").write_text(NO_NETWORK)
    env = {
        "LC_ALL": "C",
        "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "4711",
        "HOME": "/dev/null",
        "PYTHONPATH": os.pathsep.join([str(place / "hooks"), os.environ.get("PYTHONPATH", "")]),
    }
    for name in ("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"):
        env[name] = ""
    (place / "été").mkdir()
    answer = glassbert(
        "finetune", rows, "--model", encoder, "--out", "été/run", *WORDS, "--json", cwd=place, env=env
    )
    return place / "été" / "run", answer
