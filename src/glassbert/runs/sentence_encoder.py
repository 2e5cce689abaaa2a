"""An encoder of texts as a scikit-learn estimator: fit on pairs or triplets, then vectors."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float
from numpy.random import RandomState
from numpy.typing import ArrayLike

from glassbert.errors import Problem, UsageError
from glassbert.runs.estimator import TextEstimator
from glassbert.runs.inputs import as_numbers, as_pairs, as_texts, learnable_numbers
from glassbert.runs.models import Model
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.tasks.number_metrics import score_numbers
from glassbert.tasks.similarity import SentenceSimilarity, others
from glassbert.tasks.task import Examples, Text


class SentenceEncoder(TextEstimator):
    """A BERT-family encoder whose vectors say how alike texts are, with scikit-learn's interface.

    Parameters are stored and nothing else happens until `fit`; None means "what fits the model and the
    data". `loss` is "cosine" (pairs with scores), "multiple-negatives" (pairs that belong together, or
    triplets) or "triplet"; `pooling` is "mean", "cls" or "max". A tenth of the rows (at most 2,000) is held
    out to choose the best checkpoint. `score` is the Spearman correlation; `budget` is in seconds.
    """

    _kind: ClassVar[type[SentenceSimilarity]] = SentenceSimilarity

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        loss: str | None = None,
        pooling: str | None = None,
        epochs: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        max_length: int | None = None,
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
        self.loss = loss
        self.pooling = pooling

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn from pairs with scores `y`, from pairs that belong together, or from triplets (anchor,
        positive, negative); raises UsageError for anything else.
        """
        begun = self._begin()
        pairs, negatives = _triplets(X)
        if negatives is not None and y is not None:
            fix = "give pairs with scores, or triplets without"
            raise UsageError(Problem(code="scored-triplets", what="triplets come with scores", fix=fix))
        scores = None if y is None else learnable_numbers(y, len(pairs))
        task = self._kind.of_scores(
            scores, triplets=negatives is not None, loss=self.loss, pooling=self.pooling
        )
        if scores is None:
            scores = np.ones(len(pairs))
            negatives = negatives or others([pair[1] for pair in pairs])
        rows = np.arange(1, len(pairs) + 1)
        examples = Examples(texts=pairs, targets=scores, rows=rows, negatives=negatives)
        self._learn(task, examples, begun=begun)
        return self

    def transform(self, X: ArrayLike) -> Float[np.ndarray, "B H"]:
        """The vector of each text, float32."""
        vectors = self._fitted().embed(as_texts(X))
        assert isinstance(vectors, np.ndarray)
        return vectors

    def predict(self, X: ArrayLike) -> Float[np.ndarray, "B"]:
        """How alike the texts of each pair are, in the unit of y, else as cosine."""
        return self._predictions(X).answers

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The Spearman correlation of the pairs' similarities with y."""
        found = self.predict(X)
        return float(score_numbers(as_numbers(y, len(found)), found)["spearman"][0])

    def _take(self, model: Model) -> None:
        super()._take(model)
        if model.network.head_config.kind == "sentence":  # fitting again pools as the model does
            self.pooling = model.network.head_config.pooling

    @staticmethod
    def _texts(X: Any) -> list[Text]:
        return as_pairs(X)


def _triplets(X: Any) -> tuple[list[Text], list[str] | None]:
    """The pairs, and their negatives where X holds triplets."""
    rows = X.to_numpy().tolist() if hasattr(X, "to_numpy") else X.tolist() if hasattr(X, "tolist") else X
    sizes = {len(row) for row in rows if isinstance(row, list | tuple)} if isinstance(rows, list) else set()
    if sizes != {3} or any(isinstance(row, str) for row in rows):
        return as_pairs(X), None
    pairs = as_pairs([(row[0], row[1]) for row in rows])
    return pairs, [str(text) for text in as_texts([row[2] for row in rows])]
