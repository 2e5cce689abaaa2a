"""scikit-learn estimators: fit, predict, score, clone, GridSearchCV; saved as a plain model directory."""

from __future__ import annotations

import secrets
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from glassbert.errors import Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import load_pretrained
from glassbert.runs import result
from glassbert.runs.data import MOST_VALIDATION, VALIDATION_SHARE, hold_out
from glassbert.runs.export import save_model
from glassbert.runs.fit import Place, fit, refuse_device
from glassbert.runs.inference import window_logits
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.models import Model, load
from glassbert.runs.notes import ModelNotes
from glassbert.runs.recipe import recipe, settle, values
from glassbert.runs.resolve import DEFAULT_MODEL, resolve_model
from glassbert.tasks.classification import HEAD, PROBLEM, TextClassification
from glassbert.tasks.labels import ClassWeights, weigh_classes
from glassbert.tasks.task import Examples, Predictions
from glassbert.text.tokenizer import Tokenizer
from glassbert.train.stop import Stop


class TextClassifier(ClassifierMixin, BaseEstimator):
    """A BERT-family text classifier with scikit-learn's interface.

    Parameters are stored and nothing else happens until `fit`; None means "what fits the model and the
    data". `y` may hold any labels; `classes_` are their sorted distinct values. A tenth of the rows (at
    most 2,000) is held out to choose the best checkpoint and the temperature. `budget` is in seconds.
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
        random_state: int | None = 0,
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
        refuse_device(self.device)
        texts = as_texts(X)
        targets = self._targets(y, len(texts))
        examples = Examples(texts=list(texts), targets=targets, rows=np.arange(1, len(texts) + 1))
        labels = tuple(str(label) for label in self.classes_)
        head = HeadConfig(kind=HEAD, labels=labels, problem_type=PROBLEM)
        task = TextClassification(head=head, class_weights=weigh_classes(self.class_weight, targets, labels))
        seed = 0 if self.random_state is None else int(self.random_state)
        train, validation = hold_out(examples, task, share=VALIDATION_SHARE, most=MOST_VALIDATION, seed=seed)
        self.model_ = self._fit(task, train, validation, seed=seed)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable label of each text."""
        return self.classes_[self._predictions(X).classes]

    def predict_proba(self, X: ArrayLike) -> Float[np.ndarray, "B C"]:
        """Calibrated probabilities, columns in the order of `classes_`."""
        return self._predictions(X).scores

    def save(self, directory: str | Path) -> None:
        """Write a plain Hugging Face model directory (never a pickle)."""
        check_is_fitted(self, "model_")
        label_type = {"label_type": self.classes_.dtype.kind}
        save_model(self.model_, Path(directory), card=_card(self.model_), more=label_type)

    @classmethod
    def load(cls, directory: str | Path, *, device: str = "cpu") -> Self:
        """An estimator ready to predict, from a model directory or a run; labels come back as strings."""
        estimator = cls(model=str(directory), device=device)
        estimator.model_ = load(directory, device=device)
        estimator.classes_ = np.array(estimator.model_.task.head.labels)
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.non_deterministic = False
        return tags

    def _targets(self, y: ArrayLike, count: int) -> np.ndarray:
        labels = column_or_1d(y)
        check_classification_targets(labels)
        if len(labels) != count:
            what = f"{count} texts and {len(labels)} labels"
            raise UsageError(Problem(code="length-mismatch", what=what, fix="give one label per text"))
        self.classes_, targets = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            what = f"all labels are {self.classes_[0]!r}: a classifier needs at least 2 classes"
            raise UsageError(Problem(code="single-class", what=what, fix="give examples of another class"))
        return np.asarray(targets, dtype=np.int64)

    def _fit(self, task: TextClassification, train: Examples, validation: Examples, *, seed: int) -> Model:
        source = resolve_model(self.model)
        loaded = load_pretrained(source.directory, head=task.head, replace_head=True)
        tokenizer = Tokenizer.load(source.directory, vocab_size=loaded.network.config.vocab_size)
        config = loaded.network.config
        given = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "max_length": self.max_length,
            "budget": self.budget,
            "seed": seed,
        }
        advice = recipe(
            num_parameters=config.num_parameters, num_rows=len(train), max_length=config.max_length
        )
        settings = values(settle(given, {}, advice))
        length = settings.max_length

        def split(examples: Examples) -> Split:
            return Split(examples, task.windows(examples, tokenizer, max_length=length))

        job = FinetuneJob(
            loaded.network.to(self.device), task, settings, train=split(train), validation=split(validation)
        )
        with tempfile.TemporaryDirectory(prefix="glassbert-") as directory:
            place = Place(directory=Path(directory), run_id=secrets.token_hex(8), tensorboard=False)
            fit(job, place, stop=Stop(), started=time.monotonic())
        held = task.decode(window_logits(loaded.network, job.validation.windows), job.validation.windows)
        temperature = result.calibrate(held, job.validation.examples).value
        notes = ModelNotes(task=task.name, max_length=length, temperature=temperature)
        return Model(network=loaded.network, tokenizer=tokenizer, name=source.name, notes=notes)

    def _predictions(self, X: ArrayLike) -> Predictions:
        return self._fitted().predict(as_texts(X))

    def _fitted(self) -> Model:
        check_is_fitted(self, "model_")
        return self.model_


def as_texts(X: Any) -> list[str | tuple[str, str]]:
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
            what = f"element {place} is {type(text).__name__}, not a text"
            raise UsageError(Problem(code="not-texts", what=what, fix="give strings, or pairs of strings"))
    if not texts:
        raise UsageError(
            Problem(code="no-texts", what="there are 0 texts (0 samples)", fix="give at least one")
        )
    return [str(text) if isinstance(text, str) else (str(text[0]), str(text[1])) for text in texts]


def _card(model: Model) -> str:
    labels = ", ".join(model.network.head_config.labels)
    return f"---\nlibrary_name: transformers\npipeline_tag: text-classification\n---\n\nLabels: {labels}.\n"
