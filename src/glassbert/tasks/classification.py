"""text-classification: one label for a whole text, however long it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.tasks.baselines import majority, tfidf
from glassbert.tasks.calibration import fit_temperature, softmax
from glassbert.tasks.labels import ClassWeights, encode, learn_labels, weigh_classes
from glassbert.tasks.sequences import (
    HEAD,
    label_column,
    make_batch,
    mean_logits,
    needs_labels,
    refuse_head,
    texts_of,
    truth_of,
    widened,
)
from glassbert.tasks.single_label import (
    calibration_facts,
    class_calibration_error,
    class_cells,
    listed_classes,
    measure_classes,
    score_classes,
)
from glassbert.tasks.task import (
    Answer,
    Answers,
    Batch,
    Examples,
    Guess,
    Measured,
    Predictions,
    Rival,
    Settled,
    Tuned,
)
from glassbert.tasks.verdict import Verdict, compare
from glassbert.text.asked import Schema
from glassbert.text.cells import label_strings
from glassbert.text.columns import Columns
from glassbert.text.label_checks import check_classes, check_unseen_labels, near_duplicate_labels
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

PROBLEM = "single_label_classification"


@dataclass(frozen=True, kw_only=True, eq=False)
class TextClassification:
    """Cross-entropy over the labels of `head`; a text's logits are the mean over its windows.

    `class_weights` multiply the loss of a row by the weight of its true class, smoothing included.
    `label_smoothing` e mixes the target with the uniform distribution: (1 - e) one-hot + e / C. `temperature`
    divides the logits of a prediction; it changes the scores and never the class.
    """

    name: ClassVar[str] = "text-classification"
    pipeline: ClassVar[str] = "text-classification"
    schema: ClassVar[Schema] = Schema()
    answer: ClassVar[Answer] = "class"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "mcc")
    best_by: ClassVar[str] = "accuracy"

    head: HeadConfig
    class_weights: Float[np.ndarray, "C"] | None = None
    label_smoothing: float = 0.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        refuse_head(self.head, "classify")
        if not 0 <= self.label_smoothing < 1:
            what = f"label smoothing is {self.label_smoothing!r}"
            raise UsageError(Problem(code="bad-rate", what=what, fix="give a number in [0, 1)"))
        if not 0 < self.temperature < float("inf"):
            what = f"the temperature is {self.temperature!r}"
            raise UsageError(Problem(code="bad-temperature", what=what, fix="give a number above 0"))

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """What is odd about the labels; raises DataError for fewer than two classes."""
        labels = label_strings(table, label_column(columns))
        return [
            *check_classes(labels, source=table.source, allow_degenerate=allow_single),
            *near_duplicate_labels(labels),
        ]

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
        """The task that a training table describes; its labels are numbered as `labels.in_order` says.

        Raises DataError for bad label cells, and for a single label unless `allow_single`.
        """
        column = label_column(columns)
        values = label_strings(table, column)
        labels = learn_labels(values, source=table.source, column=column, allow_single=allow_single)
        targets = encode(values, labels, source=table.source, rows=table.rows)
        return cls.of_labels(
            labels,
            class_weights=weigh_classes(class_weights, targets, labels),
            label_smoothing=label_smoothing,
        )

    @classmethod
    def of_labels(cls, labels: tuple[str, ...], **options: Any) -> Self:
        """The task of telling these labels apart."""
        return cls(head=HeadConfig(kind=HEAD, labels=labels, problem_type=PROBLEM), **options)

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        """One logit is a regression, as transformers reads it, unless the head itself says it is a class."""
        says = head.problem_type == PROBLEM
        return head.kind == HEAD and (says or (head.problem_type is None and head.num_labels > 1))

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        return cls(head=head, temperature=tuned.temperature)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as an example, without targets if there is no label column; DataError for bad cells."""
        targets = None
        texts = texts_of(table, columns)
        if columns.label is not None:
            values = label_strings(table, columns.label)
            targets = encode(values, self.head.labels, source=table.source, rows=table.rows)
        return Examples(texts=texts, targets=targets, rows=table.rows)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """DataError naming each label that the training data lacks."""
        found = label_strings(table, label_column(columns))
        check_unseen_labels(self.head.labels, found, source=table.source)

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """All of every text, in overlapping windows where it is longer than `max_length` tokens."""
        return tokenizer.windows(examples.texts, max_length=max_length)

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows, shortest first and else in the order given, with targets and weights."""
        targets = None if examples is None else examples.targets
        weighed = targets is not None and self.class_weights is not None
        return make_batch(
            windows,
            chosen,
            targets,
            weights=self.class_weights[targets] if weighed else None,  # type: ignore[index]
            position_offset=position_offset,
            device=device,
        )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum over windows of weight x cross-entropy in nats, in float32 or, for such logits, in float64."""
        if batch.targets is None:
            raise needs_labels("a loss")
        smoothing = self.label_smoothing
        losses = F.cross_entropy(widened(logits), batch.targets, reduction="none", label_smoothing=smoothing)
        return (losses * batch.weights).sum()

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows, examples: Examples) -> Predictions:
        """Mean logits over the windows of each text, scores softmax(mean / temperature), and class."""
        means = mean_logits(logits, windows)
        return Predictions(
            logits=means,
            scores=softmax(means, temperature=self.temperature),
            answers=means.argmax(-1),
            windows=windows.per_text,
        )

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """The temperature, fitted on rows that no training step saw."""
        found = fit_temperature(held_out.logits, truth_of(examples, "a temperature"))
        return Settled(
            task=replace(self, temperature=found.value),
            tuned=Tuned(temperature=found.value),
            facts=lambda predictions, judged: calibration_facts(found, predictions, judged),
        )

    def as_trained(self, network: Network) -> None:
        """The head is as it was trained."""

    def strata(self, answers: Answers) -> list[str]:
        return self.words(answers)

    def words(self, answers: Answers) -> list[str]:
        return [self.head.labels[chosen] for chosen in answers.tolist()]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """accuracy, macro_f1, mcc, and loss: the mean negative log likelihood of the true class, in nats."""
        return score_classes(found, truth_of(examples, "a score"))

    def measure(self, found: Guess, examples: Examples) -> Measured:
        return measure_classes(found, truth_of(examples, "a score"), labels=self.head.labels)

    def calibration_error(self, found: Guess, examples: Examples) -> float:
        return class_calibration_error(found, truth_of(examples, "a calibration error"))

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """The commonest label, and counting words."""
        count = self.head.num_labels
        return {
            "majority": majority(train, len(evaluation), num_classes=count),
            "tfidf": tfidf(train, evaluation, num_classes=count),
        }

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        truth = truth_of(examples, "a verdict")
        return compare(found.answers, rival.answers, truth=truth, labels=self.head.labels)

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        return class_cells(predictions, self.head.labels)

    def listed(self, predictions: Predictions) -> list[dict[str, Any]]:
        return listed_classes(predictions, self.head.labels)
