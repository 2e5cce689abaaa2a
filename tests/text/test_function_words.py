"""Languages by their little words, on sentences by hand and on public captions in three languages."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from glassbert.text.function_words import UNTOLD, WORDS, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dog is on the roof of a house.", "English"),
        ("Der Hund ist auf dem Dach, und die Katze nicht.", "German"),
        ("Le chien est sur le toit, et le chat dans la maison.", "French"),
        ("El perro está en el tejado y la casa es muy grande.", "Spanish"),
        ("O cão não está em casa, mas o gato está com você.", "Portuguese"),
        ("Il cane è sul tetto e la casa della donna non è grande.", "Italian"),
        ("De hond is op het dak en de kat is niet in huis.", "Dutch"),
        ("Собака была на крыше, и он только что это увидел.", "Russian"),
        ("狗在屋顶上。", "Chinese"),
        ("犬は屋根の上にいる。", "Japanese"),
        ("개가 지붕 위에 있다.", "Korean"),
        ("och det som en et på av", UNTOLD),
        ("warm film", UNTOLD),
        ("the dog", UNTOLD),
        ("", UNTOLD),
        ("12 345", UNTOLD),
        ("\ud800 the of", "English"),
    ],
)
def test_a_language_is_told_or_not_told(text: str, language: str) -> None:
    assert language_of(text) == language


def test_every_word_is_one_word_that_is_found_again() -> None:
    for language, words in WORDS.items():
        each = words.split()
        assert len(each) >= 20 and all(word == word.lower() and word.isalpha() for word in each), language


@pytest.mark.data
@pytest.mark.parametrize(("code", "language"), [("en", "English"), ("de", "German"), ("fr", "French")])
def test_few_captions_are_taken_for_another_language(shared_data: Path, code: str, language: str) -> None:
    with gzip.open(shared_data / "multi30k" / f"test_2016_flickr.{code}.gz", "rt", encoding="utf-8") as file:
        found = Counter(map(language_of, file))
    assert found.total() == 1000 and found[language] > 850
    assert found.total() - found[language] - found[UNTOLD] <= 5
