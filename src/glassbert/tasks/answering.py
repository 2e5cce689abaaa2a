"""question-answering: the piece of a context that answers a question, or that there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.null_threshold import settle_threshold
from glassbert.tasks.sequences import make_batch, needs_labels, texts_of, truth_of, widened
from glassbert.tasks.span_answers import Found, SpanPredictions, choose, span_cells
from glassbert.tasks.span_baselines import span_rivals
from glassbert.tasks.span_decoding import best_pieces
from glassbert.tasks.span_loss import first_answers, span_loss
from glassbert.tasks.span_metrics import (
    NAMES,
    answer_intervals,
    means,
    score_answers,
    scoring_for,
    units,
)
from glassbert.tasks.span_places import places
from glassbert.tasks.span_verdict import compare_answers
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
from glassbert.text.cells import asking_of
from glassbert.text.columns import Columns
from glassbert.text.spans import spans_of
from glassbert.text.tables import Table
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

HEAD = "span"
NUM_BEST = 20
LONGEST = 30
"""Tokens of an answer, as in SQuAD's published settings; more where the training answers are longer."""
TOKENS_PER_WORD = 1.5
NEARLY_ALL = 99.0


@dataclass(frozen=True, kw_only=True, eq=False)
class QuestionAnswering:
    """Cross-entropy of the answer's first and of its last token over the tokens of a window, their mean; a
    window without the whole answer is trained towards [CLS] (Devlin et al. 2019).

    A question has no answer where its null score exceeds the best piece's by more than `null_threshold`; None
    is for data in which every question has one.
    """

    name: ClassVar[str] = "question-answering"
    pipeline: ClassVar[str] = "question-answering"
    schema: ClassVar[Schema] = Schema(texts="pair", label="spans")
    answer: ClassVar[Answer] = "span"
    metrics: ClassVar[tuple[str, ...]] = NAMES
    best_by: ClassVar[str] = "f1"

    head: HeadConfig = HeadConfig(kind="span")
    null_threshold: float | None = None
    max_answer_length: int = LONGEST

    def __post_init__(self) -> None:
        if self.head.kind != HEAD or self.max_answer_length < 1:
            what = f"a head of kind {self.head.kind!r} cannot answer with {self.max_answer_length} tokens"
            raise UsageError(Problem(code="wrong-head", what=what, fix=f"give a {HEAD} head"))

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """How many questions have no answer; DataError where all have none."""
        answers = spans_of(table, asking_of(columns))
        without = sum(not each for each in answers)
        if without == len(answers):
            what = f"none of {len(answers):,} questions has an answer"
            fix = "add questions that their contexts answer, or name the column with --label-column"
            raise DataError(Problem(code="single-class", what=what, fix=fix, file=table.source))
        return [f"{without:,} of {len(answers):,} questions have no answer"] if without else []

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
            what = f"{given} is given, and {cls.name} has no classes"
            raise UsageError(Problem(code="no-classes", what=what, fix="leave it out"))
        return cls.of_answers(cls().read(table, columns))

    @classmethod
    def of_answers(cls, examples: Examples) -> Self:
        """The task of answering such questions: with or without null answers, and how long at most."""
        answers = truth_of(examples, "training")
        scoring, _ = scoring_for(_contexts(examples))
        per_unit = TOKENS_PER_WORD if scoring == "words" else 1.0
        lengths = [len(units(span.text)) * per_unit for spans in answers for span in spans[:1]]
        longest = int(np.ceil(np.percentile(lengths, NEARLY_ALL))) if lengths else 0
        possible = all(len(spans) for spans in answers)
        return cls(null_threshold=None if possible else 0.0, max_answer_length=max(LONGEST, longest))

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        return head.kind == HEAD

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        longest = tuned.max_answer_length or LONGEST
        return cls(head=head, null_threshold=tuned.null_threshold, max_answer_length=longest)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as a question with its context, and its right answers where there is such a column."""
        texts, targets = texts_of(table, columns), None
        if columns.label is not None:
            spans = spans_of(table, asking_of(columns))
            targets = np.fromiter(spans, dtype=object, count=len(spans))
        return Examples(texts=texts, targets=targets, rows=table.rows)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """Nothing is unseen: any piece of a context may be an answer."""
        if columns.label is None:
            raise needs_labels("a score")

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """The question in every window, and all of the context, in overlapping windows where it is long."""
        return tokenizer.windows(examples.texts, max_length=max_length, offsets=True)

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows, shortest first; targets are two tokens of the batch for each window, [W, 2]."""
        batch = make_batch(windows, chosen, None, position_offset=position_offset, device=device)
        if examples is None or examples.targets is None:
            return batch
        found = places(windows, batch.index, first_answers(examples.targets))
        tokens = batch.packed.layout.starts[:-1, None] + np.stack([found.first, found.last], axis=1)
        return replace(batch, targets=torch.from_numpy(tokens).to(device))

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum over windows of weight x mean over both ends of the cross-entropy in nats."""
        if batch.targets is None:
            raise needs_labels("a loss")
        wide, layout = widened(logits), batch.packed.layout
        owner = np.repeat(np.arange(layout.num_sequences), layout.lengths)
        window = torch.from_numpy(owner).to(wide.device)
        nothing = wide.new_full((layout.num_sequences, 2), -torch.inf)
        top = nothing.scatter_reduce(0, window[:, None].expand(-1, 2), wide.detach(), "amax")
        sums = torch.zeros_like(nothing).index_add(0, window, (wide - top[window]).exp())
        right = wide.gather(0, batch.targets)
        return ((top + sums.log() - right).mean(1) * batch.weights).sum()

    def decode(self, logits: Float[np.ndarray, "T 2"], windows: Windows, examples: Examples) -> Predictions:
        """The best piece of every context, or none; `logits` are (best score, null score) per question."""
        count, longest = len(examples), self.max_answer_length
        if not np.isfinite(logits).all():
            what = "the model's logits are infinite or not numbers: its training has diverged"
            fix = "train with a lower learning rate, or take an earlier checkpoint"
            raise DataError(Problem(code="bad-logits", what=what, fix=fix))
        if not count:
            nothing = np.zeros((0, 2))
            answers = np.empty(0, dtype=object)
            return SpanPredictions(
                logits=nothing,
                scores=nothing,
                answers=answers,
                windows=windows.per_text,
                right=examples.targets,
            )
        found = best_pieces(logits, windows, num_best=NUM_BEST, max_length=longest)
        raw, shares, chosen = choose(found, _contexts(examples), null_threshold=self.null_threshold)
        return SpanPredictions(
            logits=raw,
            scores=shares,
            answers=chosen,
            windows=windows.per_text,
            right=examples.targets,
            loss=None if examples.targets is None else span_loss(logits, windows, examples.targets),
        )

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """From which null score on there is no answer: the highest F1 on held-out questions."""
        if self.null_threshold is None:
            tuned = Tuned(max_answer_length=self.max_answer_length)
            return Settled(task=self, tuned=tuned, facts=lambda predictions, judged: {})
        truth = _texts(truth_of(examples, "a threshold"))
        best = [each.others[0].text if each.others else "" for each in held_out.answers]
        scoring, _ = scoring_for(_contexts(examples))
        gains = (
            score_answers(truth, best, scoring)[:, 1],
            score_answers(truth, [""] * len(best), scoring)[:, 1],
        )
        value, facts = settle_threshold(held_out.logits[:, 1] - held_out.logits[:, 0], *gains)
        tuned = Tuned(null_threshold=value, max_answer_length=self.max_answer_length)
        task = replace(self, null_threshold=value)
        return Settled(task=task, tuned=tuned, facts=lambda predictions, judged: {"null_threshold": facts})

    def as_trained(self, network: Network) -> None:
        """The head is as it was trained."""

    def strata(self, answers: Answers) -> list[str]:
        return ["answer" if spans else "none" for spans in answers]

    def words(self, answers: Answers) -> list[str]:
        """The different right answers as a JSON list; nothing in it where there is none."""
        return [json.dumps(list(dict.fromkeys(each)), ensure_ascii=False) for each in _texts(answers)]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """exact_match and f1 in percent, f1 apart where some questions have no answer; of a model's own
        logits the cross-entropy in nats too, which baselines have none of.
        """
        values = means(*self._judged(found, examples)[:2])
        plain = {name: float(value[0]) for name, value in values.items()}
        if not isinstance(found, SpanPredictions) or found.loss is None:
            return plain
        return {**plain, "loss": found.loss}

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same with intervals, how answers were compared, and how many questions have none."""
        scores, answered, reason = self._judged(found, examples)
        intervals = answer_intervals(scores, answered)
        empty = sum(not each.text for each in found.answers)
        counts = {"all": len(scores), "without_answer": int((~answered).sum()), "left_unanswered": empty}
        return Measured(
            metrics=self.score(found, examples),
            intervals={name: [low, high] for name, (low, high) in intervals.items()},
            details={"scoring": reason, "questions": counts},
        )

    def _judged(self, found: Guess, examples: Examples) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
        """(scores of every question, which have an answer, how they were compared and why)."""
        truth = truth_of(examples, "a score")
        scoring, reason = scoring_for(_contexts(examples))
        scores = score_answers(_texts(truth), [each.text for each in found.answers], scoring)
        answered = np.array([len(spans) > 0 for spans in truth], dtype=bool)
        return scores, answered, {"by": scoring, "reason": reason}

    def calibration_error(self, found: Guess, examples: Examples) -> None:
        return None

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """Overlap of words and, where questions have no answer, always none; the better on the training rows
        comes last.
        """
        return span_rivals(train, evaluation)

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        ours, answered, _ = self._judged(found, examples)
        theirs, _, _ = self._judged(rival, examples)
        said = [each.text for each in found.answers]
        return compare_answers(ours, theirs, said=said, answered=answered, rival=rival.name)

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        """The answer, its place and shares, what it was chosen from, and where the right ones stand."""
        return span_cells(predictions)

    def listed(self, predictions: Predictions) -> list[dict[str, Any]]:
        """One {score, start, end, answer} per question, as the pipeline of transformers 4 gives it."""
        return [
            {"score": each.score, "start": each.start, "end": each.end, "answer": each.text}
            for each in predictions.answers
        ]


def _contexts(examples: Examples) -> list[str]:
    return [text[1] if isinstance(text, tuple) else text for text in examples.texts]


def _texts(answers: Answers) -> list[list[str]]:
    """The texts of right answers, or of found ones; none where there is none."""
    several = [(each,) if isinstance(each, Found) else each for each in answers]
    return [[span.text for span in spans if span.text] for spans in several]
