"""What the scikit-learn estimators share: fine-tuning in memory, saving and loading."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from glassbert.errors import Problem, UsageError
from glassbert.model.network import Network
from glassbert.runs.data import MOST_VALIDATION, VALIDATION_SHARE, hold_out
from glassbert.runs.devices import refuse_device
from glassbert.runs.export import save_model
from glassbert.runs.fit import Place, fit
from glassbert.runs.inputs import as_texts
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.judge import settle
from glassbert.runs.learnt import release
from glassbert.runs.models import Model, load
from glassbert.runs.prepare import Prepared, Request, prepare_model
from glassbert.runs.recipe import values
from glassbert.runs.reserve import reserve
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.runs.settings import check
from glassbert.tasks.task import Answers, Examples, Predictions, Settled, Task, Text
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows
from glassbert.train.stop import Stop

SETTINGS = ("epochs", "batch_size", "learning_rate", "max_length", "budget", "freeze", "lora")


class TextEstimator(BaseEstimator):
    """A task with scikit-learn's interface; a kind of estimator says what y is and what `predict` gives."""

    _kind: ClassVar[type[Any]]
    model_: Model

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
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
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_length = max_length
        self.budget = budget
        self.freeze = freeze
        self.lora = lora
        self.device = device
        self.random_state = random_state

    def save(self, directory: str | Path) -> None:
        """Write a plain Hugging Face model directory (never a pickle). Raises OutputError, StorageError."""
        model = self._fitted()
        save_model(model, Path(directory), card=_card(model))

    @classmethod
    def load(cls, directory: str | Path, *, device: str = "cpu") -> Self:
        """An estimator ready to predict, from a model directory or a run; answers have the type they had."""
        model = load(directory, device=device)
        estimator = cls(model=str(directory), device=device)
        estimator._take(model)
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

    def _take(self, model: Model) -> None:
        """Become the estimator of a loaded model; UsageError for a model of another task."""
        if model.notes.task is not None and not isinstance(model.task, self._kind):
            what = f"the model '{model.name}' was made for {model.notes.task}, not for {self._kind.name}"
            raise UsageError(Problem(code="other-task", what=what, fix="load it with that task's estimator"))
        self.model_ = model

    def _begin(self) -> tuple[float, Request]:
        """When fitting began, and what it is asked for; raises UsageError for what makes no sense."""
        started = time.monotonic()
        request = self._request()
        check(request.said())
        refuse_device(self.device)
        return started, request

    def _learn(self, task: Task, examples: Examples, *, begun: tuple[float, Request], **notes: Any) -> None:
        """Fine-tune on the examples, a tenth of which chooses the best checkpoint and settles the task."""
        started, request = begun
        seed = int(request.settings["seed"])
        sets = hold_out(examples, task, share=VALIDATION_SHARE, most=MOST_VALIDATION, seed=seed)
        prepared = prepare_model(request, task, num_rows=len(sets[0]))
        settled = _train(prepared, task, sets, started=started)
        kept = replace(prepared.model.notes.with_tuned(settled.tuned), **notes)
        self.model_ = replace(prepared.model, notes=kept)

    @staticmethod
    def _pairs(texts: list[Text], targets: Answers) -> Examples:
        """Texts and their answers as examples."""
        return Examples(texts=texts, targets=targets, rows=np.arange(1, len(texts) + 1))

    def _request(self) -> Request:
        settings = {name: getattr(self, name) for name in SETTINGS}
        state = self.random_state
        seed = int(state.randint(2**31)) if isinstance(state, RandomState) else 0 if state is None else state
        return Request(
            model=str(self.model), settings={**settings, "seed": seed}, config={}, device=self.device
        )

    @staticmethod
    def _texts(X: Any) -> list[Text]:
        """X as the texts that the task reads."""
        return as_texts(X)

    def _predictions(self, X: ArrayLike) -> Predictions:
        model = self._fitted()
        return model.predict(self._texts(X))

    def _fitted(self) -> Model:
        check_is_fitted(self, "model_")
        return self.model_


def _train(prepared: Prepared, task: Task, sets: tuple[Examples, Examples], *, started: float) -> Settled:
    """Train the prepared network in place, and return its task as the held-out rows settle it."""
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
    release(model.network)
    return settle(job)


def _card(model: Model) -> str:
    labels = ", ".join(model.labels)
    pipeline = model.task.pipeline
    named = f"\nLabels: {labels}.\n" if labels else ""
    return f"---\nlibrary_name: transformers\npipeline_tag: {pipeline}\n---\n{named}"
