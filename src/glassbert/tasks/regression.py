"""text-regression: a number for a text or a pair of texts, such as how alike the two are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.number_baselines import mean_number, tfidf_ridge
from glassbert.tasks.number_metrics import NAMES, number_intervals, score_numbers
from glassbert.tasks.number_verdict import compare_numbers
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
from glassbert.tasks.verdict import Verdict
from glassbert.text.asked import Schema
from glassbert.text.cells import number_values
from glassbert.text.columns import Columns
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

PROBLEM = "regression"
STRATA = 10
ROWS_PER_STRATUM = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class TextRegression:
    """Mean squared error; a text's number is the mean over its windows, and is clipped nowhere.

    Numbers are learnt as (y - mean) / scale, with mean and standard deviation of the training rows, so that
    one learning rate does for any unit. `settle` then puts mean and scale into the head's weights: whoever
    reads the saved model gets numbers in the data's own unit. `unit` is what the metric `loss` divides errors
    by: 1 is as good as always saying the mean.
    """

    name: ClassVar[str] = "text-regression"
    pipeline: ClassVar[str] = "text-classification"
    schema: ClassVar[Schema] = Schema(texts="either", label="number")
    answer: ClassVar[Answer] = "number"
    metrics: ClassVar[tuple[str, ...]] = NAMES
    best_by: ClassVar[str] = "rmse"

    head: HeadConfig
    mean: float = 0.0
    scale: float = 1.0
    unit: float = 1.0

    def __post_init__(self) -> None:
        refuse_head(self.head, "measure")
        if self.head.num_labels != 1 or not 0 < self.scale < float("inf"):
            what = f"{self.head.num_labels} labels and the scale {self.scale!r} for one number"
            raise UsageError(Problem(code="wrong-head", what=what, fix="give one label and a scale above 0"))

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """DataError where all rows have one number; only a warning with `allow_single`."""
        values = number_values(table, label_column(columns))
        if len(values) and np.ptp(values) > 0:
            return []
        what = (
            f"all {len(values):,} rows have the number {values[0]:.6g}" if len(values) else "no row has one"
        )
        if allow_single and len(values):
            return [f"{table.source}: {what}; every prediction will be that number"]
        fix = "add rows with other numbers, check --label-column, or pass --allow-degenerate"
        raise DataError(Problem(code="single-number", what=what, fix=fix, file=table.source))

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
        """The task that a training table describes; UsageError for options of classes, which it has not."""
        if class_weights is not None or label_smoothing:
            given = "--class-weights" if class_weights is not None else "--label-smoothing"
            what = f"{given} is given, and {cls.name} has no classes"
            raise UsageError(Problem(code="no-classes", what=what, fix="leave it out"))
        column = label_column(columns)
        return cls.of_numbers(number_values(table, column), label=column)

    @classmethod
    def of_numbers(cls, values: Float[np.ndarray, "N"], *, label: str) -> Self:
        """The task of learning such numbers, which are called so."""
        scale = float(values.std()) or 1.0
        head = HeadConfig(kind=HEAD, labels=(label,), problem_type=PROBLEM)
        return cls(head=head, mean=float(values.mean()), scale=scale, unit=scale)

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        """One logit is a number, as transformers reads it, unless the head says otherwise."""
        says = head.problem_type in (PROBLEM, None)
        return head.kind == HEAD and head.num_labels == 1 and says

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        return cls(head=head, unit=tuned.label_scale)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as an example, without targets if there is no label column; DataError for bad cells."""
        texts = texts_of(table, columns)
        targets = None if columns.label is None else number_values(table, columns.label)
        return Examples(texts=texts, targets=targets, rows=table.rows)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """Any number may be asked for; whether there are numbers, `read` sees."""
        label_column(columns)

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
        return make_batch(windows, chosen, targets, position_offset=position_offset, device=device)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum over windows of weight x squared error in units of the training rows' standard deviation."""
        if batch.targets is None:
            raise needs_labels("a loss")
        wide = widened(logits)[:, 0]
        wanted = ((batch.targets - self.mean) / self.scale).to(wide.dtype)
        return (batch.weights * (wide - wanted) ** 2).sum()

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows, examples: Examples) -> Predictions:
        """The mean over the windows of each text, in the data's unit."""
        means = mean_logits(logits, windows)
        values = means * self.scale + self.mean
        return Predictions(logits=means, scores=values, answers=values[:, 0], windows=windows.per_text)

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """Put mean and scale into the head, w <- scale w and b <- scale b + mean; nothing is tuned."""
        self._rescale(network, factor=self.scale, shift=self.mean)
        facts = {"mean": self.mean, "scale": self.scale, "reason": "mean and spread of the training rows"}
        return Settled(
            task=replace(self, mean=0.0, scale=1.0),
            tuned=Tuned(label_scale=self.unit),
            facts=lambda predictions, judged: {"target": facts},
        )

    def as_trained(self, network: Network) -> None:
        """Take mean and scale out of the head again, in place: the form in which it was trained."""
        self._rescale(network, factor=1 / self.scale, shift=-self.mean / self.scale)

    def _rescale(self, network: Network, *, factor: float, shift: float) -> None:
        output = network.head.output
        assert isinstance(output, nn.Linear)
        with torch.no_grad():
            output.weight.mul_(factor)
            output.bias.mul_(factor).add_(shift)

    def strata(self, answers: Answers) -> list[str]:
        """Tenths of the numbers, or fewer where there are few rows."""
        count = max(1, min(STRATA, len(answers) // ROWS_PER_STRATUM))
        edges = np.quantile(answers, np.arange(1, count) / count)
        return [str(number) for number in np.searchsorted(edges, answers, side="right").tolist()]

    def words(self, answers: Answers) -> list[str]:
        return [f"{value:.12g}" for value in answers.tolist()]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """pearson, spearman, mae, rmse, mse, and loss: mse over the variance of the training rows."""
        values = score_numbers(truth_of(examples, "a score"), found.answers)
        plain = {name: float(value[0]) for name, value in values.items()}
        return {**plain, "loss": plain["mse"] / self.unit**2}

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same with intervals, and how the numbers spread on both sides."""
        truth = truth_of(examples, "a score")
        intervals = number_intervals(truth, found.answers)
        return Measured(
            metrics=self.score(found, examples),
            intervals={name: [low, high] for name, (low, high) in intervals.items()},
            details={"spread": {"given": _spread(truth), "predicted": _spread(found.answers)}},
        )

    def calibration_error(self, found: Guess, examples: Examples) -> None:
        return None

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """Always the mean, and counting words."""
        return {
            "mean": mean_number(train, len(evaluation)),
            "tfidf_ridge": tfidf_ridge(train, evaluation),
        }

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        return compare_numbers(found.answers, rival.answers, truth=truth_of(examples, "a score"))

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        return ["prediction"], [[f"{value:.9g}"] for value in predictions.answers.tolist()]

    def listed(self, predictions: Predictions) -> list[dict[str, Any]]:
        """One {label, score} per text, as the pipeline of transformers gives it."""
        return [{"label": self.head.labels[0], "score": value} for value in predictions.answers.tolist()]


def _spread(values: np.ndarray) -> dict[str, float]:
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
