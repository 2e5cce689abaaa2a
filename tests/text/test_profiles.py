"""What the figures of a column say about it."""

from typing import Any

import pandas as pd
import pytest

from glassbert.text.profiles import Profile, count_words, profile


def profile_of(cells: list[Any]) -> Profile:
    return profile(pd.DataFrame({"x": pd.Series(cells, dtype=object)}), "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one long string of cliches .", 5),
        ("Mon Apr 06 22:19:45 PDT 2009", 3),
        ("john.doe@example.com", 0),
        ("https://example.com/a b", 1),
        ("这个宾馆", 2),
        ("ok 这个宾馆", 3),
        ("don't re-read it", 3),
        ("a1 b2 c3", 0),
    ],
)
def test_words_are_counted_as_people_do(text: str, words: float) -> None:
    assert count_words(text) == words


def test_figures_are_exact() -> None:
    figures = profile_of(["aa", "bbbb", "aa", None])
    assert (figures.rows, figures.distinct, figures.mean_characters) == (4, 3, pytest.approx(8 / 3))
    assert figures.strings and figures.scalars and not figures.numeric


@pytest.mark.parametrize(
    "cells",
    [
        ["pos", "neg"] * 5,
        [0, 1, 2] * 4,
        [True, False] * 3,
        ["NC", "AD", "NC", "IN"],
        [f"topic {index}" for index in range(10)] * 100,
    ],
)
def test_labels_repeat(cells: list[Any]) -> None:
    figures = profile_of(cells)
    assert figures.repeats and not figures.running


@pytest.mark.parametrize(
    "cells",
    [
        ["same"] * 10,
        [f"k{index}" for index in range(10)],
        list(range(100)),
        [0.5, 0.25] * 10,
        [["a"]] * 10,
        [None] * 10,
        [f"{index}" for index in range(50)] * 2,
        ["word " * 20, "other " * 20] * 10,
    ],
)
def test_other_columns_do_not_repeat_like_labels(cells: list[Any]) -> None:
    assert not profile_of(cells).repeats


def test_sampling_spans_the_whole_column() -> None:
    cells = ["x"] * 5000 + ["some words of running text here"] * 5000
    assert profile_of(cells).mean_words == pytest.approx(3.5, rel=0.05)
