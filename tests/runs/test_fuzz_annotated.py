"""The first few hundred inputs of `fuzz_annotated`, which runs a million in the background."""

from pathlib import Path

from tests.runs.fuzz_annotated import made, outcome


def test_rows_are_used_or_reported_and_used_rows_are_sound(tmp_path: Path) -> None:
    ends = {outcome(*made(number, 7), tmp_path / "input") for number in range(400)}
    assert {"read", "read in part", "bad-tag", "empty-question", "not-json"} <= ends
