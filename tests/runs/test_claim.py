"""An output directory belongs to one process, and is as it was when a run never began."""

import subprocess
import sys
from pathlib import Path

import pytest

from glassbert.errors import MissingInputError, OutputError
from glassbert.runs.claim import claimed
from glassbert.runs.directory import RunDirectory
from glassbert.train.lock import RunLock

HOLD = """
import sys, time
from pathlib import Path
from glassbert.train.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_directory_made_for_a_run_that_never_began_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    with pytest.raises(ValueError, match="bad data"), claimed(out, resume=False, overwrite=False):
        assert out.is_dir()
        raise ValueError("bad data")
    assert not out.exists()


def test_a_directory_that_was_there_stays(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), claimed(tmp_path, resume=False, overwrite=False):
        raise ValueError("x")
    assert tmp_path.is_dir()


def test_a_run_that_began_stays(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(ValueError, match="x"), claimed(out, resume=False, overwrite=False):
        RunDirectory.create(out, {})
        raise ValueError("x")
    assert (out / "run.json").exists()


def test_overwriting_removes_nothing_by_itself(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, {})
    with claimed(tmp_path, resume=False, overwrite=True) as recorded:
        assert recorded is None
    assert (tmp_path / "run.json").exists()


def test_what_was_left_before_the_first_run_json_is_in_nobodys_way(tmp_path: Path) -> None:
    """A process that was killed while it wrote run.json, and wrote nothing else, leaves such a directory."""
    half = tmp_path / ".tmp-0123456789ab"
    for way in (False, True):
        half.write_bytes(b'{"format_version": 1')
        (tmp_path / ".lock").touch()
        with claimed(tmp_path, resume=False, overwrite=way) as recorded:
            assert recorded is None
            assert not half.exists()


@pytest.mark.parametrize("other", [".tmp-0123", ".tmp-0123456789abc", "x.tmp-0123456789ab"])
def test_names_that_no_write_of_ours_leaves_are_somebodys(tmp_path: Path, other: str) -> None:
    (tmp_path / other).touch()
    with pytest.raises(OutputError, match="not empty"), claimed(tmp_path, resume=False, overwrite=False):
        pass
    assert (tmp_path / other).exists()


def test_resuming_yields_the_recorded_run_and_tidies(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, {})
    (tmp_path / "model").mkdir()
    halves = [tmp_path / ".tmp-0a", tmp_path / "model" / ".tmp-0b"]
    for half in halves:
        half.touch()
    with claimed(tmp_path, resume=True, overwrite=False) as recorded:
        assert recorded is not None
        assert recorded.run_id == run.run_id
    assert not any(half.exists() for half in halves)


def test_resuming_nothing_is_missing_input_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError), claimed(tmp_path / "run", resume=True, overwrite=False):
        pass
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("way", [{"resume": True}, {"overwrite": True}])
def test_a_run_that_another_process_holds_is_refused(tmp_path: Path, way: dict[str, bool]) -> None:
    RunDirectory.create(tmp_path, {})
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None and holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(OutputError, match=f"held by process {holder.pid}"),
            claimed(tmp_path, **{"resume": False, "overwrite": False, **way}),
        ):
            pass
        holder.stdin.close()
    with RunLock(tmp_path):
        pass  # and is free once the holder has gone
