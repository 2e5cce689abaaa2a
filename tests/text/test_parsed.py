"""Objects to columns."""

import pytest

from glassbert.errors import DataError
from glassbert.text.parsed import MAX_COLUMNS, from_objects


def test_columns_stand_in_the_order_in_which_keys_appear() -> None:
    parsed = from_objects([{"b": 1}, {"a": 2, "b": 3}], [4, 7], name="a.jsonl")
    assert parsed.names == ["b", "a"]
    assert parsed.columns == [[1, 3], [None, 2]]
    assert parsed.rows.tolist() == [4, 7]


def test_rows_without_common_keys_cannot_fill_memory() -> None:
    with pytest.raises(DataError, match="too-many-columns"):
        from_objects(
            [{str(index): 1} for index in range(10 * MAX_COLUMNS)], range(10 * MAX_COLUMNS), name="a"
        )


def test_no_object_is_no_example() -> None:
    with pytest.raises(DataError, match="0 examples"):
        from_objects([], [], name="a.jsonl")
