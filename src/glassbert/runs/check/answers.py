"""What the rows of a file answer: counts of labels, of entities by type, of questions; figures of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassbert.tasks.tag_metrics import entities_of
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.task import Examples, Task

MOST_LABELS = 1000


def answers_of(task: Task, examples: Examples) -> dict[str, Any]:
    """`kind`, and counts of labels, of entities by type, of questions, or quartiles of numbers."""
    assert examples.targets is not None
    if task.answer == "number":
        numbers = np.asarray(examples.targets, dtype=np.float64)
        quartiles = np.percentile(numbers, (0, 25, 50, 75, 100)).tolist()
        return {"kind": "number", "quartiles": quartiles, "mean": float(numbers.mean())}
    if task.answer == "set":
        counts = dict(zip(task.head.labels, examples.targets.sum(0).tolist(), strict=True))
        bare = int((~examples.targets.any(1)).sum())
        return {"kind": "set", "labels": len(counts), "counts": _commonest(counts), "rows_without": bare}
    if isinstance(task, TokenClassification):
        return _tags(task, examples)
    if task.answer == "span":
        without = sum(not spans for spans in examples.targets)
        contexts = {text[-1] for text in examples.texts if isinstance(text, tuple)}
        return {
            "kind": "span",
            "questions": len(examples),
            "without_answer": without,
            "contexts": len(contexts),
        }
    counts = dict(Counter(task.words(examples.targets)))
    return {"kind": "class", "labels": len(counts), "counts": _commonest(counts)}


def _tags(task: TokenClassification, examples: Examples) -> dict[str, Any]:
    """Entities of each type; where tags mark no entities, words of each tag."""
    assert examples.targets is not None
    labels = task.head.labels
    if task.scheme == "none":
        counts = Counter(labels[tag] for tags in examples.targets for tag in tags.tolist())
        return {"kind": "tags", "of": "words", "labels": len(counts), "counts": _commonest(counts)}
    found = entities_of(examples.targets, labels, task.scheme)
    counts = Counter(name for each in found for name, _, _ in each)
    return {
        "kind": "tags",
        "of": "entities",
        "labels": len(counts),
        "counts": _commonest(counts),
        "rows_without": sum(not each for each in found),
    }


def _commonest(counts: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return dict(ordered[:MOST_LABELS])
