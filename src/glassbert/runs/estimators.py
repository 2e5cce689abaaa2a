"""scikit-learn estimators: fit, predict, score, clone, GridSearchCV; saved as a plain model directory."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.runs.data import MOST_VALIDATION, VALIDATION_SHARE, hold_out
from glassbert.runs.devices import refuse_device
from glassbert.runs.export import save_model
from glassbert.runs.fit import Place, fit
from glassbert.runs.inputs import as_targets, as_texts
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.judge import fit_calibration
from glassbert.runs.labels import label_type_of, labels_from_strings
from glassbert.runs.models import Model, load
from glassbert.runs.prepare import Prepared, Request, prepare_model
from glassbert.runs.recipe import values
from glassbert.runs.reserve import reserve
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.runs.settings import check
from glassbert.tasks.classification import HEAD, PROBLEM, TextClassification
from glassbert.tasks.labels import ClassWeights, weigh_classes
from glassbert.tasks.task import Examples, Predictions, Text
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows
from glassbert.train.stop import Stop

SETTINGS = ("epochs", "batch_size", "learning_rate", "max_length", "budget")


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A BERT-family text classifier with scikit-learn's interface.

    Parameters are stored and nothing else happens until `fit`; None means "what fits the model and the
    data". `y` may hold strings, integers, truth values or whole floats; `classes_` are their sorted distinct
    values. A tenth of the rows (at most 2,000) is held out to choose the best checkpoint and the temperature.
    `class_weight` is "balanced" or a weight per class, as in scikit-learn; `budget` is in seconds.
    """

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
        device: str = "cpu",
        random_state: int | RandomState | None = 0,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_length = max_length
        self.class_weight = class_weight
        self.budget = budget
        self.device = device
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fine-tune on texts and their labels; raises UsageError for input that is no list of texts."""
        started = time.monotonic()
        request = self._request()
        check(request.said())
        refuse_device(self.device)
        texts = as_texts(X)
        classes, targets = as_targets(y, len(texts))
        labels = tuple(str(label) for label in classes.tolist())
        weights = weigh_classes(_by_label(self.class_weight), targets, labels)
        head = HeadConfig(kind=HEAD, labels=labels, problem_type=PROBLEM)
        task = TextClassification(head=head, class_weights=weights)
        examples = Examples(texts=texts, targets=targets, rows=np.arange(1, len(texts) + 1))
        seed = int(request.settings["seed"])
        sets = hold_out(examples, task, share=VALIDATION_SHARE, most=MOST_VALIDATION, seed=seed)
        prepared = prepare_model(request, head, task=task.name, num_rows=len(sets[0]))
        temperature = _train(prepared, task, sets, started=started)
        notes = replace(prepared.model.notes, temperature=temperature, label_type=label_type_of(classes))
        self.model_ = replace(prepared.model, notes=notes)
        self.classes_ = classes
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable label of each text."""
        chosen = self._predictions(X).classes
        return self.classes_[chosen]

    def predict_proba(self, X: ArrayLike) -> Float[np.ndarray, "B C"]:
        """Calibrated probabilities, columns in the order of `classes_`."""
        return self._predictions(X).scores

    def save(self, directory: str | Path) -> None:
        """Write a plain Hugging Face model directory (never a pickle). Raises OutputError, StorageError."""
        model = self._fitted()
        save_model(model, Path(directory), card=_card(model))

    @classmethod
    def load(cls, directory: str | Path, *, device: str = "cpu") -> Self:
        """An estimator ready to predict, from a model directory or a run; labels have the type they had."""
        model = load(directory, device=device)
        estimator = cls(model=str(directory), device=device)
        estimator.classes_ = labels_from_strings(model.task.head.labels, model.notes.label_type)
        estimator.model_ = model
        return estimator

    @property
    def name(self) -> str:
        return self._fitted().name

    @property
    def network(self) -> Network:
        return self._fitted().network

    @property
    def tokenizer(self) -> Tokenizer:
        return self._fitted().tokenizer

    def windows(self, texts: Sequence[Text], *, offsets: bool = False) -> Windows:
        """The token windows that predictions come from."""
        return self._fitted().windows(texts, offsets=offsets)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _request(self) -> Request:
        settings = {name: getattr(self, name) for name in SETTINGS}
        state = self.random_state
        seed = int(state.randint(2**31)) if isinstance(state, RandomState) else 0 if state is None else state
        return Request(
            model=str(self.model), settings={**settings, "seed": seed}, config={}, device=self.device
        )

    def _predictions(self, X: ArrayLike) -> Predictions:
        model = self._fitted()
        return model.predict(as_texts(X))

    def _fitted(self) -> Model:
        check_is_fitted(self, "model_")
        return self.model_


def _train(
    prepared: Prepared, task: TextClassification, sets: tuple[Examples, Examples], *, started: float
) -> float:
    """Train the prepared network in place, and return its temperature."""
    model, settings = prepared.model, values(prepared.settings)
    train, validation = (
        Split(part, task.windows(part, model.tokenizer, max_length=model.max_length)) for part in sets
    )
    job = FinetuneJob(model.network, task, settings, train=train, validation=validation)
    deadline = None
    if settings.budget is not None:
        kept = reserve(model.network, [validation.windows], budget=settings.budget)
        deadline = started + settings.budget - kept
    with tempfile.TemporaryDirectory(prefix="glassbert-") as directory:
        place = Place(directory=Path(directory), run_id=secrets.token_hex(8), tensorboard=False)
        fit(job, place, stop=Stop(), deadline=deadline)
    return fit_calibration(job).value


def _by_label(weights: Any) -> Any:
    """scikit-learn names classes by their labels, which may be numbers; ours go by their strings."""
    return (
        {str(label): weight for label, weight in weights.items()} if isinstance(weights, Mapping) else weights
    )


def _card(model: Model) -> str:
    labels = ", ".join(model.labels)
    return f"---\nlibrary_name: transformers\npipeline_tag: text-classification\n---\n\nLabels: {labels}.\n"
