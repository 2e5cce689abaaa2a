"""Baselines: what they score on real data, that they never see a label they should not, and their limits."""

import csv
import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from glassbert.tasks.baselines import TfidfOptions, majority, tfidf, writes_without_spaces
from glassbert.tasks.task import Examples

GOOD = ["a fine fine fine warm film", "fine acting, warm and funny", "warm, wise and fine", "funny and fine"]
BAD = ["a dull cold film", "dull acting, cold and long", "cold, long and dull", "long and dull"]


def examples(texts: list, targets: list[int] | None = None) -> Examples:
    given = None if targets is None else np.array(targets)
    return Examples(texts=texts, targets=given, rows=np.arange(len(texts)))


def read_tsv(path: Path) -> Examples:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return examples([row[1] for row in rows], [int(row[0]) for row in rows])


@pytest.fixture
def train() -> Examples:
    return examples(GOOD + BAD, [1] * 4 + [0] * 4)


def test_majority_answers_the_commonest_label_with_its_share() -> None:
    found = majority(examples(["a", "b", "c", "d"], [2, 2, 0, 2]), 3, num_classes=4)
    assert found.classes.tolist() == [2, 2, 2]
    np.testing.assert_array_equal(found.probabilities, [[0.25, 0, 0.75, 0]] * 3)


def test_tfidf_scores_every_row_in_the_order_of_the_labels(train: Examples) -> None:
    found = tfidf(train, examples(["warm and fine", "", "cold and dull"]), num_classes=2)
    assert found.probabilities.shape == (3, 2)
    np.testing.assert_allclose(found.probabilities.sum(1), 1)
    assert found.classes[[0, 2]].tolist() == [1, 0]
    assert found.probabilities[1] == pytest.approx([0.5, 0.5], abs=0.2)


def test_tfidf_equals_the_pipeline_that_its_notes_describe(train: Examples) -> None:
    found = tfidf(train, examples(["warm, long", "fine!"]), num_classes=2)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", sublinear_tf=True)
    expected = LogisticRegression(C=10).fit(vectorizer.fit_transform(train.texts), train.targets)
    np.testing.assert_allclose(
        found.probabilities, expected.predict_proba(vectorizer.transform(["warm, long", "fine!"])), atol=1e-4
    )
    assert found.notes == (
        "words and signs, 1- and 2-grams: 0% of the letters are of scripts without spaces",
        f"{len(vectorizer.vocabulary_)} terms, C = 10 (fixed)",
    )


def test_tfidf_gives_an_absent_label_no_probability(train: Examples) -> None:
    shifted = examples(train.texts, [2 * target + 1 for target in train.targets.tolist()])
    found = tfidf(shifted, examples(["warm"]), num_classes=5)
    assert found.probabilities[0, [0, 2, 4]].tolist() == [0, 0, 0]
    assert found.classes.tolist() == [3]


@pytest.mark.parametrize(("texts", "targets"), [(["a", "b"], [1, 1]), (["", " \n"], [0, 1]), (["only"], [2])])
def test_tfidf_equals_majority_where_nothing_can_be_fitted(texts: list[str], targets: list[int]) -> None:
    train = examples(texts, targets)
    found = tfidf(train, examples(["x", ""]), num_classes=3)
    np.testing.assert_array_equal(found.probabilities, majority(train, 2, num_classes=3).probabilities)
    assert "majority" in found.notes[0]


def test_tfidf_reads_emoji_and_control_characters(train: Examples) -> None:
    odd = ["👍👍", "👍 \x00", "\u200b👍", "👎", "👎\u202e", "👎 👎"]
    found = tfidf(examples(odd, [1, 1, 1, 0, 0, 0]), examples(["👍", "👎"]), num_classes=2)
    assert found.classes.tolist() == [1, 0]


def test_tfidf_reads_pairs_of_texts() -> None:
    pairs = [("a", "yes"), ("b", "yes"), ("a", "no"), ("c", "no")]
    found = tfidf(examples(pairs, [1, 1, 0, 0]), examples([("d", "yes"), ("d", "no")]), num_classes=2)
    assert found.classes.tolist() == [1, 0]


def test_tfidf_is_deterministic(train: Examples) -> None:
    once, again = (tfidf(train, train, num_classes=2).probabilities for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_tfidf_accepts_no_evaluation_rows(train: Examples) -> None:
    assert tfidf(train, examples([]), num_classes=2).probabilities.shape == (0, 2)


def test_every_limit_that_bites_is_stated(train: Examples) -> None:
    limits = TfidfOptions(max_characters=60, max_features=5, max_text_characters=20, max_iterations=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notes = " | ".join(tfidf(train, train, num_classes=2, options=limits).notes)
    assert "training texts cut to their first 20 characters" in notes
    assert "3 of 8 training rows, chosen at random: the limit is 60 characters" in notes
    assert "only the 5 commonest terms" in notes
    assert "stopped after 1 iterations, before convergence" in notes


def test_limits_shrink_with_the_number_of_labels() -> None:
    many = examples([f"word{i % 40} other{i}" for i in range(400)], [i % 40 for i in range(400)])
    limits = TfidfOptions(max_coefficients=4000, max_characters_times_classes=80_000)
    notes = " | ".join(tfidf(many, many, num_classes=40, options=limits).notes)
    assert "the limit is 2,000 characters" in notes
    assert "only the 100 commonest terms" in notes


def test_limit_on_characters_is_a_fifth_where_characters_are_counted() -> None:
    chinese = examples(["很好" * 5, "不好" * 5] * 20, [1, 0] * 20)
    notes = tfidf(chinese, chinese, num_classes=2, options=TfidfOptions(max_characters=1000)).notes
    assert notes[1] == "20 of 40 training rows, chosen at random: the limit is 200 characters"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这家酒店很好", True),
        ("とても良い", True),
        ("อาหารอร่อยมาก", True),
        ("NBA 湖人队 win", True),
        ("정말 좋아요", False),
        ("очень хорошо", False),
        ("مطعم جيد", False),
        ("👍 123 !!!", False),
        ("", False),
    ],
)
def test_characters_are_counted_where_the_script_has_no_spaces(text: str, expected: bool) -> None:
    assert writes_without_spaces([text])[0] is expected


@pytest.mark.data
@pytest.mark.slow
def test_tfidf_reaches_its_published_range_on_english_reviews(shared_data: Path) -> None:
    train, dev = read_tsv(shared_data / "sst2/train.tsv.gz"), read_tsv(shared_data / "sst2/dev.tsv")
    found = tfidf(train, dev, num_classes=2)
    assert 0.81 < np.mean(found.classes == dev.targets) < 0.85


@pytest.mark.data
@pytest.mark.slow
def test_tfidf_on_characters_beats_words_on_chinese_reviews(shared_data: Path) -> None:
    train = read_tsv(shared_data / "chnsenticorp/train.tsv.gz")
    dev = read_tsv(shared_data / "chnsenticorp/dev.tsv")
    found = tfidf(train, dev, num_classes=2)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    plain = LogisticRegression(C=10).fit(words.fit_transform(train.texts), train.targets)
    accuracy = np.mean(found.classes == dev.targets)
    assert accuracy > 0.90
    assert accuracy > plain.score(words.transform(dev.texts), dev.targets) + 0.05
    assert found.notes[0].startswith("characters, 1- to 3-grams")
