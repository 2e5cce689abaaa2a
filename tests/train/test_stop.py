"""Stopping on request: the first signal asks, the second leaves within a second, whatever is going on."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from glassbert.train.checkpoint import Checkpoints
from glassbert.train.stop import Stop, stop_on_signals

HERE = Path(__file__).parent


def wait_for(stop: Stop) -> bool:
    deadline = time.monotonic() + 5
    while not stop.requested and time.monotonic() < deadline:
        time.sleep(0.005)
    return stop.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_sets_the_flag_and_the_block_restores_the_handlers(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with stop_on_signals() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert wait_for(stop)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert "glassbert-stop" not in {thread.name for thread in threading.enumerate()}


def test_a_signal_that_the_parent_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert not stop.requested
            signal.raise_signal(signal.SIGTERM)
            assert wait_for(stop)
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_signals_do_not_stop() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with stop_on_signals() as stop:
            signal.raise_signal(signal.SIGUSR1)
            time.sleep(0.05)
            assert not stop.requested
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_outside_the_main_thread_the_flag_is_set_by_hand() -> None:
    seen = []

    def work() -> None:
        with stop_on_signals() as stop:
            stop.request()
            seen.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


BUSY = """
import hashlib, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from small_job import small_run
from glassbert.errors import Interrupted
from glassbert.train.stop import stop_on_signals
run = small_run(Path(sys.argv[1]))
def evaluate():
    if run.checkpoints.list():
        print("evaluating", flush=True)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**8)  # one call of many seconds, as a large tensor's would
        be
    return {"loss": 1.0}
run.job.evaluate = evaluate
with stop_on_signals() as run.stop:
    run.go({"save_every_seconds": 1e9})
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_leaves_within_a_second_with_the_checkpoint_intact(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    busy = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(tmp_path), str(HERE)], stdout=subprocess.PIPE, text=True
    )
    assert busy.stdout is not None and busy.stdout.readline() == "evaluating\n"
    busy.send_signal(number)
    time.sleep(0.3)
    assert busy.poll() is None
    began = time.monotonic()
    busy.send_signal(number)
    assert busy.wait(timeout=10) == code
    assert time.monotonic() - began < 1.0
    busy.stdout.close()
    assert Checkpoints(tmp_path / "checkpoints", run_id="small").list() == (10,)


def test_one_signal_stops_a_run_with_everything_saved(tmp_path: Path) -> None:
    script = BUSY.replace("if run.checkpoints.list():", "if False:").replace(
        'run.go({"save_every_seconds": 1e9})',
        'print("training", flush=True)\n'
        '    try: run.go({"total_steps": 10**6})\n'
        "    except Interrupted as error: print(error); sys.exit(error.exit_code)",
    )
    busy = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(HERE)], stdout=subprocess.PIPE, text=True
    )
    assert busy.stdout is not None and busy.stdout.readline() == "training\n"
    time.sleep(0.5)
    busy.send_signal(signal.SIGTERM)
    output, _ = busy.communicate(timeout=20)
    assert busy.returncode == 75
    step = Checkpoints(tmp_path / "checkpoints", run_id="small").list()[-1]
    assert f"stopped on request after step {step} of 1000000" in output
