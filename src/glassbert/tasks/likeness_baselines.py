"""What trained vectors must beat before anything else: the cosine of the two texts' TF-IDF vectors."""

from __future__ import annotations

from dataclasses import dataclass

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
from glassbert.tasks.task import Examples


@dataclass(frozen=True, kw_only=True, eq=False)
class LikenessBaseline:
    """Similarities of every evaluation example (to its second text, and to its third), and how they came."""

    scores: Float[np.ndarray, "N S1"]
    notes: tuple[str, ...]
    name: str = "tfidf_cosine"

    @property
    def answers(self) -> Float[np.ndarray, "N"]:
        return self.scores[:, 0]


def tfidf_cosine(
    train: Examples,
    evaluation: Examples,
    *,
    low: float,
    span: float,
    options: TfidfOptions = TfidfOptions(),  # noqa: B008 - frozen
) -> LikenessBaseline:
    """low + span x cosine of TF-IDF vectors whose words and weights come from the training texts."""
    characters, reason = writes_without_spaces(train.texts)
    kept, notes = affordable(train, characters, 1, options)
    some = [clipped(text, options) for text in train.select(kept).texts]
    columns = [*zip(*evaluation.texts, strict=True)]
    if evaluation.negatives is not None:
        columns.append(tuple(evaluation.negatives))
    if not any(text.strip() for text in some):
        none = np.full((len(evaluation), len(columns) - 1), low)
        return LikenessBaseline(scores=none, notes=("TF-IDF: no training row has text",))
    vectorizer = make_vectorizer(characters, 1, options)
    vectorizer.fit(some)
    first, *others = (vectorizer.transform([clipped(text, options) for text in column]) for column in columns)
    cosines = np.stack([_cosine(first, other) for other in others], axis=1)
    terms = f"{len(vectorizer.vocabulary_):,} terms"
    return LikenessBaseline(scores=low + span * cosines, notes=(reason, *notes, terms))


def _cosine(first: sparse.csr_matrix, second: sparse.csr_matrix) -> np.ndarray:
    """Row by row; the vectors have length 1, or 0 where a text holds no known word."""
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()
