"""A regressor of texts as a scikit-learn estimator: fit, predict, score, clone, GridSearchCV."""

from __future__ import annotations

from typing import ClassVar, Self

from jaxtyping import Float
from numpy import ndarray
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from glassbert.runs.estimator import TextEstimator
from glassbert.runs.inputs import learnable_numbers
from glassbert.tasks.regression import TextRegression


class TextRegressor(RegressorMixin, TextEstimator):
    """A BERT-family regressor of texts, or of pairs of texts, with scikit-learn's interface.

    Parameters are stored and nothing else happens until `fit`; None means "what fits the model and the
    data". `y` holds finite numbers of any unit. A tenth of the rows (at most 2,000) is held out to choose the
    best checkpoint. `score` is R^2; `budget` is in seconds.
    """

    _kind: ClassVar[type[TextRegression]] = TextRegression

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fine-tune on texts and their numbers; raises UsageError for what is no list of either."""
        begun = self._begin()
        texts = self._texts(X)
        numbers = learnable_numbers(y, len(texts))
        task = self._kind.of_numbers(numbers, label="number")
        self._learn(task, self._pairs(texts, numbers), begun=begun)
        return self

    def predict(self, X: ArrayLike) -> Float[ndarray, "B"]:
        """The number of each text, in the unit of y."""
        return self._predictions(X).answers
