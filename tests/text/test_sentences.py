"""Sentences end where people see them end, and nothing is lost between them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassbert.text.sentences import MAX_CHARACTERS, split_sentences

CASES = [
    ("One. Two! Three? Four", ["One.", " Two!", " Three?", " Four"]),
    ("Dr. Smith met J. Doe in St. Ives. He left.", ["Dr. Smith met J. Doe in St. Ives.", " He left."]),
    ('He said "No." Then he left.', ['He said "No."', " Then he left."]),
    ("About 3.5 km, e.g. here, etc. and so on.", ["About 3.5 km, e.g. here, etc. and so on."]),
    ("Wait... what? (Yes.) “So.” 7 came.", ["Wait... what?", " (Yes.)", " “So.”", " 7 came."]),
    ("他说：“好。”他走了！真的？是。", ["他说：“好。”", "他走了！", "真的？", "是。"]),
    ("no end", ["no end"]),
]


@pytest.mark.parametrize(("line", "wanted"), CASES)
def test_sentences_end_where_people_see_them_end(line: str, wanted: list[str]) -> None:
    assert split_sentences(line) == wanted


@given(st.text(st.sampled_from("aB1. !?\"'。！”中\u2026)"), min_size=1, max_size=60))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_nothing_is_lost_between_sentences(line: str) -> None:
    found = split_sentences(line)
    assert "".join(found) == line and all(found)


def test_a_line_without_an_end_is_cut_at_spaces() -> None:
    for line in ("word " * (MAX_CHARACTERS // 2), "x" * (3 * MAX_CHARACTERS + 1)):
        found = split_sentences(line)
        assert "".join(found) == line and max(map(len, found)) <= MAX_CHARACTERS
        assert all(part.startswith(" ") for part in found[1:]) or " " not in line
