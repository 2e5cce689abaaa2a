"""The first few hundred inputs of `fuzz_tables`, which runs a million in the background."""

from pathlib import Path

import pytest
from tests.text.fuzz_tables import made, outcome

from glassbert.errors import DataError
from glassbert.text.tables import read_table


def test_rows_read_are_rows_used_and_rows_reported(tmp_path: Path) -> None:
    ends = {outcome(*made(number, 7), tmp_path / "input") for number in range(600)}
    assert {"read", "read in part", "wrong-field-count", "not-json"} <= ends


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", "{}\n{}\n"), ("a.json", "[{}, {}]")])
def test_objects_without_any_key_are_no_table(tmp_path: Path, name: str, content: str) -> None:
    """Found by the fuzzing: two rows without a column are a table of no rows."""
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="no-columns: every object is empty"):
        read_table(tmp_path / name)
