"""Columns that give the label away: leave-one-out by hand, planted leaks, and innocent columns."""

from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from glassbert.runs.check.giveaway import (
    giveaway_numbers,
    giveaway_words,
    giveaways,
    share_by_order,
    share_by_value,
)
from glassbert.tasks.task import Examples
from glassbert.text.columns import Columns
from glassbert.text.tables import read_table

LABELS = ["good", "bad", "good", "good"] * 25
COLUMNS = Columns(text="text", label="label", reasons=())


def left_out(values: list[int], labels: list[int]) -> float:
    """Every row guessed from all others, counted one by one."""
    right = 0
    for row, (value, label) in enumerate(zip(values, labels, strict=True)):
        rest = Counter(
            labels[i] for i, other in enumerate(values) if i != row and other == value
        ).most_common(2)
        if rest and rest[0][0] == label and (len(rest) == 1 or rest[0][1] > rest[1][1]):
            right += 1
    return right / len(values)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40))
def test_the_share_is_that_of_leaving_one_out(pairs: list[tuple[int, int]]) -> None:
    values, labels = (list(each) for each in zip(*pairs, strict=True))
    assert share_by_value(np.array(values), np.array(labels)) == left_out(values, labels)


def found_in(**columns: list[object]) -> list[str]:
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(100)], "label": LABELS, **columns})
    return [str(each.facts["column"]) for each in giveaways(read_table(frame), COLUMNS, LABELS)]


def test_a_copy_of_the_label_gives_it_away() -> None:
    assert found_in(copy=[label[0] for label in LABELS], same=["x"] * 100) == ["copy"]


def test_a_copy_with_a_few_errors_does_too() -> None:
    copy = [label[0] for label in LABELS]
    copy[:4] = ["?"] * 4
    assert found_in(copy=copy) == ["copy"]


def test_row_numbers_of_a_sorted_file_give_it_away() -> None:
    order = np.argsort(np.argsort(np.array(LABELS), kind="stable")).tolist()
    assert found_in(number=order) == ["number"]


def test_numbers_and_words_that_know_nothing_are_not_named() -> None:
    draw = np.random.default_rng(0)
    assert (
        found_in(
            id=list(range(100)),
            author=draw.choice(["ann", "bo", "cy"], 100).tolist(),
            price=draw.random(100).tolist(),
            one=["x"] * 100,
            lists=[["a"]] * 100,
        )
        == []
    )


def test_a_constant_column_of_a_sorted_file_is_innocent() -> None:
    labels = np.array([0] * 50 + [1] * 50)
    assert 0.3 < share_by_order(np.ones(100), labels) < 0.7


def test_a_label_written_into_the_text_is_named() -> None:
    texts = [f"{label}: a text about {i}" for i, label in enumerate(LABELS)]
    assert [each.facts["place"] for each in giveaway_words(texts, LABELS)] == ["first"]
    assert giveaway_words([f"a text about {i}" for i in range(100)], LABELS) == []


def test_a_column_that_orders_rows_as_the_number_does_is_named() -> None:
    draw = np.random.default_rng(1)
    numbers = draw.random(100)
    frame = pd.DataFrame(
        {
            "text": ["a"] * 100,
            "label": numbers,
            "percent": (100 * numbers**2).tolist(),
            "noise": draw.random(100).tolist(),
            "fixed": [3.0] * 100,
        }
    )
    examples = Examples(texts=["a"] * 100, targets=numbers, rows=np.arange(100))
    found = giveaway_numbers(read_table(frame), COLUMNS, examples)
    assert [each.facts["column"] for each in found] == ["percent"]
    assert found[0].facts["spearman"] > 0.999
