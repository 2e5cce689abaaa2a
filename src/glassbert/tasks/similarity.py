"""sentence-similarity: how alike two texts are, by the cosine of their vectors, each text read apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.errors import DataError, GlassbertError, Problem, UsageError
from glassbert.model.config import POOLINGS, HeadConfig
from glassbert.model.network import Network
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.likeness_baselines import tfidf_cosine
from glassbert.tasks.likeness_losses import LOSSES
from glassbert.tasks.likeness_verdict import compare_likeness
from glassbert.tasks.number_metrics import number_intervals, score_numbers
from glassbert.tasks.sequences import texts_of, truth_of, widened
from glassbert.tasks.sides import joined, side_batch, side_windows, text_vectors
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
    Untuned,
)
from glassbert.tasks.verdict import Verdict
from glassbert.text.asked import Schema
from glassbert.text.cells import number_values, text_strings
from glassbert.text.columns import Columns
from glassbert.text.like_columns import is_scored
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

HEAD: Final = "sentence"
NAMES = ("pearson", "spearman", "mse")
UNTUNED = "the untuned vectors of the same weights"


@dataclass(frozen=True, kw_only=True, eq=False)
class SentenceSimilarity:
    """cos(u, v) of the pooled vectors of two texts, in the data's unit: low + span cos(u, v).

    A file with scores is learnt by the cosine loss: scores outside -1 to 1 are brought to 0 to 1 by the least
    (`low`) and the greatest (`low + span`) of the training rows. A file of pairs that belong together, or of
    triplets, is learnt by multiple-negatives ranking or the triplet loss; its rows are scored as two pairs
    each, 1 for the second text and 0 for the third, which is drawn from another row where the file has none.
    """

    name: ClassVar[str] = "sentence-similarity"
    pipeline: ClassVar[str] = "sentence-similarity"
    schema: ClassVar[Schema] = Schema(texts="pair", label="likeness")
    answer: ClassVar[Answer] = "number"
    metrics: ClassVar[tuple[str, ...]] = NAMES
    best_by: ClassVar[str] = "spearman"

    head: HeadConfig
    objective: str = "cosine"
    low: float = 0.0
    span: float = 1.0
    drawn: bool = False

    def __post_init__(self) -> None:
        if self.head.kind != HEAD or self.objective not in LOSSES or not 0 < self.span < float("inf"):
            what = f"a {self.head.kind} head, the loss {self.objective!r} and the span {self.span!r}"
            fix = f"give a {HEAD} head, a span above 0 and one of the losses {', '.join(LOSSES)}"
            raise UsageError(Problem(code="wrong-head", what=what, fix=fix))

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """DataError where all pairs have one score; only a warning with `allow_single`."""
        if not is_scored(columns):
            return []
        values = number_values(table, str(columns.label))
        if len(values) and np.ptp(values) > 0:
            return []
        what = f"all {len(values):,} pairs have the same score"
        if allow_single and len(values):
            return [f"{table.source}: {what}"]
        fix = "leave the column out if all pairs belong together, or add pairs with other scores"
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
        loss: str | None = None,
        pooling: str | None = None,
    ) -> Self:
        """The task that a training table describes; UsageError for a loss that does not fit its rows."""
        if class_weights is not None or label_smoothing:
            given = "--class-weights" if class_weights is not None else "--label-smoothing"
            what = f"{given} is given, and {cls.name} has no classes"
            raise UsageError(Problem(code="no-classes", what=what, fix="leave it out"))
        scores = number_values(table, str(columns.label)) if is_scored(columns) else None
        return cls.of_scores(scores, triplets=columns.negative is not None, loss=loss, pooling=pooling)

    @classmethod
    def of_scores(
        cls,
        scores: Float[np.ndarray, "N"] | None,
        *,
        triplets: bool = False,
        loss: str | None = None,
        pooling: str | None = None,
    ) -> Self:
        """The task of learning from pairs with scores or, where there are none, from pairs or triplets."""
        fitting = ("cosine",) if scores is not None else ("multiple-negatives", "triplet")[: 1 + triplets]
        chosen = loss or fitting[0]
        if chosen not in fitting:
            kind = (
                "pairs with scores"
                if scores is not None
                else "triplets"
                if triplets
                else "pairs without scores"
            )
            what = f"the loss {chosen!r} cannot learn from {kind}"
            raise UsageError(Problem(code="wrong-loss", what=what, fix=f"give one of {', '.join(fitting)}"))
        if pooling not in (None, *POOLINGS):
            what, fix = f"--pooling is {pooling!r}", f"choose one of {', '.join(POOLINGS)}"
            raise UsageError(Problem(code="bad-setting", what=what, fix=fix))
        low, span = 0.0, 1.0
        if scores is not None and np.abs(scores).max(initial=0.0) > 1:
            low, span = float(scores.min()), float(np.ptp(scores)) or 1.0
        head = HeadConfig(kind=HEAD, pooling=pooling or "mean")
        drawn = scores is None and not triplets
        return cls(head=head, objective=chosen, low=low, span=span, drawn=drawn)

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        return head.kind == HEAD

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        return cls(head=head, low=tuned.label_shift, span=tuned.label_scale)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as a pair with its score, or as a triplet; DataError for bad cells."""
        texts = texts_of(table, columns)
        if columns.label is None:
            return Examples(texts=texts, targets=None, rows=table.rows)
        if is_scored(columns):
            return Examples(texts=texts, targets=number_values(table, columns.label), rows=table.rows)
        ones = np.ones(len(texts))
        if columns.negative is not None:
            third = text_strings(table, columns.negative)
        else:
            third = others([text[1] for text in texts])
        return Examples(texts=texts, targets=ones, rows=table.rows, negatives=third)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """Any score may be asked for; DataError for pairs without one after training on scores of a unit."""
        if not is_scored(columns) and (self.low, self.span) != (0.0, 1.0):
            what = f"the pairs have no score, and the model says {self.low:g} to {self.low + self.span:g}"
            fix = "name the column of scores with --label-column"
            raise DataError(Problem(code="missing-label-column", what=what, fix=fix, file=table.source))

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """Each text of a pair or triplet by itself, in overlapping windows where it is too long."""
        return side_windows(examples, tokenizer, max_length=max_length)

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows as sequences, shortest first; a third text that was drawn is not learnt from."""
        used = 2 if self.drawn else windows.sides
        return side_batch(
            windows,
            chosen,
            examples,
            pooling=self.head.pooling,
            used=used,
            position_offset=position_offset,
            device=device,
        )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """The sum of the examples' losses; targets are scores as cosines."""
        vectors = joined(widened(logits), batch, pooling=self.head.pooling)
        wanted = None if batch.targets is None else (batch.targets - self.low) / self.span
        return (batch.weights * LOSSES[self.objective](vectors, wanted)).sum()

    def decode(self, logits: Float[np.ndarray, "W C"], windows: Windows, examples: Examples) -> Predictions:
        """Cosines of every first text with the others of its example, and the same in the data's unit."""
        if not np.isfinite(logits).all():
            what = "the model's vectors are infinite or not numbers: its training has diverged"
            fix = "train with a lower learning rate, or take an earlier checkpoint"
            raise DataError(Problem(code="bad-logits", what=what, fix=fix))
        if len(logits) != len(windows):
            what = f"{len(logits)} vectors for {len(windows)} windows"
            raise GlassbertError(Problem(code="bad-logits", what=what, fix="give one row per window"))
        vectors = text_vectors(logits, windows, pooling=self.head.pooling)
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
        unit = vectors / np.where(lengths > 0, lengths, 1.0)
        cosines = np.clip((unit[:, :1] * unit[:, 1:]).sum(-1), -1.0, 1.0)
        found = self.low + self.span * cosines
        most = windows.per_text.reshape(-1, windows.sides).max(axis=1)
        return Predictions(logits=cosines, scores=found, answers=found[:, 0], windows=most)

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """Nothing is left open; the unit is kept for predictions."""
        facts = {"loss": self.objective, "pooling": self.head.pooling, "low": self.low, "span": self.span}
        tuned = Tuned(label_scale=self.span, label_shift=self.low)
        return Settled(task=self, tuned=tuned, facts=lambda predictions, judged: {"similarity": facts})

    def as_trained(self, network: Network) -> None:
        """The head has one form."""

    def strata(self, answers: Answers) -> list[str]:
        """Tenths of the scores, or fewer where there are few rows."""
        count = max(1, min(10, len(answers) // 10))
        edges = np.quantile(answers, np.arange(1, count) / count)
        return [str(number) for number in np.searchsorted(edges, answers, side="right").tolist()]

    def words(self, answers: Answers) -> list[str]:
        return [f"{value:.12g}" for value in answers.tolist()]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """pearson, spearman and mse of the pairs, and loss: mse over the square of the span."""
        values = score_numbers(*_pairs(found, examples))
        plain = {name: float(values[name][0]) for name in NAMES}
        return {**plain, "loss": plain["mse"] / self.span**2}

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same with intervals; of triplets also the share whose second text is nearer than the third."""
        intervals = number_intervals(*_pairs(found, examples))
        apart = {}
        if examples.negatives is not None and found.scores.shape[1] > 1:
            apart = {"told_apart": float((found.scores[:, 0] > found.scores[:, 1]).mean())}
        return Measured(
            metrics=self.score(found, examples),
            intervals={name: list(intervals[name]) for name in NAMES},
            details=apart,
        )

    def calibration_error(self, found: Guess, examples: Examples) -> None:
        return None

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """The cosine of counted words; the untuned vectors join it where the run has them."""
        return {"tfidf_cosine": tfidf_cosine(train, evaluation, low=self.low, span=self.span)}

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        truth, ours = _pairs(found, examples)
        name = UNTUNED if isinstance(rival, Untuned) else "the cosine of TF-IDF vectors"
        return compare_likeness(ours, _pairs(rival, examples)[1], truth=truth, name=name)

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        return ["prediction"], [[f"{value:.7g}"] for value in predictions.answers.tolist()]

    def listed(self, predictions: Predictions) -> list[dict[str, Any]]:
        """One {score} per pair."""
        return [{"score": value} for value in predictions.answers.tolist()]


def others(texts: list[str]) -> list[str]:
    """For each text the next one that differs from it, round the end; where all are alike, itself."""
    count = len(texts)
    found = list(texts)
    for place in range(count - 1, -2 * count, -1):
        at, after = place % count, (place + 1) % count
        found[at] = texts[after] if texts[after] != texts[at] else found[after]
    return found


def _pairs(found: Guess, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """(truth, answer) of every pair to be scored: one for each row with a score, two for each triplet."""
    truth = truth_of(examples, "a score")
    if examples.negatives is None:
        return truth, found.answers
    return np.concatenate([truth, np.zeros(len(truth))]), found.scores.T.ravel()
