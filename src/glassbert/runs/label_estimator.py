"""A giver of labels as a scikit-learn estimator: fit, predict, score, clone, GridSearchCV."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from glassbert.runs.estimator import TextEstimator
from glassbert.runs.label_set_inputs import as_label_sets
from glassbert.runs.labels import label_type_of, labels_from_strings
from glassbert.runs.models import Model
from glassbert.tasks.multi_label import MultiLabelClassification


class MultiLabelClassifier(ClassifierMixin, TextEstimator):
    """A BERT-family classifier that gives each text, or pair of texts, any number of labels.

    `y` is a matrix of 0 and 1, as scikit-learn has it, or a list with a list of labels for each text;
    `classes_` are the labels (numbers of columns for a matrix). `predict` gives a matrix, `label_lists`
    lists. A tenth of the rows (at most 2,000) is held out to choose the best checkpoint and a threshold per
    label. `score` is the share of rows whose labels are all right; `budget` is in seconds.
    """

    _kind: ClassVar[type[MultiLabelClassification]] = MultiLabelClassification

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fine-tune on texts and their labels; raises UsageError for what is no list of either."""
        begun = self._begin()
        texts = self._texts(X)
        classes, targets = as_label_sets(y, len(texts))
        labels = tuple(map(str, classes.tolist()))
        task = self._kind.of_counts(labels, targets.sum(0), num_rows=len(texts))
        self._learn(task, self._pairs(texts, targets), begun=begun, label_type=label_type_of(classes))
        self.classes_ = classes
        return self

    def predict(self, X: ArrayLike) -> Int[np.ndarray, "B C"]:
        """1 for each label that a text has, else 0; columns in the order of `classes_`."""
        return self._predictions(X).answers.astype(np.int64)

    def predict_proba(self, X: ArrayLike) -> Float[np.ndarray, "B C"]:
        """The score of each label; they do not sum to 1."""
        return self._predictions(X).scores

    def label_lists(self, X: ArrayLike) -> list[list[Any]]:
        """The labels of each text as they were given: names, or whole numbers."""
        return [self.classes_[row].tolist() for row in self._predictions(X).answers]

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of texts whose labels are all right; raises UsageError for labels that are not known."""
        found = self.predict(X)
        _, truth = as_label_sets(y, len(found), labels=self.classes_)
        weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        return float(np.average((found == truth).all(1), weights=weights))

    def _take(self, model: Model) -> None:
        super()._take(model)
        self.classes_ = labels_from_strings(model.labels, model.notes.label_type)
