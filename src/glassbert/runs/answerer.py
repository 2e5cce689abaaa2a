"""A model that answers questions as a scikit-learn estimator: fit, predict, score, clone, GridSearchCV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from glassbert.errors import Problem, UsageError
from glassbert.runs.estimator import TextEstimator
from glassbert.runs.inputs import as_pairs
from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.task import Answers, Examples, Text
from glassbert.text.spans import Asking, spans_of
from glassbert.text.tables import read_table

NOTHING: dict[str, list[Any]] = {"text": [], "answer_start": []}


class QuestionAnswerer(TextEstimator):
    """A BERT-family model that cuts the answer to a question out of a context.

    `X` is a list of pairs (question, context), of mappings with these two keys, or a table with these two
    columns. `y` holds for each {"text": [...], "answer_start": [...]} (single values will do), a list of
    {"text", "answer_start"}, a string that its context has once, or, for no answer, None, "" or []. A tenth
    of the questions (at most 2,000, no context on both sides) is held out to choose the best checkpoint and
    from when on there is no answer. `score` is the mean F1, 0 to 1; `budget` is in seconds.
    """

    _kind: ClassVar[type[QuestionAnswering]] = QuestionAnswering

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fine-tune on questions and answers; UsageError for what is no list of either, DataError for answers
        that their contexts do not hold.
        """
        begun = self._begin()
        texts = self._texts(X)
        targets = _targets(texts, y)
        if not any(len(spans) for spans in targets):
            what = f"none of {len(targets)} questions has an answer"
            raise UsageError(Problem(code="single-class", what=what, fix="give questions with answers"))
        examples = Examples(texts=texts, targets=targets, rows=np.arange(1, len(texts) + 1))
        self._learn(self._kind.of_answers(examples), examples, begun=begun)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The answer to each question as a string; "" where there is none."""
        return np.array([each.text for each in self._predictions(X).answers], dtype=object)

    def answers(self, X: ArrayLike) -> list[dict[str, Any]]:
        """{score, start, end, answer} for each question, as the pipeline of transformers 4 gives it."""
        return self._fitted().task.listed(self._predictions(X))

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The mean F1 of the answers, 0 to 1, as SQuAD (or, without spaces between words, CMRC) counts it."""
        texts, found = self._texts(X), self._predictions(X)
        examples = Examples(texts=texts, targets=_targets(texts, y), rows=np.arange(1, len(texts) + 1))
        return self._fitted().task.score(found, examples)["f1"] / 100

    @staticmethod
    def _texts(X: Any) -> list[Text]:
        if isinstance(X, pd.DataFrame) and {"question", "context"} <= set(X.columns):
            X = X[["question", "context"]]
        elif isinstance(X, list) and X and all(isinstance(each, Mapping) for each in X):
            X = [(each.get("question"), each.get("context")) for each in X]
        return as_pairs(X)


def _targets(texts: list[Text], y: Any) -> Answers:
    """The right answers of every pair; UsageError for a y of another length, DataError for a wrong answer."""
    if y is None:
        what = "requires y to be passed, but the target y is None"
        raise UsageError(Problem(code="no-labels", what=what, fix="give the answers to each question"))
    given = list(y)
    if len(given) != len(texts):
        what = f"{len(texts)} questions and {len(given)} answers"
        raise UsageError(Problem(code="length-mismatch", what=what, fix="give one answer to each question"))
    empty = [each is None or (isinstance(each, str | list | tuple) and not len(each)) for each in given]
    cells = [NOTHING if none else each for none, each in zip(empty, given, strict=True)]
    questions, contexts = zip(*texts, strict=True)
    frame = pd.DataFrame({"question": questions, "context": contexts})
    frame["answers"] = np.fromiter(cells, dtype=object, count=len(cells))
    table = read_table(frame)
    found = spans_of(table, Asking(question="question", context="context", answers="answers"))
    return np.fromiter(found, dtype=object, count=len(found))
