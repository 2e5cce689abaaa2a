"""What is answered about words: tags, scores and entities, as tables and lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassbert.tasks.sequences import truth_of
from glassbert.tasks.task import Examples, Guess, Predictions
from glassbert.text.schemes import Scheme, spans_of


@dataclass(frozen=True, kw_only=True, eq=False)
class TagPredictions(Predictions):
    """The same for words: every text, where its words are in it ([M, 2] characters), and how many words have
    no token.
    """

    texts: list[str]
    spans: np.ndarray
    untokenised: int = 0


def listed_entities(
    predictions: Predictions, labels: Sequence[str], scheme: Scheme
) -> list[list[dict[str, Any]]]:
    """A list per text of {entity_group, score (the mean of its words'), word, start, end}."""
    assert isinstance(predictions, TagPredictions)
    parts = (predictions.texts, predictions.spans, predictions.answers, predictions.scores)
    return [
        [
            {
                "entity_group": name,
                "score": float(scores[np.arange(begin, end), tags[begin:end]].mean()),
                "word": text[spans[begin, 0] : spans[end - 1, 1]],
                "start": int(spans[begin, 0]),
                "end": int(spans[end - 1, 1]),
            }
            for name, begin, end in spans_of([labels[i] for i in tags.tolist()], scheme)
        ]
        for text, spans, tags, scores in zip(*parts, strict=True)
    ]


def tag_cells(
    predictions: Predictions, tags: Sequence[str], entities: Sequence[Any]
) -> tuple[list[str], list[list[str]]]:
    """(columns, a row per text): the tags, the lowest score of one of them, and the entities, as JSON."""
    rows = [
        [said, f"{sure:.6f}", json.dumps(found, ensure_ascii=False)]
        for said, sure, found in zip(tags, _least(predictions), entities, strict=True)
    ]
    return ["prediction", "confidence", "entities"], rows


def pooled(found: Guess, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Scores [M, C] and true tags [M] of all words."""
    return np.concatenate(list(found.scores)), np.concatenate(list(truth_of(examples, "a score")))


def word_by_word(predictions: Predictions, examples: Examples) -> tuple[Predictions, Examples]:
    """Every word as a text of its own, for what judges one label of several."""
    scores, truth = pooled(predictions, examples)
    words = Predictions(
        logits=np.concatenate(list(predictions.logits)),
        scores=scores,
        answers=np.concatenate(list(predictions.answers)),
        windows=np.ones(len(truth), dtype=np.int64),
    )
    return words, Examples(texts=[""] * len(truth), targets=truth, rows=np.arange(len(truth)))


def _least(predictions: Predictions) -> list[float]:
    """The lowest score of a given tag in every text; 1 where there is no word."""
    pairs = zip(predictions.scores, predictions.answers, strict=True)
    return [float(scores[np.arange(len(tags)), tags].min(initial=1.0)) for scores, tags in pairs]
