"""What an encoder can be for: the contract that every task keeps, and the values that pass through it.

Letters: N texts, W windows of a batch or a file, C columns of the head's logits. A text longer than the
encoder becomes k windows; each of them weighs 1/k, so that every text counts once however long it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.model.chain import Chains
from glassbert.model.config import HeadConfig
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.verdict import Verdict
from glassbert.text.asked import Schema
from glassbert.text.columns import Columns
from glassbert.text.schemes import Scheme
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

Text = str | tuple[str, str]
Answer = Literal["class", "number", "set", "span", "tags"]
Answers = np.ndarray
"""One entry per text along the first axis; what an entry is, the task says."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Whole texts, the right answer to each (None where the file has none), and the row each came from.

    `spans`: where the words of each text are that have an answer of their own, [M, 2] per text, in
    characters; None where a task asks for no words, or finds them itself.
    `negatives` are third texts, from which the first is to be told further than from the second.
    """

    texts: list[Text]
    targets: Answers | None
    rows: Int[np.ndarray, "N"]
    spans: np.ndarray | None = None
    negatives: list[str] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, index: Int[np.ndarray, "M"]) -> Examples:
        """The examples at these positions, in this order."""
        targets = None if self.targets is None else self.targets[index]
        return Examples(
            texts=[self.texts[i] for i in index.tolist()],
            targets=targets,
            rows=self.rows[index],
            spans=None if self.spans is None else self.spans[index],
            negatives=None if self.negatives is None else [self.negatives[i] for i in index.tolist()],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """Which windows of a batch make up the texts of its P examples, S texts each.

    `text` numbers each window's text, example by example (0 to P S - 1); `share` is what the window counts
    for in the vector of its text.
    """

    text: Int[Tensor, "W"]
    share: Float[Tensor, "W"]
    num_sides: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows ready for the network, shortest first; `index` says which of the file's windows they are.

    `weights` multiply the loss of each window, or of each of the `rows` (tokens) that a head is to read where
    it could read all; `weight` is their sum, known on the host, by which the loop divides. Of texts that
    are compared, `sides` says whose windows these are, and `weights` belong to the examples. Of rows whose
    answers are chains, `chains` says which.
    """

    packed: Packed
    targets: Tensor | None
    weights: Float[Tensor, "R"]
    weight: float
    index: Int[np.ndarray, "W"]
    rows: Rows | None = None
    sides: Sides | None = None
    chains: Chains | None = None


class Guess(Protocol):
    """What may be scored: answers to texts, and the scores that they were read from."""

    @property
    def scores(self) -> np.ndarray: ...

    @property
    def answers(self) -> Answers: ...


class Rival(Guess, Protocol):
    """A baseline's answers, its name, and what was done to get them."""

    @property
    def name(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """For every whole text: its logits, its scores, its answer, how many windows it took.

    Scores are what the task makes of the logits: shares that sum to 1 for one label of several. Both are
    [N, C], or where words are tagged arrays of objects [N], each [words, C].
    """

    logits: np.ndarray
    scores: np.ndarray
    answers: Answers
    windows: Int[np.ndarray, "N"]

    @property
    def classes(self) -> Answers:
        """The answers, by the name that they have where they are numbers of labels."""
        return self.answers


@dataclass(frozen=True, kw_only=True, eq=False)
class Untuned:
    """What the weights say before training, where the head has none of its own: a rival."""

    scores: Float[np.ndarray, "N C"]
    answers: Answers
    notes: tuple[str, ...] = ()
    name: str = "untuned"


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Scores by name, 95 % bootstrap intervals of the headline ones, and tables for run.json."""

    metrics: dict[str, Any]
    intervals: dict[str, list[float]]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What is kept beside the model because its weights cannot say it: what held-out rows decided, the
    spread of the numbers that it learnt from, and the scheme of its tags where somebody has told it.
    """

    temperature: float = 1.0
    label_scale: float = 1.0
    label_shift: float = 0.0
    thresholds: tuple[float, ...] = ()
    null_threshold: float | None = None
    max_answer_length: int | None = None
    scheme: Scheme | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """A task once its training is over: as it answers from now on, and what run.json says of that, given the
    evaluation's predictions and rows.
    """

    task: Task
    tuned: Tuned
    facts: Callable[[Predictions, Examples], dict[str, Any]]


class Task(Protocol):
    """Rows to examples, examples to windows, windows to batches, logits to loss, predictions and scores."""

    name: ClassVar[str]
    """What the hub calls it."""
    pipeline: ClassVar[str]
    """The pipeline of transformers that runs its models."""
    schema: ClassVar[Schema]
    """Which columns it reads."""
    answer: ClassVar[Answer]
    """What an answer is."""
    metrics: ClassVar[tuple[str, ...]]
    """The headline scores."""
    best_by: ClassVar[str]
    """The score that chooses the best step unless another is asked for."""

    @property
    def head(self) -> HeadConfig: ...

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """Warnings about the answers of a training file; DataError where nothing can be learnt from them."""

    @classmethod
    def learn(
        cls,
        table: Table,
        columns: Columns,
        *,
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        allow_single: bool = False,
    ) -> Self:
        """The task that a training table describes; UsageError for an option that means nothing to it."""

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        """Whether a trained head may be this task's."""

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        """The task of a trained head."""

    def read(self, table: Table, columns: Columns) -> Examples:
        """The rows of a table as examples; raises DataError where a cell cannot be one."""

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """Raise DataError for answers of an evaluation file that training could not have taught."""

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """Every example as one or more windows of at most `max_length` tokens."""

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows as one batch, sorted by length; with targets where `examples` has them."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """The sum of the weighted losses of the batch's windows."""

    def decode(self, logits: Float[np.ndarray, "R C"], windows: Windows, examples: Examples) -> Predictions:
        """Logits of all windows, or of all their tokens where the head reads tokens, in their order, to
        predictions on the whole texts.
        """

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """Decide by held-out rows what training leaves open; may put the head into its final form, in place.

        Whatever it does to the head, `decode` of the settled task undoes in the predictions.
        """

    def as_trained(self, network: Network) -> None:
        """Take back, in place, what `settle` did to the head: the form that `loss` knows."""

    def strata(self, answers: Answers) -> list[str]:
        """What a split keeps in proportion, for each answer."""

    def words(self, answers: Answers) -> list[str]:
        """Each answer as a person reads it."""

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """The task's scores by name."""

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same scores with their intervals, and what else can be counted."""

    def calibration_error(self, found: Guess, examples: Examples) -> float | None:
        """How far stated confidence lies from the share that is right; None where none is stated."""

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """What a model must beat, fitted on the same training rows; the last is the one to be judged by."""

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        """Whether the rows prove the model better than the rival."""

    def cells(self, predictions: Predictions) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """(names of columns, a row of cells per text) of a table of predictions."""

    def listed(self, predictions: Predictions) -> list[Any]:
        """A JSON value per text: an object, or a list of entities."""
