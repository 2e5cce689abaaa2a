"""The log: whole lines whatever happens, the same numbers for TensorBoard, a full disk that is survived."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from glassbert.errors import DataError, MissingInputError, OutputError, StorageError
from glassbert.train.log import MetricsLog, read_metrics


def rows_of(directory: Path) -> list[dict]:
    return read_metrics(directory / "metrics.jsonl")


def test_rows_read_back_as_they_were_written(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write({"step": 1, "loss": 0.1 + 0.2, "note": "Größe 语"})
        log.write({"step": 2, "loss": float("nan"), "gradient_norm": float("inf")})
        log.event("stop", step=2, reason="requested")
    rows = rows_of(tmp_path)
    assert [list(row) for row in rows] == [
        ["step", "time", "loss", "note"],
        ["step", "time", "loss", "gradient_norm"],
    ]
    assert rows[0]["loss"] == 0.1 + 0.2 and rows[0]["note"] == "Größe 语"
    assert rows[1]["loss"] is rows[1]["gradient_norm"] is None
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["event"] == "stop"


def test_rows_that_a_resume_made_void_are_dropped(tmp_path: Path) -> None:
    for begin, end in ((1, 8), (4, 6), (6, 10)):
        with MetricsLog(tmp_path, tensorboard=False) as log:
            if begin > 1:
                log.event("resume", step=begin - 1)
            for step in range(begin, end):
                log.write({"step": step, "part": begin})
    rows = rows_of(tmp_path)
    assert [row["step"] for row in rows] == list(range(1, 10))
    assert [row["part"] for row in rows] == [1, 1, 1, 4, 4, 6, 6, 6, 6]


def test_a_torn_last_line_is_ignored_and_then_cut_off(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write({"step": 1})
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 2, "lo')
    assert [row["step"] for row in rows_of(tmp_path)] == [1]
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write({"step": 3})
    assert [row["step"] for row in rows_of(tmp_path)] == [1, 3]


def test_a_line_that_is_no_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for bad in ("[1]", "{}", '{"step": "1"}', "nonsense"):
        path.write_text(f'{{"step": 1}}\n{bad}\n')
        with pytest.raises(DataError, match=r"metrics\.jsonl:2: bad-log-line"):
            read_metrics(path)
    with pytest.raises(MissingInputError, match="No such file"):
        read_metrics(tmp_path / "nothing.jsonl")


WRITER = """
import sys
from pathlib import Path
from glassbert.train.log import MetricsLog
log = MetricsLog(Path(sys.argv[1]))
for step in range(1, 10**6):
    log.write({"step": step, "loss": 1 / step})
    if step == 50: print("going", flush=True)
"""


def test_a_kill_leaves_a_readable_log(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    rows = rows_of(tmp_path)
    assert len(rows) >= 50 and [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    events = scalars(tmp_path, "loss")
    assert len(events) in (len(rows), len(rows) - 1)


def scalars(directory: Path, tag: str) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(directory / "tensorboard"), size_guidance={"scalars": 0})
    accumulator.Reload()
    return [(event.step, event.value) for event in accumulator.Scalars(tag)]


def test_tensorboard_reads_the_same_scalars(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        for step in range(1, 6):
            log.write(
                {"step": step, "loss": 1 / step, "learning_rate": 1e-4, "note": "no scalar", "bad": math.inf}
            )
        log.write({"step": 5, "validation_loss": 0.25})
    assert scalars(tmp_path, "loss") == [(step, pytest.approx(1 / step)) for step in range(1, 6)]
    assert scalars(tmp_path, "validation_loss") == [(5, 0.25)]
    with pytest.raises(KeyError):
        scalars(tmp_path, "bad")


def test_tensorboard_forgets_what_a_resume_made_void(tmp_path: Path) -> None:
    for begin, end in ((1, 8), (4, 6)):
        with MetricsLog(tmp_path) as log:
            if begin > 1:
                log.event("resume", step=begin - 1)
            for step in range(begin, end):
                log.write({"step": step, "loss": float(begin)})
    assert scalars(tmp_path, "loss") == [(1, 1.0), (2, 1.0), (3, 1.0), (4, 4.0), (5, 4.0)]


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_takes_whole_lines_or_none_and_room_lets_it_go_on(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, max_failures=1000) as log:
        with file_size_limit(2000):
            for step in range(1, 100):
                log.write({"step": step, "loss": 1 / step})
        kept = len(rows_of(tmp_path))
        assert 10 < kept < 50 and len(log.warnings) == 99 - kept
        assert "make room" in log.warnings[0]
        log.write({"step": 100, "loss": 0.0})
    assert [row["step"] for row in rows_of(tmp_path)] == [*range(1, kept + 1), 100]
    assert scalars(tmp_path, "loss")[-1] == (100, 0.0)


def test_writes_that_keep_failing_become_an_error(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, tensorboard=False, max_failures=3) as log, file_size_limit(10):
        log.write({"step": 1})
        log.write({"step": 2})
        with pytest.raises(StorageError, match=r"metrics\.jsonl: write-failed"):
            log.write({"step": 3})
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""


def test_a_log_file_that_was_removed_is_begun_again(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, tensorboard=False) as log:
        log.write({"step": 1})
        (tmp_path / "metrics.jsonl").unlink()
        log.write({"step": 2})
        assert len(log.warnings) == 1 and "was removed" in log.warnings[0]
    assert [row["step"] for row in rows_of(tmp_path)] == [2]


def test_a_directory_that_was_renamed_keeps_its_log(tmp_path: Path) -> None:
    with MetricsLog(tmp_path / "before") as log:
        log.write({"step": 1, "loss": 1.0})
        (tmp_path / "before").rename(tmp_path / "after")
        log.write({"step": 2, "loss": 2.0})
    assert [row["step"] for row in rows_of(tmp_path / "after")] == [1, 2]


def test_a_log_that_cannot_be_opened_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        MetricsLog(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]
