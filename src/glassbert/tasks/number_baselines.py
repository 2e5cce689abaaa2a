"""What a model of numbers must beat: always the mean, and counting words.

Of pairs the cosine of the two texts' TF-IDF vectors is counted too: for how alike two texts are, the words
that they share say more than the words that they hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy import sparse

from glassbert.tasks.baselines import (
    TfidfOptions,
    affordable,
    clipped,
    make_vectorizer,
    writes_without_spaces,
)
from glassbert.tasks.task import Examples, Text

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

STRENGTH = 1.0


@dataclass(frozen=True, kw_only=True)
class NumberBaseline:
    """A number for every evaluation row, and what was done to get it."""

    name: str
    answers: Float[np.ndarray, "N"]
    notes: tuple[str, ...]

    @property
    def scores(self) -> Float[np.ndarray, "N 1"]:
        return self.answers[:, None]


def mean_number(train: Examples, num_rows: int) -> NumberBaseline:
    """Every row gets the mean of the training rows."""
    assert train.targets is not None, "a baseline needs the numbers of its training rows"
    return NumberBaseline(name="mean", answers=np.full(num_rows, train.targets.mean()), notes=())


def tfidf_ridge(
    train: Examples,
    evaluation: Examples,
    *,
    options: TfidfOptions = TfidfOptions(),  # noqa: B008 - frozen
) -> NumberBaseline:
    """TF-IDF with sublinear counts and ridge regression (strength 1), fitted on `train`.

    Deterministic. Where no text has a character in it, it equals `mean_number`, and the notes say so.
    """
    from sklearn.linear_model import Ridge

    assert train.targets is not None, "a baseline needs the numbers of its training rows"
    characters, reason = writes_without_spaces(train.texts)
    kept, notes = affordable(train, characters, 1, options)
    some = train.select(kept)
    if not any(clipped(text, options).strip() for text in some.texts):
        same = mean_number(train, len(evaluation))
        why = "TF-IDF: no training row has text, so this is the mean"
        return NumberBaseline(name="tfidf_ridge", answers=same.answers, notes=(why,))
    vectorizer = make_vectorizer(characters, 1, options)
    vectorizer.fit(clipped(text, options) for text in some.texts)
    paired = any(isinstance(text, tuple) for text in some.texts)
    ridge = Ridge(alpha=STRENGTH, solver="lsqr", tol=1e-6)
    ridge.fit(_counted(vectorizer, some.texts, options, paired=paired), some.targets)
    rows = _counted(vectorizer, evaluation.texts, options, paired=paired)
    answers = ridge.predict(rows) if len(evaluation) else np.zeros(0)
    terms = f"{len(vectorizer.vocabulary_):,} terms, ridge strength {STRENGTH:g} (fixed)"
    shared = ("the cosine of the two texts' TF-IDF vectors is a feature too",) if paired else ()
    return NumberBaseline(
        name="tfidf_ridge", answers=np.asarray(answers), notes=(reason, *notes, terms, *shared)
    )


def _counted(
    vectorizer: TfidfVectorizer, texts: list[Text], options: TfidfOptions, *, paired: bool
) -> sparse.csr_matrix:
    both = vectorizer.transform(clipped(text, options) for text in texts)
    if not paired:
        return both
    first, second = (
        vectorizer.transform(clipped(side, options) for side in sides)
        for sides in zip(*(text if isinstance(text, tuple) else (text, "") for text in texts), strict=True)
    )
    cosine = np.asarray(first.multiply(second).sum(axis=1))  # the vectors have length 1
    return sparse.hstack([both, sparse.csr_matrix(cosine)], format="csr")
