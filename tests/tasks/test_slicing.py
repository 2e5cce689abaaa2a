"""Every row is in exactly one bin, bins are what they say, and columns that cannot slice say why."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.tasks.slicing import (
    MOST_BINS,
    MOST_NUMBERS,
    MOST_VALUES,
    LeftOut,
    Slicing,
    by_column,
    by_number,
    by_value,
)

CELL = st.one_of(
    st.sampled_from(["", "a", "b", "news", "007", "7", "7.0", "-3", "1e3", "nan", "inf", "1_000", "٣"]),
    st.integers(-50, 50).map(str),
    st.floats(-9, 9).map(repr),
)


def check(slicing: Slicing, cells: list[str]) -> None:
    """Every row lies in the one bin that describes it."""
    assert len(slicing.bins) == len(cells)
    assert set(slicing.bins.tolist()) == set(range(len(slicing.values))), "no bin is empty"
    assert len(slicing.low) == len(slicing.high) == len(slicing.values) >= 2
    for cell, place in zip(cells, slicing.bins.tolist(), strict=True):
        holding = [
            b
            for b, (value, low, high) in enumerate(
                zip(slicing.values, slicing.low, slicing.high, strict=True)
            )
            if (cell == value if math.isnan(low) else bool(cell) and low <= float(cell) <= high)
        ]
        assert holding == [place]


@given(st.lists(CELL, min_size=1, max_size=200))
def test_every_row_of_a_column_is_in_the_bin_that_says_so(cells: list[str]) -> None:
    found = by_column("c", cells)
    if isinstance(found, Slicing):
        check(found, cells)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=400))
def test_every_number_is_in_one_part(numbers: list[int]) -> None:
    found = by_number("length", np.array(numbers, dtype=np.float64))
    if len(set(numbers)) == 1:
        assert found == LeftOut(kind="length", name="", reason="one-value", number=1)
        return
    assert isinstance(found, Slicing)
    check(found, [str(number) for number in numbers])
    assert len(found.values) <= MOST_BINS
    assert (found.low[1:] > found.high[:-1]).all(), "parts follow one another and do not overlap"


def test_parts_of_different_numbers_are_of_about_equal_size() -> None:
    numbers = np.random.default_rng(0).permutation(997).astype(np.float64)
    found = by_number("length", numbers)
    assert isinstance(found, Slicing)
    sizes = np.bincount(found.bins)
    assert len(sizes) == MOST_BINS and sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize(("rows", "parts"), [(40, 2), (89, 2), (90, 3), (149, 4), (150, 5), (9999, 5)])
def test_few_rows_are_cut_into_fewer_parts(rows: int, parts: int) -> None:
    found = by_number("length", np.arange(rows, dtype=np.float64))
    assert isinstance(found, Slicing) and len(found.values) == parts


def reason(cells: list[str]) -> tuple[str, int]:
    found = by_column("c", cells)
    assert isinstance(found, LeftOut)
    assert (found.kind, found.name) == ("column", "c")
    return found.reason, found.number


def test_columns_that_say_nothing_of_rows_are_left_out() -> None:
    assert reason([f"user {i}" for i in range(300)]) == ("value-per-row", 300)
    assert reason([str(i) for i in range(300)]) == ("value-per-row", 300)
    assert reason(["", *(f"k{i}" for i in range(300))]) == ("value-per-row", 300)
    assert reason(["x"] * 300) == ("one-value", 1)
    assert reason([""] * 300) == ("one-value", 1)
    assert reason([f"user {i % 100}" for i in range(300)]) == ("many-values", 100)
    assert reason([f"v{i % (MOST_VALUES + 1)}" for i in range(300)])[0] == "many-values"


def test_a_measurement_is_no_id_though_every_row_has_its_own() -> None:
    found = by_column("price", [repr(i + 0.5) for i in range(300)])
    assert isinstance(found, Slicing) and len(found.values) == MOST_BINS


def test_few_numbers_are_values_and_many_are_parts() -> None:
    few = by_column("stars", [str(i % MOST_NUMBERS) for i in range(300)])
    assert isinstance(few, Slicing) and few.values == tuple(str(i) for i in range(MOST_NUMBERS))
    many = by_column("year", [str(1990 + i % 30) for i in range(300)])
    assert isinstance(many, Slicing) and set(many.values) == {""} and len(many.values) == MOST_BINS


def test_empty_cells_are_a_bin_of_their_own() -> None:
    words = by_column("source", ["web", "", "mail", ""] * 10)
    assert isinstance(words, Slicing) and words.values == ("mail", "web", "")
    numbers = by_column("year", ["" if i % 3 == 0 else str(1900 + i) for i in range(300)] + ["1901"])
    assert isinstance(numbers, Slicing)
    assert np.isnan(numbers.low[-1]) and (numbers.bins[::3][:100] == len(numbers.values) - 1).all()


def test_values_are_in_an_order_that_people_expect() -> None:
    found = by_value("column", ["10", "9", "b", "", "a", "2"], name="x")
    assert isinstance(found, Slicing) and found.values == ("2", "9", "10", "a", "b", "")
