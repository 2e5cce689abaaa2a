"""What scikit-learn's callers pass as X and y: texts, pairs of texts, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import column_or_1d

from glassbert.errors import Problem, UsageError
from glassbert.tasks.task import Text

FLOATS = (float, np.floating)


def as_texts(X: Any) -> list[Text]:
    """A list, array or Series of strings (or pairs of strings) as a list; raises UsageError for anything
    else.
    """
    if isinstance(X, pd.DataFrame) and X.shape[1] == 1:
        X = X.iloc[:, 0]
    if isinstance(X, str) or not hasattr(X, "__len__") or getattr(X, "ndim", 1) != 1:
        what = f"X is {type(X).__name__}" + (f" with shape {X.shape}" if hasattr(X, "shape") else "")
        raise UsageError(Problem(code="not-texts", what=what, fix="give a list of texts"))
    texts = list(X)
    for place, text in enumerate(texts):
        pair = isinstance(text, tuple) and len(text) == 2 and all(isinstance(part, str) for part in text)
        if not isinstance(text, str) and not pair:
            what = _not_a_text(place, text)
            raise UsageError(Problem(code="not-texts", what=what, fix="give strings, or pairs of strings"))
    if not texts:
        raise UsageError(
            Problem(code="no-texts", what="there are 0 texts (0 samples)", fix="give at least one")
        )
    return [str(text) if isinstance(text, str) else (str(text[0]), str(text[1])) for text in texts]


def as_pairs(X: Any) -> list[Text]:
    """A list of pairs of strings, or a table of two columns, as a list of pairs; UsageError otherwise."""
    shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
    if len(shape) == 2 and shape[1] == 2:
        X = list(map(tuple, (X.to_numpy() if isinstance(X, pd.DataFrame) else X).tolist()))
    elif isinstance(X, list):
        X = [tuple(each) if isinstance(each, list) else each for each in X]
    texts = as_texts(X)
    for place, text in enumerate(texts):
        if isinstance(text, str):
            what = f"element {place} is a single text"
            raise UsageError(Problem(code="not-a-pair", what=what, fix="give pairs of strings"))
    return texts


def as_numbers(y: ArrayLike | None, count: int) -> np.ndarray:
    """The numbers as float64; UsageError for what is none, not finite, or not one for each text."""
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give one number per text"))
    with refused(code="not-numbers", fix="give one number per text"):
        given = column_or_1d(y, warn=True)
    if given.dtype.kind == "O":
        given = np.array([each if isinstance(each, int | float | np.number) else np.nan for each in given])
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all():
        what = "y holds what is no finite number (NaN, infinity or text)"
        raise UsageError(Problem(code="not-numbers", what=what, fix="leave such rows out, or correct them"))
    if len(given) != count:
        what = f"{count} texts and {len(given)} numbers"
        raise UsageError(Problem(code="length-mismatch", what=what, fix="give one number per text"))
    return np.asarray(given, dtype=np.float64)


def learnable_numbers(y: ArrayLike | None, count: int) -> np.ndarray:
    """The same to learn from; UsageError too where all are equal."""
    numbers = as_numbers(y, count)
    if count and numbers.min() == numbers.max():
        what = f"all numbers are {numbers[0]:g}: there is nothing to learn"
        raise UsageError(Problem(code="single-number", what=what, fix="give texts with different numbers"))
    return numbers


@contextmanager
def refused(*, code: str, fix: str) -> Iterator[None]:
    """What numpy and scikit-learn refuse becomes a UsageError in their words."""
    try:
        yield
    except (TypeError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(Problem(code=code, what=what, fix=fix)) from error


def _not_a_text(place: int, given: object) -> str:
    """What is given where a text should be; of a pair, which text is missing, or the types of both."""
    if not isinstance(given, tuple) or len(given) != 2:
        return f"element {place} is {type(given).__name__}, not a text"
    for which, part in zip(("first", "second"), given, strict=True):
        if is_missing(part):
            return f"the {which} text of pair {place} is missing"
    return f"element {place} is a pair of {' and '.join(type(part).__name__ for part in given)}, not of texts"


def is_missing(given: object) -> bool:
    return (
        given is None or given is pd.NA or given is pd.NaT or (isinstance(given, FLOATS) and given != given)
    )
