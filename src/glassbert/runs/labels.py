"""Labels between the values that a person has and the strings that a model directory holds."""

from __future__ import annotations

import numpy as np

from glassbert.runs.notes import LabelType

KINDS: dict[str, LabelType] = {"i": "int", "u": "int", "f": "float", "b": "bool"}


def label_type_of(classes: np.ndarray) -> LabelType:
    """What the labels are: numbers or truth values by their dtype, strings otherwise."""
    return KINDS.get(classes.dtype.kind, "str")


def labels_from_strings(labels: tuple[str, ...], kind: LabelType) -> np.ndarray:
    """The labels as values again, in the same order; strings that are no such values stay."""
    try:
        if kind == "int":
            return np.array([int(label) for label in labels])
        if kind == "float":
            return np.array([float(label) for label in labels])
        if kind == "bool":
            return np.array([{"True": True, "False": False}[label] for label in labels])
    except (ValueError, KeyError):
        pass
    return np.array(labels)
