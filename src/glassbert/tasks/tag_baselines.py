"""What a tagger must beat: each word's commonest tag, and the entities of the training data remembered.

The second is the idea of CoNLL-2003's baseline: an entity that had one type wherever it occurred in the
training data is found again by its words, the longest first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from glassbert.tasks.tag_metrics import Tags
from glassbert.text.schemes import Scheme, spans_of, tags_of

PRIOR = 0.1
"""Rows of the common distribution that each word's own is mixed with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TagBaseline:
    """Tags of every word, shares of all tags for each word, and what was done to get them."""

    name: str
    answers: Tags
    scores: np.ndarray
    notes: tuple[str, ...]


def commonest_tags(
    train: Sequence[Sequence[str]], truth: Tags, words: Sequence[Sequence[str]], num_tags: int
) -> TagBaseline:
    """Each word gets the tag that it most often had, a new word that of all words; scores are its shares."""
    counts: defaultdict[str, np.ndarray] = defaultdict(lambda: np.zeros(num_tags))
    for sentence, tags in zip(train, truth, strict=True):
        for word, tag in zip(sentence, tags.tolist(), strict=True):
            counts[word][tag] += 1
    total = sum(counts.values(), np.zeros(num_tags))
    common = (total + 1) / (total + 1).sum()
    shares = {word: (each + PRIOR * common) / (each.sum() + PRIOR) for word, each in counts.items()}
    scores = [np.array([shares.get(word, common) for word in each]).reshape(-1, num_tags) for each in words]
    unknown = sum(word not in shares for each in words for word in each)
    note = f"{unknown:,} of {sum(map(len, words)):,} words never occur in the training rows"
    return TagBaseline(
        name="commonest_tags",
        answers=ragged([each.argmax(1) for each in scores]),
        scores=ragged(scores),
        notes=(note,),
    )


def remembered_entities(
    train: Sequence[Sequence[str]],
    truth: Tags,
    words: Sequence[Sequence[str]],
    *,
    labels: Sequence[str],
    scheme: Scheme,
) -> TagBaseline:
    """From left to right, the longest run of words that was an entity of one type only is one again."""
    known = _lexicon(train, truth, labels, scheme)
    longest = max(map(len, known), default=0)
    number = {label: i for i, label in enumerate(labels)}
    answers = []
    for sentence in words:
        spans, place = [], 0
        while place < len(sentence):
            for size in range(min(longest, len(sentence) - place), 0, -1):
                kind = known.get(tuple(sentence[place : place + size]))
                if kind is not None:
                    spans.append((kind, place, place + size))
                    place += size
                    break
            else:
                place += 1
        tags = tags_of(spans, len(sentence), scheme)
        answers.append(np.array([number[tag] for tag in tags], dtype=np.int64))
    sure = np.eye(len(labels))
    note = f"{len(known):,} entities of one type each, the longest of {longest} words"
    return TagBaseline(
        name="remembered_entities",
        answers=ragged(answers),
        scores=ragged([sure[each] for each in answers]),
        notes=(note,),
    )


def _lexicon(
    train: Sequence[Sequence[str]], truth: Tags, labels: Sequence[str], scheme: Scheme
) -> Mapping[tuple[str, ...], str]:
    """The type of every run of words that was an entity and of one type."""
    seen: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for sentence, tags in zip(train, truth, strict=True):
        for kind, begin, end in spans_of([labels[i] for i in tags.tolist()], scheme):
            seen[tuple(sentence[begin:end])][kind] += 1
    return {run: next(iter(kinds)) for run, kinds in seen.items() if len(kinds) == 1}


def ragged(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of different lengths as one array of objects."""
    found = np.empty(len(rows), dtype=object)
    for place, row in enumerate(rows):
        found[place] = row
    return found
