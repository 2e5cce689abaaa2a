"""The task is guessed from names and contents, with a reason."""

import pandas as pd
import pytest

from glassbert.runs.check.guess import guess_task
from glassbert.text.asked import Asked
from glassbert.text.tables import read_table

WORDS = [f"the film number {i} is a long story about nothing" for i in range(40)]
OTHERS = [f"nobody would have guessed how plot {i} was going to end" for i in range(40)]
HALVES = ["good", "bad"] * 20
CASES = {
    "labels": ({"text": WORDS, "label": HALVES}, "text-classification", "one of 2 different labels"),
    "pairs": (
        {"premise": WORDS, "hypothesis": OTHERS, "label": HALVES},
        "text-pair-classification",
        "'premise' and 'hypothesis' are two texts",
    ),
    "fractions": (
        {"text": WORDS, "score": [str(i / 8) for i in range(40)]},
        "text-regression",
        "'score' holds numbers with fractions",
    ),
    "pairs with a score": (
        {"sentence1": WORDS, "sentence2": OTHERS, "score": [i / 8 for i in range(40)]},
        "text-regression",
        "'score' holds numbers with fractions",
    ),
    "many whole numbers": (
        {"text": WORDS, "label": [i % 25 for i in range(40)]},
        "text-regression",
        "25 different whole numbers",
    ),
    "five stars": (
        {"text": WORDS, "stars": [1 + i % 5 for i in range(40)]},
        "text-classification",
        "5 different",
    ),
    "lists": (
        {"text": WORDS, "tags": [["a", "b"], ["a"]] * 20},
        "multi-label-classification",
        "'tags' holds lists",
    ),
    "joined": (
        {"text": WORDS, "labels": ["film;plot", "film"] * 20},
        "multi-label-classification",
        "joined by ';'",
    ),
    "written lists": (
        {"text": WORDS, "labels": ['["a", "b"]', "[]"] * 20},
        "multi-label-classification",
        "written as JSON",
    ),
    "columns of 0 and 1": (
        {"text": WORDS, "toxic": ["0", "1"] * 20, "rude": ["1", "0"] * 20},
        "multi-label-classification",
        "2 columns hold nothing but 0 and 1",
    ),
    "pairs that belong together": (
        {"anchor": WORDS, "positive": OTHERS},
        "sentence-similarity",
        "'anchor' and 'positive' belong together",
    ),
    "triplets": (
        {"Anchor": WORDS, "positive": OTHERS, "negative": WORDS[::-1]},
        "sentence-similarity",
        "and 'negative' does not",
    ),
    "an anchor and a positive with a label": (
        {"anchor": WORDS, "positive": OTHERS, "label": HALVES},
        "text-pair-classification",
        "two texts of one row",
    ),
    "questions": (
        {"question": WORDS, "context": OTHERS, "answers": [{"text": [], "answer_start": []}] * 40},
        "question-answering",
        "columns 'context' and 'question'",
    ),
    "words with tags": (
        {"tokens": [["Ann", "is"]] * 40, "ner_tags": [["B-PER", "O"]] * 40},
        "token-classification",
        "lists of words and of their tags: 'tokens', 'ner_tags'",
    ),
    "a stray semicolon": (
        {"text": WORDS, "label": ["a;b", *(["a", "b", "c"] * 13)]},
        "text-classification",
        "one of 4",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_task_is_guessed_with_a_reason(name: str) -> None:
    columns, task, reason = CASES[name]
    found = guess_task(read_table(pd.DataFrame(columns)))
    assert found.task == task
    assert reason in found.reasons[0]
    assert not found.told


def test_a_named_second_column_makes_pairs() -> None:
    frame = pd.DataFrame({"one": WORDS, "two": OTHERS, "label": HALVES})
    found = guess_task(read_table(frame), Asked(text="one", pair="two"))
    assert found.task == "text-pair-classification"
