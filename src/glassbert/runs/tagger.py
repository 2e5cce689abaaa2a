"""A tagger of words as a scikit-learn estimator: fit, predict, score, clone, GridSearchCV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.random import RandomState

from glassbert.errors import Problem, UsageError
from glassbert.runs.estimator import TextEstimator
from glassbert.runs.models import Model
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.runs.rows import read_rows
from glassbert.runs.sensible import python_own
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.asked import Asked
from glassbert.text.options import ReadOptions
from glassbert.text.schemes import Scheme


class TokenTagger(TextEstimator):
    """A BERT-family tagger of words with scikit-learn's interface.

    `X` is a list of sentences, each a list of words, or of texts, whose words are then found by
    `text.word_splitting`; `y` has a tag for each word, in the scheme `scheme` (None: detected; IOB1 is learnt
    as IOB2). `predict` gives a list of tags per sentence, `entities` what they mark. A tenth of the sentences
    (at most 2,000) is held out to choose the best checkpoint and the temperature. `score` is the F1 of
    entities, strictly read; `budget` is in seconds. `crf` learns the tags of a sentence as one chain,
    `lstm_size` puts a bidirectional LSTM of so many units on the encoder.
    """

    _kind: ClassVar[type[TokenClassification]] = TokenClassification

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        epochs: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        max_length: int | None = None,
        scheme: Scheme | None = None,
        crf: bool = False,
        lstm_size: int = 0,
        budget: float | None = None,
        freeze: int | str | None = None,
        lora: int | None = None,
        device: str = "cpu",
        random_state: int | RandomState | None = 0,
    ) -> None:
        super().__init__(
            model=model,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            max_length=max_length,
            budget=budget,
            freeze=freeze,
            lora=lora,
            device=device,
            random_state=random_state,
        )
        self.scheme = scheme
        self.crf = crf
        self.lstm_size = lstm_size

    def fit(self, X: Sequence[Any], y: Sequence[Sequence[str]]) -> Self:
        """Fine-tune on sentences and their tags; raises UsageError or DataError for what is neither."""
        begun = self._begin()
        rows = _rows(X, y, self.scheme)
        crf, lstm_size = python_own(self.crf), python_own(self.lstm_size)
        task = self._kind.learn(rows.table, rows.columns, crf=crf, lstm_size=lstm_size)
        self._learn(task, task.read(rows.table, rows.columns), begun=begun)
        return self

    def predict(self, X: Sequence[Any]) -> list[list[str]]:
        """A tag for every word of every sentence."""
        found = self._predictions(X)
        labels = self._fitted().labels
        return [[labels[i] for i in tags.tolist()] for tags in found.answers]

    def predict_proba(self, X: Sequence[Any]) -> list[np.ndarray]:
        """Calibrated probabilities of every word's tags, [words, C] per sentence, in order of `classes_`."""
        return list(self._predictions(X).scores)

    def entities(self, X: Sequence[Any]) -> list[list[dict[str, Any]]]:
        """{entity_group, score, word, start, end} of every entity; characters of the text, or of the words
        joined.
        """
        found: list[list[dict[str, Any]]] = self._fitted().task.listed(self._predictions(X))
        return found

    def score(self, X: Sequence[Any], y: Sequence[Sequence[str]]) -> float:
        """F1 of entities; raises DataError for tags that are not known."""
        task, rows = self._fitted().task, _rows(X, y, self.scheme)
        task.refuse_unseen(rows.table, rows.columns)
        examples = task.read(rows.table, rows.columns)
        return task.score(self._fitted().answer(examples), examples)["f1"]

    @property
    def classes_(self) -> np.ndarray:
        """The tags, in the order of the outputs."""
        return np.array(self._fitted().labels)

    def _take(self, model: Model) -> None:
        super()._take(model)
        head = model.network.head_config  # fitting again learns such a head anew
        self.crf, self.lstm_size = head.crf, head.lstm_size

    def _predictions(self, X: Any) -> Predictions:
        rows = _rows(X, None, None)
        return self._fitted().answer(self._examples(rows))

    def _examples(self, rows: Any) -> Examples:
        found: Examples = self._fitted().task.read(rows.table, rows.columns)
        return found


def _rows(X: Sequence[Any], y: Sequence[Sequence[str]] | None, scheme: Scheme | None) -> Any:
    """The sentences as rows of a table."""
    if isinstance(X, str) or not hasattr(X, "__len__") or not len(X):
        what = f"X is {type(X).__name__}, not a list of sentences"
        fix = "give a list of lists of words, or of texts"
        raise UsageError(Problem(code="not-texts", what=what, fix=fix))
    frame = pd.DataFrame({"words": pd.Series(list(X), dtype=object)})
    if y is not None:
        if not hasattr(y, "__len__") or len(y) != len(X):
            what = f"{len(X)} sentences, and y is no list of as many lists of tags"
            raise UsageError(Problem(code="length-mismatch", what=what, fix="give a tag for each word"))
        frame["tags"] = pd.Series(list(y), dtype=object)
    asked = Asked(text="words", label=None if y is None else "tags")
    schema = TokenClassification.schema
    return read_rows(frame, ReadOptions(scheme=scheme), asked=asked, schema=schema, need_label=y is not None)
