"""Scores of tagged words: stretches that are wholly right, by the strict reading of their scheme.

An entity counts only where its first word, its last word and its type are right, and only where its tags are
written as the scheme says (`text.schemes.spans_of`): seqeval's default also counts an I-PER I-PER that no B-
begins. Letters: N sentences, K types, R samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from glassbert.errors import DataError, Problem
from glassbert.tasks.intervals import DRAWS, MAX_NUMBERS, Difference, Interval, percentiles
from glassbert.tasks.metrics import ratio
from glassbert.text.schemes import OUTSIDE, Scheme, Span, spans_of, split_tag

NAMES = ("f1", "precision", "recall", "accuracy")
NOTHING = "none"
Tags = np.ndarray
"""Object array [N]; each entry numbers of tags, int64 [words]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TagCounts:
    """Of every sentence: entities found, true and predicted by type; words with the right tag, and words."""

    types: tuple[str, ...]
    hits: Int[np.ndarray, "N K"]
    actual: Int[np.ndarray, "N K"]
    predicted: Int[np.ndarray, "N K"]
    right: Int[np.ndarray, "N"]
    words: Int[np.ndarray, "N"]

    @property
    def pooled(self) -> Int[np.ndarray, "N 5"]:
        """The same over all types: hits, actual, predicted, right, words."""
        entities = [each.sum(1) for each in (self.hits, self.actual, self.predicted)]
        return np.stack([*entities, self.right, self.words], axis=1)


def types_of(labels: Sequence[str], scheme: Scheme) -> tuple[str, ...]:
    """The types of entities that tags can mark, in their order; of plain names these themselves."""
    names = labels if scheme == "none" else [split_tag(label)[1] for label in labels]
    return tuple(dict.fromkeys(name for name in names if name and name != OUTSIDE))


def entities_of(tags: Tags, labels: Sequence[str], scheme: Scheme) -> list[list[Span]]:
    """The entities of every sentence."""
    outside = labels.index(OUTSIDE) if OUTSIDE in labels else -1
    return [
        [] if (each == outside).all() else spans_of([labels[i] for i in each.tolist()], scheme)
        for each in tags
    ]


def count_tags(truth: Tags, guess: Tags, labels: Sequence[str], scheme: Scheme) -> TagCounts:
    """Counts for every sentence; raises DataError where there are none, or sentences differ in length."""
    lengths = [list(map(len, each)) for each in (truth, guess)]
    if lengths[0] != lengths[1] or not sum(lengths[0]):
        what = f"{sum(lengths[0]):,} words with tags against {sum(lengths[1]):,} predictions"
        fix = "give at least one word, and a prediction for each"
        raise DataError(Problem(code="no-rows", what=what, fix=fix))
    types = types_of(labels, scheme)
    number = {name: i for i, name in enumerate(types)}
    hits, actual, predicted = (np.zeros((len(truth), len(types)), dtype=np.int64) for _ in range(3))
    sides = (entities_of(each, labels, scheme) for each in (truth, guess))
    for row, (true, found) in enumerate(zip(*sides, strict=True)):
        for name, _, _ in true:
            actual[row, number[name]] += 1
        known = set(true)
        for span in found:
            predicted[row, number[span[0]]] += 1
            hits[row, number[span[0]]] += span in known
    right = [int((a == b).sum()) for a, b in zip(truth, guess, strict=True)]
    return TagCounts(
        types=types,
        hits=hits,
        actual=actual,
        predicted=predicted,
        right=np.array(right),
        words=np.array(lengths[0]),
    )


def tag_scores(pooled: Float[np.ndarray, "... 5"]) -> dict[str, Float[np.ndarray, "..."]]:
    """f1, precision and recall of entities (0 where there are none), accuracy of words."""
    hits, actual, predicted, right, words = np.moveaxis(np.asarray(pooled), -1, 0)
    return {
        "f1": ratio(2 * hits, actual + predicted),
        "precision": ratio(hits, predicted),
        "recall": ratio(hits, actual),
        "accuracy": ratio(right, words),
    }


def per_type(counts: TagCounts) -> dict[str, dict[str, float]]:
    """precision, recall, f1 and the number of true entities of every type."""
    hits, actual, predicted = (each.sum(0) for each in (counts.hits, counts.actual, counts.predicted))
    columns = {**_by_type(hits, actual, predicted), "number": actual}
    return {
        name: {key: float(column[i]) for key, column in columns.items()}
        for i, name in enumerate(counts.types)
    }


def tag_intervals(counts: TagCounts, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
    """95 % percentile intervals of every score: sentences drawn again with replacement."""
    parts = [tag_scores(drawn) for (drawn,) in _drawn((counts.pooled,), draws, seed)]
    return {name: percentiles(np.concatenate([part[name] for part in parts])) for name in NAMES}


def type_intervals(
    counts: TagCounts, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Float[np.ndarray, "K 2"]]:
    """95 % percentile intervals of precision, recall and f1 of every type, over the same samples."""
    wide = (counts.hits, counts.actual, counts.predicted)
    found: dict[str, list[np.ndarray]] = {"precision": [], "recall": [], "f1": []}
    for hits, actual, predicted in _drawn(wide, draws, seed):
        for name, value in _by_type(hits, actual, predicted).items():
            found[name].append(value)
    return {
        name: np.array([percentiles(column) for column in np.concatenate(parts).T]).reshape(-1, 2)
        for name, parts in found.items()
    }


def _by_type(hits: np.ndarray, actual: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "precision": ratio(hits, predicted),
        "recall": ratio(hits, actual),
        "f1": ratio(2 * hits, actual + predicted),
    }


def tag_differences(
    first: TagCounts, second: TagCounts, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, Difference]:
    """Score of the first less that of the second on the same sentences, over the same samples."""
    both = (first.pooled, second.pooled)
    ours, theirs = (tag_scores(each.sum(0)) for each in both)
    parts = [tuple(map(tag_scores, drawn)) for drawn in _drawn(both, draws, seed)]
    found = {
        name: percentiles(np.concatenate([one[name] - two[name] for one, two in parts])) for name in NAMES
    }
    return {
        name: Difference(value=float(ours[name] - theirs[name]), low=low, high=high)
        for name, (low, high) in found.items()
    }


def entity_confusion(truth: Tags, guess: Tags, labels: Sequence[str], scheme: Scheme) -> dict[str, Any]:
    """Counts by true type (row) and predicted type (column) of stretches of the same words, "none" last:
    what one side has and the other has not.
    """
    names = (*types_of(labels, scheme), NOTHING)
    counts: Counter[tuple[str, str]] = Counter()
    sides = (entities_of(each, labels, scheme) for each in (truth, guess))
    for true, found in zip(*sides, strict=True):
        given, said = ({span[1:]: span[0] for span in each} for each in (true, found))
        counts.update((given.get(place, NOTHING), said.get(place, NOTHING)) for place in given | said)
    return {"types": list(names), "matrix": [[counts[row, column] for column in names] for row in names]}


def _drawn(
    pooled: tuple[Int[np.ndarray, "N C"], ...], draws: int, seed: int
) -> Iterator[tuple[Float[np.ndarray, "R C"], ...]]:
    """Sums over samples of the sentences, the same samples for each of the tables."""
    count = len(pooled[0])
    generator = np.random.default_rng(seed)
    at_once = max(1, MAX_NUMBERS // (2 * count))
    wide = [each.astype(np.float64) for each in pooled]
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        weights = generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
        yield tuple(weights @ each for each in wide)
