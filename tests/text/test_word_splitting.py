"""Words of plain texts: what a word is, that nothing visible is lost, and that words make texts again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.word_splitting import joined, split_words


def words(text: str) -> list[str]:
    return [text[begin:end] for begin, end in split_words(text).tolist()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Warm, funny.", ["Warm", ",", "funny", "."]),
        ("don't O\u2019Neill 'tis dogs'", ["don't", "O\u2019Neill", "'", "tis", "dogs", "'"]),
        ("3.14 1,000 10:30 v2. 1..2", ["3.14", "1,000", "10:30", "v2", ".", "1", ".", ".", "2"]),
        ("York-based U.N.", ["York", "-", "based", "U", ".", "N", "."]),
        ("我爱北京abc好", ["我", "爱", "北", "京", "abc", "好"]),
        ("e\u0301te\u0301 नमस्ते", ["e\u0301te\u0301", "नमस्ते"]),
        ("👩‍👩‍👧‍👦👍🏽🇩🇪🇫🇷🏳️‍🌈", ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "🇫🇷", "🏳️‍🌈"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("a\u200bb\tc\u00a0d\u2028e", ["a", "b", "c", "d", "e"]),
        ("", []),
        (" \t\n\x07\u200b", []),
    ],
)
def test_words_are_these(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=60))
def test_words_come_in_order_and_nothing_visible_is_outside_them(text: str) -> None:
    spans = split_words(text)
    flat = spans.ravel().tolist()
    assert flat == sorted(flat) and (spans[:, 0] < spans[:, 1]).all()
    inside = {place for begin, end in spans.tolist() for place in range(begin, end)}
    left = {unicodedata.category(text[place]) for place in range(len(text)) if place not in inside}
    assert left <= {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"}


@given(st.lists(st.text(min_size=1, max_size=6), max_size=12))
def test_joined_words_lie_where_they_are_said_to_lie(given_words: list[str]) -> None:
    text, spans = joined(given_words)
    assert [text[begin:end] for begin, end in spans.tolist()] == given_words


def test_chinese_words_are_joined_without_a_space() -> None:
    assert joined(["中", "国", "U", "N", "人"])[0] == "中国 U N 人"
