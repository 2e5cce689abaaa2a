"""The peak of the process's memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from glassbert.train import memory


def test_the_peak_rises_with_what_was_allocated_and_stays() -> None:
    before = memory.peak_rss_mb()
    block = bytearray(b"x" * (300 << 20))
    during = memory.peak_rss_mb()
    del block
    assert during >= 300 and memory.peak_rss_mb() >= during > before - 1


def test_the_peak_is_the_process_own_and_not_its_parents() -> None:
    block = bytearray(b"x" * (300 << 20))
    script = "from glassbert.train.memory import peak_rss_mb; print(peak_rss_mb())"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 5 < float(child.stdout) < 200
    assert len(block) == 300 << 20


def test_without_proc_the_kernel_is_asked_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = memory.peak_rss_mb()
    monkeypatch.setattr(memory, "STATUS", Path("/nowhere"))
    assert memory.peak_rss_mb() == pytest.approx(exact, rel=0.5)
