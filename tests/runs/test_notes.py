"""glassbert.json: read with care, written with more than is read."""

import json
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.runs.notes import FILE, ModelNotes, read_notes, write_notes


def test_notes_come_back(tmp_path: Path) -> None:
    notes = ModelNotes(task="text-classification", max_length=77, temperature=1.5, label_type="int")
    write_notes(tmp_path, notes, more={"run_id": "x"})
    assert read_notes(tmp_path) == notes
    assert json.loads((tmp_path / FILE).read_text())["run_id"] == "x"


def test_a_directory_without_notes_has_the_neutral_ones(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == ModelNotes()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": -1.5}, "temperature is -1.5"),
        ({"temperature": True}, "temperature is True"),
        ({"temperature": "1"}, "temperature is '1'"),
        ({"max_length": 2}, "max_length is 2"),
        ({"max_length": 12.0}, "max_length is 12.0"),
        ({"max_length": True}, "max_length is True"),
        ({"task": 5}, "task is 5"),
        ({"label_type": "complex"}, "label_type is 'complex'"),
        ({"label_type": ["int"]}, "label_type is"),
        ({"format_version": "1"}, "format_version is '1'"),
        ({"format_version": None}, "format_version is None"),
        ({"format_version": 2}, "newer than 1"),
    ],
)
def test_a_value_without_sense_is_refused_with_the_file(
    tmp_path: Path, content: dict[str, object], named: str
) -> None:
    (tmp_path / FILE).write_text(json.dumps({"format_version": 1, **content}))
    with pytest.raises(DataError, match=named) as caught:
        read_notes(tmp_path)
    assert caught.value.problems[0].file == str(tmp_path / FILE)
