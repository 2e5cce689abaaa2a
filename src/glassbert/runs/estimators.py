"""Classifiers of texts as scikit-learn estimators: fit, predict, score, clone, GridSearchCV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from glassbert.runs.estimator import TextEstimator
from glassbert.runs.inputs import as_pairs
from glassbert.runs.label_inputs import as_labels, as_targets
from glassbert.runs.labels import label_type_of, labels_from_strings
from glassbert.runs.models import Model
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.labels import ClassWeights, weigh_classes
from glassbert.tasks.pairs import TextPairClassification
from glassbert.tasks.task import Text


class TextClassifier(ClassifierMixin, TextEstimator):
    """A BERT-family text classifier with scikit-learn's interface.

    Parameters are stored and nothing else happens until `fit`; None means "what fits the model and the
    data". `y` may hold strings, integers, truth values or whole floats; `classes_` are their sorted distinct
    values. A tenth of the rows (at most 2,000) is held out to choose the best checkpoint and the temperature.
    `class_weight` is "balanced" or a weight per class, as in scikit-learn; `budget` is in seconds.
    """

    _kind: ClassVar[type[TextClassification]] = TextClassification

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        epochs: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        max_length: int | None = None,
        class_weight: ClassWeights = None,
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
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fine-tune on texts and their labels; raises UsageError for input that is no list of texts."""
        begun = self._begin()
        texts = self._texts(X)
        classes, targets = as_targets(y, len(texts))
        labels = tuple(str(label) for label in classes.tolist())
        weights = weigh_classes(_by_label(self.class_weight), targets, labels)
        task = self._kind.of_labels(labels, class_weights=weights)
        self._learn(task, self._pairs(texts, targets), begun=begun, label_type=label_type_of(classes))
        self.classes_ = classes
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable label of each text."""
        chosen = self._predictions(X).answers
        return self.classes_[chosen]

    def predict_proba(self, X: ArrayLike) -> Float[np.ndarray, "B C"]:
        """Calibrated probabilities, columns in the order of `classes_`."""
        return self._predictions(X).scores

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of texts whose label is right; raises UsageError for labels as `fit` does."""
        found = self.predict(X)
        return float(accuracy_score(as_labels(y, len(found)), found, sample_weight=sample_weight))

    def _take(self, model: Model) -> None:
        super()._take(model)
        self.classes_ = labels_from_strings(model.task.head.labels, model.notes.label_type)


class TextPairClassifier(TextClassifier):
    """The same for pairs of texts: `X` is a list of pairs of strings, or a table of two columns."""

    _kind: ClassVar[type[TextClassification]] = TextPairClassification

    @staticmethod
    def _texts(X: Any) -> list[Text]:
        return as_pairs(X)


def _by_label(weights: Any) -> Any:
    """scikit-learn names classes by their labels, which may be numbers; ours go by their strings."""
    return (
        {str(label): weight for label, weight in weights.items()} if isinstance(weights, Mapping) else weights
    )
