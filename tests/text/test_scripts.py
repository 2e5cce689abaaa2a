"""The script of a text: letters only, most of them, and named as Unicode names them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.scripts import MIXED, NAMES, NONE, OTHER, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A fine film, 3 stars!", "Latin"),
        ("Très bon — cœur", "Latin"),
        ("Việt Nam đẹp", "Latin"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "Latin"),
        ("Хороший фильм", "Cyrillic"),
        ("这部电影很好看", "Han"),
        ("映画はとても良かったです", "Kana and Han"),
        ("ﾊﾝｶｸ カタカナ", "Kana and Han"),
        ("영화가 좋았다", "Hangul"),
        ("فيلم جيد", "Arabic"),
        ("סרט טוב", "Hebrew"),
        ("अच्छी फिल्म", "Devanagari"),
        ("หนังดี", "Thai"),
        ("καλή ταινία", "Greek"),
        ("𓀀𓀁𓀂", OTHER),
        ("12:30 — 😀 !!!", NONE),
        ("", NONE),
        ("good хорошо", MIXED),
        ("iPhone手机很好用，我非常非常喜欢这个手机", "Han"),
    ],
)
def test_text_has_the_script_of_most_of_its_letters(text: str, script: str) -> None:
    assert script_of(text) == script


@given(st.text(max_size=60))
def test_any_text_has_one_script(text: str) -> None:
    named = {*NAMES.values(), "Kana and Han", MIXED, OTHER, NONE}
    assert script_of(text) in named
    has_letter = any(unicodedata.category(character).startswith("L") for character in text)
    assert (script_of(text) == NONE) == (not has_letter)


@given(st.text(max_size=60), st.randoms())
def test_order_of_the_characters_does_not_matter(text: str, random) -> None:
    shuffled = "".join(random.sample(text, len(text)))
    assert script_of(shuffled) == script_of(text)


def test_unassigned_and_lone_surrogate_are_no_letters() -> None:
    assert script_of("\ud800\u0378") == NONE
