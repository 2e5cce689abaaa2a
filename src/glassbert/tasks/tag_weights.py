"""Weights of tags: how much a word counts in the loss by its true tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from glassbert.errors import Problem, UsageError
from glassbert.tasks.labels import ClassWeights, weigh_classes
from glassbert.tasks.task import Batch


def weigh_tags(
    option: ClassWeights, tags: Sequence[str], labels: tuple[str, ...], *, crf: bool
) -> Float[np.ndarray, "C"] | None:
    """The weight of each tag, by the tags of all training words; see `weigh_classes`.

    Raises UsageError for a chain, whose likelihood is of whole sentences.
    """
    if option is None:
        return None
    if crf:
        what = "--class-weights is given, and the likelihood of a chain (--crf) is of whole sentences"
        raise UsageError(Problem(code="no-classes", what=what, fix="leave one of them out"))
    number = {label: i for i, label in enumerate(labels)}
    codes = np.array([number[tag] for tag in tags], dtype=np.int64)
    return weigh_classes(option, codes, labels)


def weighted(batch: Batch, class_weights: Float[np.ndarray, "C"] | None) -> Batch:
    """The batch with each word's weight multiplied by that of its true tag; their sum is what divides."""
    if class_weights is None or batch.targets is None:
        return batch
    factors = torch.from_numpy(class_weights).to(batch.weights)
    weights = batch.weights * factors[batch.targets]
    return replace(batch, weights=weights, weight=float(weights.sum()) or 1.0)
