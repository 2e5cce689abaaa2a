"""Headers and data told apart, in both directions."""

from collections.abc import Sequence

import pytest

from glassbert.errors import DataError
from glassbert.text.header import check_delimiter, why_data

MANY = 100

HEADERS: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
    "plain": (["text", "label"], [["good", "bad"], ["pos", "neg"]]),
    "other words": (["Kommentar", "Note"], [["gut", "schlecht"], ["eins", "zwei"]]),
    "one letter": (["v1", "v2"], [["ham", "spam"], ["hello", "win"]]),
    "usual name that is a value": (["spam", "message"], [["spam", "ham"], ["win", "hello"]]),
    "numbers of pandas": (["0", "1"], [["good", "bad"], ["1", "0"]]),
    "years": (["country", "2010", "2011"], [["A", "B"], ["5", "6"], ["7", "8"]]),
    "one-hot": (["answer", "1", "2", "3"], [["a", "b"], ["0", "1"], ["1", "0"], ["0", "0"]]),
    "survey question": (
        ["How satisfied are you with our service?", "Would you come again?"],
        [["very", "not at all", "it was fine"], ["yes", "no", "yes"]],
    ),
    "long words": (["customer_feedback_as_given_in_the_shop", "satisfaction"], [["ok"], ["1"]]),
    "number over words": (["answer", "7"], [["a", "b"], ["yes", "no"]]),
    "a text that is the name, once in many": (
        ["Kommentar", "Note"],
        [["Kommentar"] + ["x"] * MANY, ["y"] * 101],
    ),
    "single question": (["Any comments?"], [["no", "none"]]),
    "chinese": (["评价内容", "情感"], [["这个宾馆比较陈旧了。", "很好"], ["0", "1"]]),
}
DATA: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
    "label comes again": (["great fun", "pos"], [["dull", "lovely"], ["neg", "pos"]]),
    "label comes again in many rows": (["x", "pos"], [["dull"] * MANY, ["neg", "pos"] * (MANY // 2)]),
    "numbers": (["3", "Fears for pension"], [["4", "3"], ["The Race is On", "Ky. Company Wins"]]),
    "single number over numbers": (["some film", "1"], [["other film", "third film"], ["0", "0"]]),
    "sentence": (["I loved it.", "pos"], [["I hated it."], ["neg"]]),
    "quoted sentence": (['He said "I loved it!"', "pos"], [["I hated it."], ["neg"]]),
    "chinese sentence": (["这个宾馆比较陈旧了。", "0"], [["很好"], ["a"]]),
    "novel": (["word " * 200, "pos"], [["short"], ["neg"]]),
}


@pytest.mark.parametrize("name", HEADERS)
def test_c13_ordinary_header_is_no_data(name: str) -> None:
    assert why_data(*HEADERS[name]) is None


@pytest.mark.parametrize("name", DATA)
def test_c13_data_in_the_first_row_is_no_header(name: str) -> None:
    assert why_data(*DATA[name]) is not None


@pytest.mark.timeout(5)
def test_c13_hostile_first_row_is_judged_in_linear_time() -> None:
    for cell in ["." * 1_000_000 + "x", "！字" * 500_000, "a b c" + "!" * 1_000_000]:
        why_data([cell, "pos"], [["x"], ["y"]])


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["text", "Hello, world", "One, two"], ","),
        (["Comments; please", "a", "b"], ","),
        (["Hello; world", "a; b"], ","),
        (["text,label", "a;b,1"], ","),
        (["text\tlabel", "a,b\t1"], "\t"),
        (["", ""], ","),
    ],
)
def test_c14_right_delimiter_is_left_alone(lines: list[str], delimiter: str) -> None:
    check_delimiter(lines, delimiter, file="a.csv")


@pytest.mark.parametrize(
    ("lines", "delimiter", "suggestion"),
    [
        (["text;label", "a, b;1"], ",", "use --delimiter ';'"),
        (["v1;v2", "a;1", "b;2"], ",", "use --delimiter ';'"),
        (["v1|v2", "a|1", "b|2"], ",", r"use --delimiter '\|'"),
        (["text\tlabel", "a, b\t1"], ",", "use --format tsv"),
        (["text,label", "a,1"], "\t", "use --format csv"),
        (['"text";"label"', '"a; b";1'], ",", "use --delimiter ';'"),
    ],
)
def test_c14_wrong_delimiter_is_refused_with_a_suggestion(
    lines: list[str], delimiter: str, suggestion: str
) -> None:
    with pytest.raises(DataError, match=suggestion) as caught:
        check_delimiter(lines, delimiter, file="a.csv")
    assert caught.value.exit_code == 65
