"""A fair contest between two ways of doing the same: own processes, one at a time, in turns.

Each contender is a process that does one block of work whenever it is told to. Blocks alternate, so that a
noisy neighbour hits all alike, and a ratio is a median of ratios of neighbouring blocks. Waiting contenders
sleep. Peak memory is read per process at the end.

A contender reads lines from standard input: "go SECONDS" or "stop"; it answers each with one JSON object,
marked.
"""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
MARK = "contest: "


class Baton:
    """A contender's side: `step` is called after every unit of work and sleeps between blocks."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.started = self.done = 0.0
        self.over = False

    def wait(self) -> None:
        """Sleep until told to go; `over` is set when told to stop."""
        words = sys.stdin.readline().split()
        if not words or words[0] == "stop":
            self.over = True
            return
        self.started, self.done = time.perf_counter(), 0.0
        self.deadline = self.started + float(words[1])

    def step(self, amount: float) -> None:
        """Count work done since the last call; at the end of a block, report it and wait."""
        if self.deadline is None:
            answer({"ready": True})
            self.wait()
            return
        self.done += amount
        now = time.perf_counter()
        if now >= self.deadline:
            answer({"amount": self.done, "seconds": now - self.started})
            self.wait()


def answer(value: Mapping[str, Any]) -> None:
    """Say one thing to the referee."""
    print(MARK + json.dumps(value), flush=True)


def peak_rss_mb() -> float:
    """Peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Contender:
    """The referee's side of one process."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.read()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(MARK):
                return dict(json.loads(line.removeprefix(MARK)))
        raise SystemExit(f"{self.name} died with {self.process.wait()}")

    def block(self, seconds: float) -> float:
        """Amount per second of one block."""
        self.say(f"go {seconds}")
        done = self.read()
        return float(done["amount"]) / float(done["seconds"])

    def stop(self) -> dict[str, Any]:
        self.say("stop")
        last = self.read()
        self.process.wait()
        return last

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


def compete(commands: Mapping[str, list[str]], *, seconds: float, rounds: int) -> dict[str, dict[str, Any]]:
    """Rates of every block and the last word of every contender; the first block of each is a warm-up."""
    contenders = [Contender(name, command) for name, command in commands.items()]
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for turn in range(rounds + 1):
        order = contenders if turn % 2 else contenders[::-1]
        for contender in order:
            rate = contender.block(seconds)
            if turn:
                rates[contender.name].append(rate)
        shown = "  ".join(f"{name} {values[-1]:,.0f}" for name, values in rates.items() if values)
        print(f"round {turn}/{rounds}  {shown}", file=sys.stderr, flush=True)
    return {contender.name: {"rates": rates[contender.name], **contender.stop()} for contender in contenders}


def ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
    """Median of the ratios of blocks of one round, with its distribution-free 95 % interval.

    The median lies between the k-th lowest and k-th highest of n ratios with a probability of 95 % for
    k = n/2 - 0.98 sqrt(n) (normal approximation of the binomial distribution).
    """
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    place = max(0, math.floor(len(ratios) / 2 - 0.98 * math.sqrt(len(ratios))))
    return statistics.median(ratios), ratios[place], ratios[-1 - place]


def finish(name: str, row: dict[str, Any]) -> None:
    """Append a dated row to benchmarks/results/NAME.jsonl and print it as the last line."""
    versions = {package: _version(package) for package in ("torch", "transformers", "tokenizers")}
    row = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **row,
        "machine": machine(),
        "versions": versions,
    }
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def machine() -> str:
    """The processor and how many cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


Work = Callable[[Baton], None]
