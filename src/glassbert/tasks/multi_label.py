"""multi-label-classification: any number of labels for a text or a pair, none included."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.tasks.labels import ClassWeights, encode, in_order
from glassbert.tasks.metrics import f1, precision, recall
from glassbert.tasks.sequences import (
    HEAD,
    make_batch,
    mean_logits,
    needs_labels,
    refuse_head,
    texts_of,
    truth_of,
    widened,
)
from glassbert.tasks.set_baselines import commonest_label, tfidf_sets
from glassbert.tasks.set_metrics import (
    NAMES,
    best_threshold,
    binary_log_loss,
    count_sets,
    score_sets,
    set_intervals,
)
from glassbert.tasks.set_verdict import compare_sets
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
from glassbert.text.columns import Columns
from glassbert.text.label_checks import check_unseen_labels, near_duplicate_labels
from glassbert.text.label_sets import label_sets
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

PROBLEM = "multi_label_classification"
DEFAULT_THRESHOLD = 0.5
FEWEST_POSITIVES = 5
"""With fewer held-out rows that have a label its threshold would be a guess."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MultiLabelClassification:
    """Binary cross-entropy, the mean over the labels; a text's logits are the mean over its windows.

    Logits are learnt relative to `prior`, the log-odds of each label among the training rows: a label that
    one row in fifty has begins at 2 %, not at 50 % (Lin et al. 2017, section 3.3), and no step is spent on
    learning how rare it is. `settle` then puts them into the head's bias: whoever loads the model needs
    nothing else. A label is given where its score, sigmoid(mean logit), reaches its threshold: 0.5 until
    `settle` has tuned it on held-out rows.
    """

    name: ClassVar[str] = "multi-label-classification"
    pipeline: ClassVar[str] = "text-classification"
    schema: ClassVar[Schema] = Schema(texts="either", label="set")
    answer: ClassVar[Answer] = "set"
    metrics: ClassVar[tuple[str, ...]] = NAMES
    best_by: ClassVar[str] = "micro_f1"

    head: HeadConfig
    thresholds: tuple[float, ...] = ()
    prior: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        refuse_head(self.head, "label")
        if self.thresholds and len(self.thresholds) != self.head.num_labels:
            what = f"{len(self.thresholds)} thresholds for {self.head.num_labels} labels"
            raise UsageError(Problem(code="bad-thresholds", what=what, fix="give one per label, or none"))

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """What is odd about the labels; DataError where no row has one, or all rows have the same."""
        sets = label_sets(table, columns)
        flat = [label for labels in sets for label in labels]
        if len(set(map(frozenset, sets))) < 2 and not (allow_single and flat):
            what = f"all {len(sets):,} rows have the same labels" if flat else "no row has a label"
            fix = "add rows with other labels, or name the right column with --label-column"
            raise DataError(Problem(code="single-class", what=what, fix=fix, file=table.source))
        bare = sum(not labels for labels in sets)
        rows = [f"{bare:,} of {len(sets):,} rows have no label: none of the labels is right for them"]
        return [*near_duplicate_labels(flat), *(rows if bare else [])]

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
        """The task that a training table describes; UsageError for options that it has not."""
        if class_weights is not None or label_smoothing:
            given = "--class-weights" if class_weights is not None else "--label-smoothing"
            what = f"{given} is given, and {cls.name} tunes a threshold for each label instead"
            raise UsageError(Problem(code="no-classes", what=what, fix="leave it out"))
        sets = label_sets(table, columns)
        labels = in_order(label for each in sets for label in each)
        counts = Counter(label for each in sets for label in set(each))
        return cls.of_counts(labels, [counts[label] for label in labels], num_rows=len(sets))

    @classmethod
    def of_counts(cls, labels: tuple[str, ...], counts: ArrayLike, *, num_rows: int) -> Self:
        """The task of giving these labels, of which each stands in so many of the rows.

        Its log-odds are ln((n + 0.5) / (N - n + 0.5)), finite for a label of all rows or of none.
        """
        held = np.asarray(counts, dtype=np.float64)
        prior = np.log((held + 0.5) / (num_rows - held + 0.5))
        head = HeadConfig(kind=HEAD, labels=labels, problem_type=PROBLEM)
        return cls(head=head, prior=tuple(prior.tolist()))

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        return head.kind == HEAD and head.problem_type == PROBLEM

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        return cls(head=head, thresholds=tuned.thresholds)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as an example, without targets if there is no label column; DataError for bad cells."""
        texts = texts_of(table, columns)
        targets = None
        if columns.label is not None:
            sets = label_sets(table, columns)
            owner = np.repeat(np.arange(len(sets)), list(map(len, sets)))
            flat = [label for labels in sets for label in labels]
            codes = encode(flat, self.head.labels, source=table.source, rows=table.rows[owner])
            targets = np.zeros((len(sets), self.head.num_labels), dtype=bool)
            targets[owner, codes] = True
        return Examples(texts=texts, targets=targets, rows=table.rows)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """DataError naming each label that the training data lacks."""
        if columns.label is None:
            raise needs_labels("a score")
        flat = [label for labels in label_sets(table, columns) for label in labels]
        check_unseen_labels(self.head.labels, flat, source=table.source)

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
        """Sum over windows of weight x mean over labels of the binary cross-entropy in nats."""
        if batch.targets is None:
            raise needs_labels("a loss")
        wide = widened(logits)
        if self.prior:
            wide = wide + wide.new_tensor(self.prior)
        losses = F.binary_cross_entropy_with_logits(wide, batch.targets.to(wide.dtype), reduction="none")
        return (losses.mean(-1) * batch.weights).sum()

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows, examples: Examples) -> Predictions:
        """Mean logits over the windows of each text, scores sigmoid(mean + prior), labels whose score
        suffices.
        """
        means = mean_logits(logits, windows)
        scores = np.exp(-np.logaddexp(0, -means - np.array(self.prior or 0.0)))
        wanted = np.array(self.thresholds or [DEFAULT_THRESHOLD] * self.head.num_labels)
        return Predictions(logits=means, scores=scores, answers=scores >= wanted, windows=windows.per_text)

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """The threshold of each label: the highest F1 on held-out rows, or 0.5 where few of them have it.

        The log-odds of the labels go into the head, b <- b + prior.
        """
        self._shift(network, +1)
        truth = truth_of(examples, "a score")
        enough = truth.sum(0) >= FEWEST_POSITIVES
        found = tuple(
            best_threshold(held_out.scores[:, i], truth[:, i]) if enough[i] else DEFAULT_THRESHOLD
            for i in range(self.head.num_labels)
        )
        reason = f"highest F1 on {len(truth)} validation rows; {DEFAULT_THRESHOLD} where fewer than "
        reason += f"{FEWEST_POSITIVES} of them have the label ({int((~enough).sum())} labels)"
        facts = {"values": dict(zip(self.head.labels, found, strict=True)), "reason": reason}
        return Settled(
            task=replace(self, thresholds=found, prior=()),
            tuned=Tuned(thresholds=found),
            facts=lambda predictions, judged: {"thresholds": facts},
        )

    def as_trained(self, network: Network) -> None:
        """Take the log-odds out of the head again, in place: the form in which it was trained."""
        self._shift(network, -1)

    def _shift(self, network: Network, sign: int) -> None:
        output = network.head.output
        assert isinstance(output, nn.Linear)
        if self.prior:
            with torch.no_grad():
                output.bias.add_(output.bias.new_tensor(self.prior), alpha=sign)

    def strata(self, answers: Answers) -> list[str]:
        """The rarest label of each row, which is the hardest to have on both sides of a split."""
        counts = answers.sum(0)
        order = np.argsort(counts, kind="stable")
        first = answers[:, order].argmax(1)
        return [
            self.head.labels[order[place]] if row.any() else ""
            for place, row in zip(first.tolist(), answers, strict=True)
        ]

    def words(self, answers: Answers) -> list[str]:
        """The labels as a JSON list."""
        labels = np.array(self.head.labels, dtype=object)
        return [json.dumps(labels[row].tolist(), ensure_ascii=False) for row in answers]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """micro_f1, macro_f1, subset_accuracy, and loss: the mean binary cross-entropy in nats."""
        truth = truth_of(examples, "a score")
        values = {name: float(value[0]) for name, value in score_sets(truth, found.answers).items()}
        return {**values, "loss": binary_log_loss(found.scores, truth)}

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same with intervals, and precision, recall, F1 and rows of every label."""
        truth = truth_of(examples, "a score")
        intervals = set_intervals(truth, found.answers)
        counts = count_sets(truth, found.answers)
        columns = {"precision": precision(counts), "recall": recall(counts), "f1": f1(counts)}
        columns |= {"rows": counts.actual, "predicted": counts.predicted}
        per_label = {
            label: {name: float(column[0, i]) for name, column in columns.items()}
            for i, label in enumerate(self.head.labels)
        }
        return Measured(
            metrics=self.score(found, examples),
            intervals={name: [low, high] for name, (low, high) in intervals.items()},
            details={"per_label": per_label},
        )

    def calibration_error(self, found: Guess, examples: Examples) -> None:
        return None

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """Always the commonest label, and counting words."""
        return {
            "majority": commonest_label(train, len(evaluation)),
            "tfidf_sets": tfidf_sets(train, evaluation),
        }

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        return compare_sets(
            found.answers, rival.answers, truth=truth_of(examples, "a score"), labels=self.head.labels
        )

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        header = ["prediction", *(f"score:{label}" for label in self.head.labels)]
        scores = [[f"{value:.6f}" for value in row] for row in predictions.scores.tolist()]
        return header, [
            [said, *row] for said, row in zip(self.words(predictions.answers), scores, strict=True)
        ]

    def listed(self, predictions: Predictions) -> list[dict[str, Any]]:
        """One {label, score, labels, scores} per text; `label` is that of the highest score, as the pipeline
        of transformers 4 gives it, `labels` are those that reach their thresholds.
        """
        labels = self.head.labels
        return [
            {
                "label": labels[int(np.argmax(scores))],
                "score": max(scores),
                "labels": [label for label, said in zip(labels, row.tolist(), strict=True) if said],
                "scores": dict(zip(labels, scores, strict=True)),
            }
            for row, scores in zip(predictions.answers, predictions.scores.tolist(), strict=True)
        ]
