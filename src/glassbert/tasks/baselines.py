"""What a model must beat: always the commonest label, and counting words.

TF-IDF settings were chosen once, by accuracy on development sets (C = 1 / 10 / 30): SST-2 0.812 / 0.823 /
0.818, AG News 0.863 / 0.876 / 0.876, ChnSentiCorp 0.896 / 0.919 / 0.918, IMDb 0.867 / 0.885 / 0.886. So C
stays 10 and no validation rows are spent on it. Counting punctuation as words adds 0 to 0.8 points, rare
terms 0 to 0.4; hashing instead of a dictionary costs 0 to 2 points.

scikit-learn is imported where a baseline is fitted: it takes a quarter of the start of a command that only
predicts or looks (1.9 of 7 s of processor time), and no such command fits one.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from glassbert.tasks.task import Examples, Text

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts written without spaces: Thai, Lao, Tibetan, Burmese, Khmer, Japanese kana, Chinese characters."""
UNSPACED_SHARE = 0.3
LETTER = re.compile(r"[^\W\d_]")
WORD_OR_SIGN = r"\w+|[^\w\s]"
SAMPLE = 2000
CHARACTERS_COST = 5
"""A character costs about five times as long in 1- to 3-grams of characters as in 1- and 2-grams of words."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Scores for the evaluation rows, in the order of the labels, and what was done to get them."""

    name: str
    probabilities: Float[np.ndarray, "N C"]
    notes: tuple[str, ...]

    @property
    def classes(self) -> Int[np.ndarray, "N"]:
        return np.asarray(self.probabilities.argmax(-1))

    @property
    def scores(self) -> Float[np.ndarray, "N C"]:
        return self.probabilities

    @property
    def answers(self) -> Int[np.ndarray, "N"]:
        return self.classes


@dataclass(frozen=True, kw_only=True)
class TfidfOptions:
    """Strength and limits of the word counter; every limit that bites is named in `Baseline.notes`.

    Measured at the limits, on random words: 26 s for 2 labels, 47 s for 20, 16 s for 150, one core, 0.55 GB.
    """

    c: float = 10.0
    max_features: int = 200_000
    max_coefficients: int = 1_000_000
    max_characters: int = 20_000_000
    max_characters_times_classes: int = 400_000_000
    max_text_characters: int = 50_000
    max_iterations: int = 100
    seed: int = 0


def majority(train: Examples, num_rows: int, *, num_classes: int) -> Baseline:
    """Every row gets the labels' shares of the training rows; its class is the commonest (first if tied)."""
    shares = np.bincount(_targets(train), minlength=num_classes) / len(train)
    return Baseline(name="majority", probabilities=np.tile(shares, (num_rows, 1)), notes=())


def tfidf(
    train: Examples, evaluation: Examples, *, num_classes: int, options: TfidfOptions = TfidfOptions()
) -> Baseline:
    """TF-IDF with sublinear counts and a multinomial logistic regression, fitted on `train`.

    Deterministic. Where nothing can be fitted (one label, or no text with a character in it) it equals
    `majority`, and the notes say so.
    """
    characters, reason = writes_without_spaces(train.texts)
    kept, notes = affordable(train, characters, num_classes, options)
    texts = [clipped(train.texts[i], options) for i in kept.tolist()]
    targets = _targets(train)[kept]
    if len(np.unique(targets)) < 2 or not any(text.strip() for text in texts):
        why = "TF-IDF: the training rows have one label or no text, so this is the majority baseline"
        same = majority(train, len(evaluation), num_classes=num_classes)
        return Baseline(name="tfidf", probabilities=same.probabilities, notes=(why,))
    vectorizer = make_vectorizer(characters, num_classes, options)
    counted = vectorizer.fit_transform(texts)
    classifier = fit_logistic(counted, targets, options)
    probabilities = np.zeros((len(evaluation), num_classes))
    if len(evaluation):
        rows = vectorizer.transform(clipped(text, options) for text in evaluation.texts)
        probabilities[:, classifier.classes_] = classifier.predict_proba(rows)
    notes += _fit_notes(counted.shape[1], vectorizer.max_features, int(classifier.n_iter_.max()), options)
    return Baseline(name="tfidf", probabilities=probabilities, notes=(reason, *notes))


