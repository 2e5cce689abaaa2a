"""Slices are only called weak when the figures support it; counts and figures are those of the rows."""

import math

import numpy as np
import pytest

from glassbert.tasks.proportions import difference, fisher, holm, wilson
from glassbert.tasks.slices import LEVEL, Slices, measure
from glassbert.tasks.slicing import MIN_ROWS, LeftOut, Slicing, by_number, by_value


def table(rows: int, *, seed: int, accuracy: float = 0.85) -> tuple[list[Slicing | LeftOut], np.ndarray]:
    """Slicings that have nothing to do with which rows are right."""
    random = np.random.default_rng(seed)
    ways = [
        by_number("length", random.integers(1, 60, rows).astype(np.float64)),
        by_value("label", [str(i) for i in random.integers(0, 4, rows)]),
        by_value("script", random.choice(["Latin", "Han", "Arabic"], rows, p=[0.9, 0.07, 0.03]).tolist()),
        LeftOut(kind="column", name="id", reason="value-per-row", number=rows),
    ]
    return ways, random.random(rows) < accuracy


def test_every_figure_is_that_of_its_rows() -> None:
    ways, right = table(700, seed=1)
    found = measure(ways, right)
    assert (found.rows, found.right) == (700, int(right.sum()))
    seen = set()
    for each in found.slices:
        inside = found.slicings[each.slicing].bins == each.bin
        assert (each.rows, each.right) == (inside.sum(), right[inside].sum())
        assert each.accuracy == right[inside].mean()
        assert (each.low, each.high) == tuple(map(float, wilson(np.array(each.right), np.array(each.rows))))
        assert each.difference == pytest.approx(right[inside].mean() - right[~inside].mean())
        ends = difference(
            np.array(each.right), np.array(each.rows),
            other_hits=right[~inside].sum(), other_total=(~inside).sum(),
        )  # fmt: skip
        assert (each.difference_low, each.difference_high) == tuple(map(float, ends))
        assert each.difference_low <= each.difference <= each.difference_high
        seen.add((each.slicing, each.bin))
    assert len(seen) == len(found.slices) == sum(len(way.values) for way in found.slicings)
    assert found.left_out == (ways[-1],)


def test_rows_of_each_slicing_add_up_to_all_rows() -> None:
    ways, right = table(531, seed=2)
    found = measure(ways, right)
    for number in range(len(found.slicings)):
        parts = [each for each in found.slices if each.slicing == number]
        assert sum(each.rows for each in parts) == 531
        assert sum(each.right for each in parts) == right.sum()


def test_adjusted_values_are_holm_over_all_tested_slices() -> None:
    ways, right = table(700, seed=3)
    found = measure(ways, right)
    tested = [each for each in found.slices if each.verdict != "too-few"]
    assert found.tested == len(tested) < len(found.slices), "the fixture must hold a slice with few rows"
    raw = np.array([each.p for each in tested])
    np.testing.assert_array_equal([each.adjusted for each in tested], holm(raw))
    for each in tested:
        rest_rows, rest_right = 700 - each.rows, int(right.sum()) - each.right
        assert each.p == fisher(each.right, each.rows, other_hits=rest_right, other_total=rest_rows)


def test_slices_with_few_rows_get_no_verdict() -> None:
    values = ["few"] * (MIN_ROWS - 1) + ["some"] * MIN_ROWS + ["rest"] * 200
    right = np.array([False] * (2 * MIN_ROWS - 1) + [True] * 200)
    found = measure([by_value("column", values, name="x")], right)
    by_name = {found.slicings[0].values[each.bin]: each for each in found.slices}
    assert by_name["few"].verdict == "too-few" and math.isnan(by_name["few"].p)
    assert by_name["some"].verdict == "worse" and by_name["rest"].verdict == "better"
    assert found.slices[-1] is by_name["few"], "what cannot be judged comes last"


def test_rest_with_few_rows_is_no_yardstick() -> None:
    values = ["few"] * (MIN_ROWS - 1) + ["most"] * 300
    found = measure([by_value("script", values)], np.arange(329) % 2 == 0)
    assert {each.verdict for each in found.slices} == {"too-few"}


def test_slices_are_sorted_by_how_clearly_they_are_worse() -> None:
    values = [name for name in "abcde" for _ in range(100)]
    shares = {"a": 0.99, "b": 0.8, "c": 0.4, "d": 0.75, "e": 0.9}
    right = np.array([i % 100 < 100 * shares[name] for i, name in enumerate(values)])
    found = measure([by_value("label", values)], right)
    assert [found.slicings[0].values[each.bin] for each in found.slices] == ["c", "d", "b", "e", "a"]
    assert [each.verdict for each in found.slices][0] == "worse" and found.slices[-1].verdict == "better"


def false_claims(found: Slices) -> int:
    return sum(each.verdict in ("worse", "better") for each in found.slices)


def test_tables_without_a_weak_slice_name_one_in_at_most_one_of_twenty() -> None:
    """400 tables at a level of 5 %: 20 are expected at most, and 33 have a chance of 0.3 %."""
    wrong = sum(false_claims(measure(*table(400, seed=seed))) > 0 for seed in range(400))
    assert wrong <= 32


def test_a_planted_weak_slice_is_found_and_alone() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        ways, right = table(2000, seed=int(random.integers(1 << 30)), accuracy=0.9)
        weak = random.random(2000) < 0.1
        right[weak] = random.random(weak.sum()) < 0.65
        planted = by_value("column", ["yes" if each else "no" for each in weak], name="weak")
        found = measure([*ways, planted], right)
        assert found.slices[0].verdict == "worse"
        assert found.slicings[found.slices[0].slicing].values[found.slices[0].bin] == "yes"


def test_a_model_without_mistakes_has_no_weak_slice() -> None:
    ways, right = table(500, seed=6, accuracy=2.0)
    found = measure(ways, right)
    assert right.all() and {each.verdict for each in found.slices} <= {"same", "too-few"}
    assert all(each.high == 1 for each in found.slices)


def test_level_is_that_of_the_page() -> None:
    assert LEVEL == 0.05
