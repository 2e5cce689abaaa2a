"""The record of two compared runs: what is held, what is cut, and how entities are said."""

from typing import Any

from glassbert.lens.comparison_record import ComparisonRecord
from glassbert.show.comparison import comparison_record
from glassbert.show.page import render_page, title_of
from glassbert.show.predictions import MAX_EXAMPLES, MAX_TEXT


def compared(**changes: Any) -> dict[str, Any]:
    """What `compare` gives of two runs that differ in two rows."""
    return {
        "runs": ["runs/one", "runs/two"],
        "task": "text-classification",
        "rows": 1200,
        "rows_only_in": [0, 3],
        "metrics": [{"accuracy": 0.75, "mcc": 0.5}, {"accuracy": 0.875, "mcc": 0.625}],
        "differences": {
            "accuracy": {"value": 0.125, "low": 0.0625, "high": 0.1875},
            "mcc": {"value": 0.125, "low": -0.25, "high": 0.5},
        },
        "test": {"name": "McNemar's exact test", "about": "accuracy", "p_value": 0.0078125},
        "more_tests": [],
        "outcome": "second better",
        "verdict": "runs/two is better.",
        "better": [{"row": 7, "text": "a warm film", "label": "good", "predictions": ["bad", "good"]}],
        "worse": [
            {"row": 9, "row_b": 12, "text": "q", "pair": "c", "label": "bad", "predictions": ["bad", "good"]}
        ],
        **changes,
    }


def test_every_value_is_in_the_record_and_survives_its_bytes() -> None:
    record = comparison_record(compared())
    record = ComparisonRecord.from_bytes(record.to_bytes())
    assert [(each.metric, each.first, each.second, each.low) for each in record.scores] == [
        ("accuracy", 0.75, 0.875, 0.0625),
        ("mcc", 0.5, 0.625, -0.25),
    ]
    assert (record.num_rows, record.only_second, record.num_better, record.num_worse) == (1200, 3, 1, 1)
    better, worse = record.rows
    assert (better.better, better.row, better.row_second, better.first, better.second) == (
        True, 7, None, "bad", "good",
    )  # fmt: skip
    assert (worse.better, worse.row_second, worse.text) == (False, 12, "q ‖ c")
    assert title_of(record) == "one → two · glassbert"
    assert b'data-record="ComparisonRecord"' in render_page(record)


def test_the_largest_changes_are_kept_and_all_are_counted() -> None:
    row = {"text": "x" * 5000, "label": "good", "predictions": ["bad", "good"]}
    record = comparison_record(compared(better=[{**row, "row": i} for i in range(3000)], worse=[]))
    assert record.num_better == 3000 and len(record.rows) < MAX_EXAMPLES
    assert [each.row for each in record.rows] == list(range(len(record.rows)))
    assert {len(each.text) for each in record.rows} == {MAX_TEXT}


def test_entities_are_said_as_each_run_said_them() -> None:
    place = {"type": "LOC", "word": "Rome", "start": 3, "end": 4, "true": True}
    false = {"type": "PER", "word": "of", "start": 2, "end": 3, "true": False}
    row = {"row": 2, "text": "Ann Lee of Rome", "label": "[]", "predictions": ["[]", "[]"]}
    found = compared(
        better=[{**row, "mended": [place, false], "broken": []}],
        worse=[{**row, "mended": [], "broken": [place]}],
    )
    better, worse = comparison_record(found).rows
    assert (better.label, better.first, better.second) == ("LOC Rome", "PER of", "LOC Rome")
    assert (worse.label, worse.first, worse.second) == ("LOC Rome", "LOC Rome", "–")
