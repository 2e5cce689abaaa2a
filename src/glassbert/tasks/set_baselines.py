"""What a model of several labels must beat: always the commonest label, and counting words label by label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import sparse

from glassbert.tasks.baselines import (
    TfidfOptions,
    affordable,
    clipped,
    fit_logistic,
    make_vectorizer,
    writes_without_spaces,
)
from glassbert.tasks.set_metrics import best_threshold
from glassbert.tasks.task import Examples

HELD_OUT = 5
"""One row in so many chooses the baseline's thresholds, which are so tuned as the model's are."""


@dataclass(frozen=True, kw_only=True)
class SetBaseline:
    """Scores and sets of labels for the evaluation rows, and what was done to get them."""

    name: str
    scores: Float[np.ndarray, "N C"]
    answers: Bool[np.ndarray, "N C"]
    notes: tuple[str, ...]


def commonest_label(train: Examples, num_rows: int) -> SetBaseline:
    """Every row gets the one label that most training rows have; its scores are the labels' shares."""
    truth = _truth(train)
    shares = truth.mean(0)
    answer = np.arange(truth.shape[1]) == int(shares.argmax())
    return SetBaseline(
        name="majority",
        scores=np.tile(shares, (num_rows, 1)),
        answers=np.tile(answer, (num_rows, 1)),
        notes=(),
    )


def tfidf_sets(
    train: Examples,
    evaluation: Examples,
    *,
    options: TfidfOptions = TfidfOptions(),  # noqa: B008 - frozen
) -> SetBaseline:
    """TF-IDF and one logistic regression per label, with a threshold per label; fitted on `train`.

    Deterministic. Where no text has a character in it, it equals `commonest_label`, and the notes say so.
    """
    truth = _truth(train)
    characters, reason = writes_without_spaces(train.texts)
    kept, notes = affordable(train, characters, truth.shape[1], options)
    some = train.select(kept)
    texts = [clipped(text, options) for text in some.texts]
    if not any(text.strip() for text in texts) or len(texts) < 2 * HELD_OUT:
        same = commonest_label(train, len(evaluation))
        why = "TF-IDF: the training rows are too few or have no text, so this is the commonest label"
        return SetBaseline(name="tfidf_sets", scores=same.scores, answers=same.answers, notes=(why,))
    vectorizer = make_vectorizer(characters, truth.shape[1], options)
    counted = vectorizer.fit_transform(texts)
    rows = vectorizer.transform(clipped(text, options) for text in evaluation.texts)
    thresholds = _thresholds(counted, _truth(some), options)
    scores = _fitted(counted, _truth(some), rows, options)
    terms = f"{counted.shape[1]:,} terms, C = {options.c:g} (fixed), thresholds tuned on a fifth of the rows"
    return SetBaseline(
        name="tfidf_sets", scores=scores, answers=scores >= thresholds, notes=(reason, *notes, terms)
    )


def _thresholds(
    counted: sparse.csr_matrix, truth: Bool[np.ndarray, "N C"], options: TfidfOptions
) -> Float[np.ndarray, "C"]:
    held = np.random.default_rng(options.seed).permutation(len(truth)) % HELD_OUT == 0
    scores = _fitted(counted[~held], truth[~held], counted[held], options)
    found = [
        best_threshold(scores[:, label], truth[held, label]) if truth[held, label].any() else 0.5
        for label in range(truth.shape[1])
    ]
    return np.array(found)


def _fitted(
    counted: sparse.csr_matrix, truth: Bool[np.ndarray, "N C"], rows: sparse.csr_matrix, options: TfidfOptions
) -> Float[np.ndarray, "M C"]:
    scores = np.tile(truth.mean(0), (rows.shape[0], 1))
    if not rows.shape[0]:
        return scores
    for label in range(truth.shape[1]):
        if truth[:, label].all() or not truth[:, label].any():
            continue
        scores[:, label] = fit_logistic(counted, truth[:, label], options).predict_proba(rows)[:, 1]
    return scores


def _truth(examples: Examples) -> Bool[np.ndarray, "N C"]:
    assert examples.targets is not None, "a baseline needs the labels of its training rows"
    return examples.targets
