"""The lock of a run directory: one holder, named to the second; a dead holder holds nothing."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from glassbert.errors import OutputError
from glassbert.train.lock import RunLock

HOLDER = """
import sys, time
from pathlib import Path
from glassbert.train.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(directory: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    return holder


def test_a_second_process_learns_who_holds_the_directory_and_gets_it_when_that_dies(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "run"
    holder = start_holder(directory)
    try:
        with pytest.raises(OutputError) as caught, RunLock(directory):
            pass
        assert f"process {holder.pid} on {socket.gethostname()} since 20" in str(caught.value)
        assert caught.value.exit_code == 73
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    with RunLock(directory):
        assert f'"pid": {os.getpid()}' in (directory / ".lock").read_text()


def test_the_same_process_cannot_hold_a_directory_twice(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        with pytest.raises(OutputError, match=f"process {os.getpid()} "), RunLock(tmp_path):
            pass
        with pytest.raises(OutputError), RunLock(tmp_path):  # and the failure has not released it
            pass
    with RunLock(tmp_path):
        pass


@pytest.mark.parametrize("leftover", ["", "{", "[1]", '{"pid": 1, "host": "gone", "started": "long ago"}'])
def test_the_text_that_a_dead_process_left_locks_nothing(tmp_path: Path, leftover: str) -> None:
    (tmp_path / ".lock").write_text(leftover)
    with RunLock(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_holder_that_has_not_written_its_name_still_holds(tmp_path: Path, text: str) -> None:
    with RunLock(tmp_path):
        (tmp_path / ".lock").write_text(text)
        with pytest.raises(OutputError, match="held by another process"), RunLock(tmp_path):
            pass


def test_a_directory_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"), RunLock(tmp_path / "file" / "run"):
        pass