def writes_without_spaces(texts: list[Text]) -> tuple[bool, str]:
    """Whether to count characters instead of words, and the reason, from a sample of the texts themselves."""
    sample = [_joined(text) for text in texts[:: max(1, len(texts) // SAMPLE)]]
    letters = sum(len(LETTER.findall(text)) for text in sample)
    unspaced = sum(len(UNSPACED.findall(text)) for text in sample)
    share = unspaced / max(letters, 1)
    if share >= UNSPACED_SHARE:
        return (
            True,
            f"characters, 1- to 3-grams: {share:.0%} of the letters are of scripts written without spaces",
        )
    return False, f"words and signs, 1- and 2-grams: {share:.0%} of the letters are of scripts without spaces"


def affordable(
    train: Examples, characters: bool, num_classes: int, options: TfidfOptions
) -> tuple[Int[np.ndarray, "M"], tuple[str, ...]]:
    """Which training rows to use: all, or as many at random as the limit on characters allows."""
    limit = min(options.max_characters, options.max_characters_times_classes // num_classes)
    limit //= CHARACTERS_COST if characters else 1
    sizes = np.array([len(_joined(text)) for text in train.texts], dtype=np.int64)
    notes = []
    if clipped := int((sizes > options.max_text_characters).sum()):
        notes.append(
            f"{clipped:,} training texts cut to their first {options.max_text_characters:,} characters"
        )
    sizes = np.minimum(sizes, options.max_text_characters)
    if sizes.sum() <= limit:
        return np.arange(len(train)), tuple(notes)
    order = np.random.default_rng(options.seed).permutation(len(train))
    count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right")))
    notes.append(
        f"{count:,} of {len(train):,} training rows, chosen at random: the limit is {limit:,} characters"
    )
    return np.sort(order[:count]), tuple(notes)


def fit_logistic(
    counted: sparse.csr_matrix, targets: np.ndarray, options: TfidfOptions
) -> LogisticRegression:
    """A logistic regression on counted texts, as far as `max_iterations` lead; that is said in the notes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=options.c, max_iter=options.max_iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(counted, targets)
    return classifier


def make_vectorizer(characters: bool, num_classes: int, options: TfidfOptions) -> TfidfVectorizer:
    """The counter of words, or of characters, within the limits."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = num_classes if num_classes > 2 else 1
    return TfidfVectorizer(
        analyzer="char" if characters else "word",
        ngram_range=(1, 3) if characters else (1, 2),
        token_pattern=None if characters else WORD_OR_SIGN,
        sublinear_tf=True,
        max_features=max(1, min(options.max_features, options.max_coefficients // vectors)),
    )


def _fit_notes(num_features: int, limit: int, iterations: int, options: TfidfOptions) -> tuple[str, ...]:
    notes = [f"{num_features:,} terms, C = {options.c:g} (fixed)"]
    if num_features == limit:
        notes.append(f"only the {limit:,} commonest terms: the limit")
    if iterations >= options.max_iterations:
        notes.append(f"stopped after {iterations} iterations, before convergence")
    return tuple(notes)


def _targets(examples: Examples) -> Int[np.ndarray, "N"]:
    assert examples.targets is not None, "a baseline needs the labels of its training rows"
    return examples.targets


def _joined(text: Text) -> str:
    return text if isinstance(text, str) else "\n".join(text)


def clipped(text: Text, options: TfidfOptions) -> str:
    """The text, or both of a pair, as far as it is read."""
    return _joined(text)[: options.max_text_characters]
