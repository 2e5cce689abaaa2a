"""run.json: written whole, read with care; what may be replaced."""

import json
from pathlib import Path

import pytest

from glassbert.errors import DataError, MissingInputError, OutputError
from glassbert.runs.directory import WRITTEN, RunDirectory, clear, refuse_foreign, refuse_full
from tests.runs.material import read_json


def test_a_new_run_is_running_and_has_an_id_of_its_own(tmp_path: Path) -> None:
    first, second = (RunDirectory.create(tmp_path / name, {"task": "t"}) for name in "ab")
    document = read_json(tmp_path / "a" / "run.json")
    assert document["status"] == "running"
    assert document["format_version"] == 1
    assert document["task"] == "t"
    assert first.run_id != second.run_id
    assert not first.is_finished


def test_an_update_is_there_for_the_next_reader(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", {})
    run.update({"status": "finished", "note": "é"})
    again = RunDirectory.open(tmp_path / "run")
    assert again.is_finished
    assert again.document == run.document


def test_an_update_that_cannot_be_written_leaves_the_file_whole(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", {})
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(ValueError, match="JSON compliant"):
        run.update({"loss": float("nan")})
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_a_run_that_was_moved_away_is_not_begun_again(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", {})
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        run.update({"status": "stopped"})
    assert not (tmp_path / "run").exists()


def test_no_run_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no run here"):
        RunDirectory.open(tmp_path)


def test_a_directory_of_several_runs_names_them(tmp_path: Path) -> None:
    for name in ("seed-0", "seed-1", "种子"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    with pytest.raises(MissingInputError, match="name one of the runs in it: seed-0, seed-1, 种子"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format_version": 2}, "newer-format"),
        ({"format_version": "1"}, "not-a-run"),
        ({"format_version": None}, "not-a-run"),
        ({"run_id": 7}, "not-a-run"),
        ({"status": "done"}, "not-a-run"),
        ({"status": None}, "not-a-run"),
    ],
)
def test_a_run_json_of_another_kind_is_refused(tmp_path: Path, change: dict[str, object], code: str) -> None:
    document = {"format_version": 1, "run_id": "x", "status": "running", **change}
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(DataError) as caught:
        RunDirectory.open(tmp_path)
    assert caught.value.problems[0].code == code


def test_a_full_directory_is_no_place_for_a_new_run(tmp_path: Path) -> None:
    refuse_full(tmp_path)
    refuse_full(tmp_path / "absent")
    (tmp_path / ".lock").touch()
    refuse_full(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputError, match=r"not empty \(notes.txt\).*--resume.*--overwrite"):
        refuse_full(tmp_path)


def test_a_file_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for refuse in (refuse_full, refuse_foreign):
        with pytest.raises(OutputError, match="Not a directory"):
            refuse(tmp_path / "file")


def test_only_a_run_may_be_replaced(tmp_path: Path) -> None:
    refuse_foreign(tmp_path)
    (tmp_path / "predictions.csv").touch()
    with pytest.raises(OutputError, match="not a run"):
        refuse_foreign(tmp_path)
    (tmp_path / "run.json").touch()
    (tmp_path / ".tmp-dead").touch()
    refuse_foreign(tmp_path)
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(OutputError, match=r"not a run.*thesis\.docx"):
        refuse_foreign(tmp_path)


def test_clearing_removes_what_a_run_writes_and_nothing_else(tmp_path: Path) -> None:
    for name in WRITTEN:
        place = tmp_path / name
        if "." in name:
            place.touch()
        else:
            place.mkdir()
            (place / "inside").touch()
    (tmp_path / "mine").touch()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"mine", ".lock"}


def test_clearing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "run" / "model").symlink_to(tmp_path / "precious")
    clear(tmp_path / "run")
    assert (tmp_path / "precious" / "file").exists()
    assert not (tmp_path / "run" / "model").exists()


def test_the_finished_run_holds_what_the_design_says(finished: Path) -> None:
    held = {path.name for path in finished.iterdir()}
    assert held == {
        "run.json", "metrics.jsonl", "predictions.csv", "checkpoints", "model", "tensorboard", ".lock"
    }  # fmt: skip
    assert held <= set(WRITTEN)
