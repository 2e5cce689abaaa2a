"""Names of classes: their order, their numbers, and how much each weighs."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem, UsageError

INTEGER = re.compile(r"0|-?[1-9][0-9]*")
LISTED = 20

ClassWeights = Literal["balanced"] | Mapping[str, float] | None


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once: as numbers where all are whole numbers ("2" before "10"), else by code point."""
    found = set(labels)
    if all(INTEGER.fullmatch(label) for label in found):
        return tuple(sorted(found, key=int))
    return tuple(sorted(found))


def learn_labels(
    values: Sequence[str], *, source: str, column: str, allow_single: bool = False
) -> tuple[str, ...]:
    """The labels of a training column in order; raises DataError where there is only one to learn."""
    labels = in_order(values)
    if len(labels) < 2 and not allow_single:
        what = f"every row of '{column}' has the label '{labels[0]}'" if labels else "there are no labels"
        fix = "add rows with another label, or name the right column with --label-column"
        raise DataError(Problem(code="single-label", what=what, fix=fix, file=source))
    return labels


def encode(
    values: Sequence[str], labels: tuple[str, ...], *, source: str, rows: Int[np.ndarray, "N"]
) -> Int[np.ndarray, "N"]:
    """The number of each label; raises DataError with every unknown label, its count and its first row."""
    codes = pd.Index(labels, dtype=object).get_indexer(pd.Index(values, dtype=object))
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        raise _unknown_labels([values[i] for i in unknown.tolist()], rows[unknown], labels, source)
    return np.asarray(codes, dtype=np.int64)


def weigh_classes(
    option: ClassWeights, targets: Int[np.ndarray, "N"], labels: tuple[str, ...]
) -> Float[np.ndarray, "C"] | None:
    """The weight of each class: None (all 1), a mapping (1 where a label is not named), or "balanced".

    Balanced is N / (C n_c), as scikit-learn's: every class then has the same share of the loss. Raises
    UsageError for a label that is not there or a weight that is no positive number.
    """
    if option is None:
        return None
    if isinstance(option, Mapping):
        return _named_weights(option, labels)
    if not isinstance(option, str) or option != "balanced":
        what = f"class weights are {option!r}"
        raise UsageError(
            Problem(code="bad-class-weights", what=what, fix='give "balanced" or a weight per label')
        )
    counts = np.bincount(targets, minlength=len(labels))
    return np.asarray(len(targets) / (len(labels) * np.maximum(counts, 1)))


def _named_weights(weights: Mapping[str, float], labels: tuple[str, ...]) -> Float[np.ndarray, "C"]:
    problems = [
        Problem(
            code="unknown-label",
            what=f"class weight for '{name}', which is no label",
            fix=_known(name, labels),
        )
        for name in weights
        if name not in labels
    ]
    problems += [
        Problem(
            code="bad-class-weights", what=f"the weight of '{name}' is {value!r}", fix="give a number above 0"
        )
        for name, value in weights.items()
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < math.inf
    ]
    if problems:
        raise UsageError(*problems)
    return np.array([weights.get(label, 1.0) for label in labels], dtype=np.float64)


def _unknown_labels(
    values: list[str], rows: Int[np.ndarray, "M"], labels: tuple[str, ...], source: str
) -> DataError:
    names, first, counts = np.unique(np.array(values, dtype=object), return_index=True, return_counts=True)
    order = np.argsort(first)
    problems = [
        Problem(
            code="unknown-label",
            what=f"the label '{names[i]}' ({counts[i]:,} rows, first here) is none of the {len(labels)}",
            fix=_known(names[i], labels),
            file=source,
            line=int(rows[first[i]]),
        )
        for i in order.tolist()[:SHOWN_PROBLEMS]
    ]
    return DataError(*problems, total=len(names))


def _known(name: str, labels: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, labels, n=1)
    listed = ", ".join(labels[:LISTED]) + (
        f" and {len(labels) - LISTED} more" if len(labels) > LISTED else ""
    )
    return (f"did you mean '{close[0]}'? " if close else "") + f"known labels: {listed}"
