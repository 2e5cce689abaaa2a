"""Labels keep their type on the way through a model directory."""

import numpy as np
import pytest

from glassbert.runs.labels import label_type_of, labels_from_strings


@pytest.mark.parametrize(
    "values",
    [["bad", "good"], [-1, 0, 10], [0.0, 1.0], [False, True], ["1", "2"], ["好", "坏"]],
    ids=["strings", "integers", "floats", "truth", "digits", "chinese"],
)
def test_labels_come_back_as_they_were(values: list[object]) -> None:
    classes = np.unique(np.array(values))
    strings = tuple(str(label) for label in classes.tolist())
    back = labels_from_strings(strings, label_type_of(classes))
    assert back.dtype.kind == classes.dtype.kind
    assert back.tolist() == classes.tolist()


def test_object_arrays_of_strings_are_strings() -> None:
    assert label_type_of(np.array(["a", "b"], dtype=object)) == "str"


@pytest.mark.parametrize("kind", ["int", "float", "bool"])
def test_labels_that_are_no_such_values_stay_strings(kind: str) -> None:
    assert labels_from_strings(("a", "b"), kind).tolist() == ["a", "b"]
