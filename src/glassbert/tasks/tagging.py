"""token-classification: a tag for every word of a text, and the entities that the tags mark."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import DataError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.tag_head import Crf
from glassbert.tasks.calibration import fit_temperature
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.metrics import log_loss
from glassbert.tasks.sequences import needs_labels, truth_of, widened
from glassbert.tasks.single_label import calibration_facts, class_calibration_error
from glassbert.tasks.tag_answers import TagPredictions, listed_entities, pooled, tag_cells, word_by_word
from glassbert.tasks.tag_baselines import commonest_tags, ragged, remembered_entities
from glassbert.tasks.tag_chains import chain_loss, forbidding, refuse_head
from glassbert.tasks.tag_decoding import tag_words
from glassbert.tasks.tag_metrics import (
    NAMES,
    TagCounts,
    count_tags,
    entities_of,
    entity_confusion,
    per_type,
    tag_intervals,
    tag_scores,
)
from glassbert.tasks.tag_reading import refuse_unseen_types, tag_examples, tags_in, type_of
from glassbert.tasks.tag_verdict import compare_tags
from glassbert.tasks.tag_weights import weigh_tags, weighted
from glassbert.tasks.tag_windows import word_batch, word_logits, word_spans, word_windows, words_of
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
from glassbert.tasks.viterbi import Edges
from glassbert.tasks.wording import RIVAL_NAMES
from glassbert.text.asked import Schema
from glassbert.text.columns import Columns
from glassbert.text.label_checks import near_duplicate_labels
from glassbert.text.schemes import OUTSIDE, Scheme, scheme_of, scheme_of_model, tag_names
from glassbert.text.tables import Table
from glassbert.text.tag_columns import TagColumns
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.windows import Windows

KIND: Final = "token-classification"


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenClassification:
    """Cross-entropy of every word's tag at the word's first token; each word counts the same,
    unless `class_weights` weigh it by its true tag.

    The answer to a text is its most probable sequence of tags among those that the scheme allows, so that no
    entity is predicted that the scorer would not count. A word without a token (U+200B) is tagged O.
    With a head that has weights between tags, a text's tags are one chain: its likelihood is learnt, and
    `chain` are those weights (see `tasks.binding`).
    """

    name: ClassVar[str] = "token-classification"
    pipeline: ClassVar[str] = "token-classification"
    schema: ClassVar[Schema] = Schema(label="tags")
    answer: ClassVar[Answer] = "tags"
    metrics: ClassVar[tuple[str, ...]] = NAMES
    best_by: ClassVar[str] = "f1"

    head: HeadConfig
    class_weights: Float[np.ndarray, "C"] | None = None
    label_smoothing: float = 0.0
    temperature: float = 1.0
    chain: Crf | None = None
    told: Scheme | None = None

    def __post_init__(self) -> None:
        if self.head.kind != KIND or not self.head.labels:
            what = f"a head of kind {self.head.kind!r} with {self.head.num_labels} labels cannot tag words"
            raise UsageError(Problem(code="wrong-head", what=what, fix=f"give a {KIND} head with labels"))

    @cached_property
    def scheme(self) -> Scheme:
        """The scheme of the head's labels, as told or as they show it."""
        return self.told or scheme_of_model(self.head.labels)[0]

    @cached_property
    def edges(self) -> Edges:
        """Which tag may follow which; any sequence of IOB1 can be read."""
        return Edges.of(self.head.labels, "none" if self.scheme == "iob1" else self.scheme)

    @classmethod
    def notice(cls, table: Table, columns: Columns, *, allow_single: bool) -> list[str]:
        """The scheme, what breaks it, types that look alike; DataError where no word is tagged."""
        types = Counter(type_of(tag) for each in tags_in(table, columns) for tag in each if tag != OUTSIDE)
        if not types and not allow_single:
            fix = "tag some words, or name the right column with --label-column"
            raise DataError(Problem(code="single-class", what="every tag is O", fix=fix, file=table.source))
        notes = columns.notes if isinstance(columns, TagColumns) else ()
        return [*notes, *near_duplicate_labels(list(types.elements()))]

    @classmethod
    def learn(
        cls,
        table: Table,
        columns: Columns,
        *,
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        allow_single: bool = False,
        crf: bool = False,
        lstm_size: int = 0,
    ) -> Self:
        """The task of the types in a training table, with every tag that their scheme has for them."""
        refuse_head(crf, lstm_size, label_smoothing=label_smoothing)
        tags = [tag for each in tags_in(table, columns) for tag in each]
        scheme = scheme_of(tags) if set(tags) != {OUTSIDE} else "iob2"
        types = {
            tag if scheme == "none" else type_of(tag) for tag in tags if scheme == "none" or tag != OUTSIDE
        }
        head = HeadConfig(kind=KIND, labels=tag_names(types, scheme), crf=crf, lstm_size=lstm_size)
        weights = weigh_tags(class_weights, tags, head.labels, crf=crf)
        return cls(head=head, class_weights=weights, label_smoothing=label_smoothing)

    @classmethod
    def fits(cls, head: HeadConfig) -> bool:
        return head.kind == KIND

    @classmethod
    def of_head(cls, head: HeadConfig, tuned: Tuned) -> Self:
        return cls(head=head, temperature=tuned.temperature, told=tuned.scheme)

    def read(self, table: Table, columns: Columns) -> Examples:
        """Every row as an example, without targets if there is no column of tags; DataError for bad cells.

        Tags in another scheme than the model's are written anew: they mark the same entities.
        """
        return tag_examples(table, columns, labels=self.head.labels, scheme=self.scheme)

    def refuse_unseen(self, table: Table, columns: Columns) -> None:
        """DataError naming each type of entity that the training data lacks."""
        refuse_unseen_types(table, columns, labels=self.head.labels, scheme=self.scheme)

    def windows(self, examples: Examples, tokenizer: Tokenizer, *, max_length: int) -> Windows:
        """All words of every text, in overlapping windows where they need more than `max_length` tokens."""
        return word_windows(examples, tokenizer, max_length=max_length)

    def batch(
        self,
        windows: Windows,
        chosen: Int[np.ndarray, "W"],
        examples: Examples | None = None,
        *,
        position_offset: int = 0,
        device: str | torch.device = "cpu",
    ) -> Batch:
        """The chosen windows, shortest first and else in the order given; their words, with targets."""
        edges = self.edges if self.head.crf else None
        batch = word_batch(
            windows, chosen, examples, edges=edges, position_offset=position_offset, device=device
        )
        return weighted(batch, self.class_weights)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Sum over words of the cross-entropy in nats; of chains, of their negative log likelihood."""
        if batch.targets is None:
            raise needs_labels("a loss")
        if batch.chains is not None:
            steps = forbidding(self.chain, self.edges)
            losses = chain_loss(widened(logits), batch.targets, batch.chains, steps)
            return (losses * batch.weights[torch.from_numpy(batch.chains.begins)]).sum()
        smoothing = self.label_smoothing
        losses = F.cross_entropy(widened(logits), batch.targets, reduction="none", label_smoothing=smoothing)
        return (losses * batch.weights).sum()

    def decode(
        self, logits: Float[np.ndarray, "T C"], windows: Windows, examples: Examples
    ) -> TagPredictions:
        """Logits (of a chain: logarithms of the marginals), scores softmax(logits / temperature) and tag of
        every word.
        """
        found = list(word_logits(logits, windows, examples))
        chain = forbidding(self.chain, self.edges) if self.head.crf else None
        tagged = tag_words(found, self.head.labels, self.edges, temperature=self.temperature, chain=chain)
        return TagPredictions(
            logits=ragged(tagged.logits),
            scores=ragged(tagged.scores),
            answers=ragged(tagged.tags),
            windows=windows.per_text,
            texts=[str(text) for text in examples.texts],
            spans=word_spans(examples),
            untokenised=int(sum(np.isnan(each[:, 0]).sum() for each in found)),
        )

    def settle(self, network: Network, held_out: Predictions, examples: Examples) -> Settled:
        """The temperature, fitted on words that no training step saw."""
        truth = np.concatenate(truth_of(examples, "a temperature"))
        found = fit_temperature(np.concatenate(held_out.logits), truth)
        return Settled(
            task=replace(self, temperature=found.value),
            tuned=Tuned(temperature=found.value, scheme=self.told),
            facts=lambda predictions, judged: calibration_facts(found, *word_by_word(predictions, judged)),
        )

    def as_trained(self, network: Network) -> None:
        """The head is as it was trained."""

    def strata(self, answers: Answers) -> list[str]:
        """The rarest type of each text, which is the hardest to have on both sides of a split."""
        held = [{span[0] for span in each} for each in entities_of(answers, self.head.labels, self.scheme)]
        counts = Counter(name for each in held for name in each)
        return [min(each, key=lambda name: (counts[name], name)) if each else "" for each in held]

    def words(self, answers: Answers) -> list[str]:
        """The tags as a JSON list."""
        return [
            json.dumps([self.head.labels[i] for i in each.tolist()], ensure_ascii=False) for each in answers
        ]

    def score(self, found: Guess, examples: Examples) -> dict[str, float]:
        """f1, precision, recall of entities, accuracy of words, and loss: mean -ln p(true tag) in nats."""
        scores = tag_scores(self._counts(found, examples).pooled.sum(0))
        return {
            **{name: float(value) for name, value in scores.items()},
            "loss": log_loss(*pooled(found, examples)),
        }

    def measure(self, found: Guess, examples: Examples) -> Measured:
        """The same with intervals, and by type; how types are taken for each other; words without a token."""
        truth, counts = truth_of(examples, "a score"), self._counts(found, examples)
        bare = {"words_without_tokens": found.untokenised} if isinstance(found, TagPredictions) else {}
        return Measured(
            metrics={**self.score(found, examples), "per_type": per_type(counts)},
            intervals={name: [low, high] for name, (low, high) in tag_intervals(counts).items()},
            details={
                "scheme": self.scheme,
                "entity_confusion": entity_confusion(truth, found.answers, self.head.labels, self.scheme),
                "words": int(counts.words.sum()),
                **({"chain": True} if self.head.crf else {}),
                **bare,
            },
        )

    def calibration_error(self, found: Guess, examples: Examples) -> float:
        """Of words."""
        assert isinstance(found, Predictions)
        words, alone = word_by_word(found, examples)
        return class_calibration_error(words, truth_of(alone, "a calibration error"))

    def baselines(self, train: Examples, evaluation: Examples) -> Mapping[str, Rival]:
        """Each word's commonest tag, and, where tags mark entities, those of the training data remembered."""
        known, truth, words = words_of(train), truth_of(train, "a baseline"), words_of(evaluation)
        found: list[Any] = [commonest_tags(known, truth, words, self.head.num_labels)]
        if self.scheme != "none":
            labels, scheme = self.head.labels, self.scheme
            found.append(remembered_entities(known, truth, words, labels=labels, scheme=scheme))
        return {each.name: each for each in found}

    def judge(self, found: Guess, rival: Rival, examples: Examples) -> Verdict:
        plain = self.scheme == "none"
        return compare_tags(
            self._counts(found, examples),
            self._counts(rival, examples),
            rival=RIVAL_NAMES["commonest_tags" if plain else "remembered_entities"],
            score="accuracy" if plain else "f1",
        )

    def cells(self, predictions: Predictions) -> tuple[list[str], list[list[str]]]:
        """The tags, the lowest score of one of them, and the entities, as JSON."""
        return tag_cells(predictions, self.words(predictions.answers), self.listed(predictions))

    def listed(self, predictions: Predictions) -> list[Any]:
        """A list per text of {entity_group, score (the mean of its words'), word, start, end}."""
        return listed_entities(predictions, self.head.labels, self.scheme)

    def _counts(self, found: Guess, examples: Examples) -> TagCounts:
        return count_tags(truth_of(examples, "a score"), found.answers, self.head.labels, self.scheme)
