"""token-classification, also known as ner: a label for every token, word or entity of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from glassbert.errors import Problem, UsageError
from glassbert.runs.inference import head_logits
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import for_each, with_options
from glassbert.runs.pipelines.word_inputs import as_given, sentences
from glassbert.tasks.tagging import KIND

Strategy = Literal["none", "simple", "first", "average", "max"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
INSIDE, BEGINS = "I", "B"


@dataclass(frozen=True)
class Part:
    """A token or a word of a text: what it is called, its characters, its place, its scores over labels.

    `goes_on` where it belongs to the word of the part before it.
    """

    word: str
    start: int
    end: int
    index: int
    scores: Float[np.ndarray, "C"]
    goes_on: bool


@dataclass(frozen=True)
class TokenClassification:
    """`pipe(text)`, `pipe([text, ...])`.

    `aggregation_strategy`: "none" gives {entity, score, index, word, start, end} for each token; "simple"
    joins neighbouring tokens of one entity to {entity_group, score, word, start, end}; "first", "average" and
    "max" give each word one label first: that of its first token, of its tokens' mean scores, or of its
    surest token. Labels in `ignore_labels` are left out. Scores are plain softmax, token by token, as in
    transformers 4; what `glassbert predict` answers is the best sequence that the scheme allows. Tags that
    are one chain (`--crf`) have no scores token by token: such a model is refused.

    A long text is read in windows that share `stride` tokens, each token being judged once. With
    `is_split_into_words` an input is a list of words, and places are those in the words joined by
    `delimiter`. `grouped_entities` and `ignore_subwords` are older names of strategies.
    """

    model: Model
    aggregation_strategy: Strategy = "none"
    ignore_labels: Sequence[str] = ("O",)
    stride: int | None = None
    is_split_into_words: bool = False
    delimiter: str = " "
    grouped_entities: bool | None = None
    ignore_subwords: bool | None = None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """The shapes of transformers 4; raises UsageError for another head, option or input."""
        chosen = with_options(self, options)
        return chosen._run(sentences(inputs)) if chosen.is_split_into_words else for_each(inputs, chosen._run)

    def _run(self, inputs: list[Any]) -> list[list[dict[str, Any]]]:
        head = self.model.network.head_config
        if head.kind != KIND:
            what = f"the model '{self.model.name}' has no head for tags of words (its head: {head.kind})"
            fix = "train one with `glassbert finetune --task token-classification`"
            raise UsageError(Problem(code="no-head", what=what, fix=fix))
        if head.crf:
            what = f"the tags of '{self.model.name}' are one chain (--crf): no token is judged alone"
            fix = "use `glassbert predict --json`, or TokenTagger.load(...).entities(texts)"
            raise UsageError(Problem(code="tags-are-a-chain", what=what, fix=fix))
        if self.strategy not in STRATEGIES:
            what = f"aggregation_strategy is {self.strategy!r}"
            raise UsageError(Problem(code="bad-option", what=what, fix=f"give {', '.join(STRATEGIES)}"))
        return [self._entities(parts) for parts in self._parts(inputs)] if inputs else []

    @property
    def strategy(self) -> Strategy:
        """The strategy that is asked for, by its name or by the two older ones."""
        if self.grouped_entities is None and self.ignore_subwords is None:
            return self.aggregation_strategy
        return "none" if not self.grouped_entities else "first" if self.ignore_subwords else "simple"

    def _parts(self, inputs: list[Any]) -> Iterator[list[Part]]:
        """The tokens of every text, each once however long the text."""
        model = self.model.reading(stride=self.stride)
        split, delimiter = self.is_split_into_words, self.delimiter
        given = [as_given(each, words=split, delimiter=delimiter) for each in inputs]
        windows = model.windows([each.read for each in given], offsets=True)
        scores = softmax(head_logits(model.network, windows).astype(np.float64), axis=1)
        owner = np.repeat(windows.example, windows.lengths)
        assert windows.offsets is not None
        for number, text in enumerate(given):
            chosen = np.flatnonzero(windows.scored & (owner == number))
            ids, spans = windows.input_ids[chosen], text.places(windows.offsets[chosen]).tolist()
            found = zip(model.tokenizer.tokens(ids), ids.tolist(), spans, scores[chosen], strict=True)
            yield [self._part(text.shown, place, *each) for place, each in enumerate(found, start=1)]

    def _part(self, text: str, index: int, token: str, number: int, span: list[int], scores: Any) -> Part:
        start, end = span
        word, tokenizer = text[start:end], self.model.tokenizer
        if number == tokenizer.unk_token_id:
            return Part(word, start, end, index, scores, goes_on=False)
        if tokenizer.continues_words:
            goes_on = len(token) != len(word)
        else:
            goes_on = start > 0 and " " not in text[start - 1 : start + 1]
        return Part(token, start, end, index, scores, goes_on=goes_on)

    def _entities(self, parts: list[Part]) -> list[dict[str, Any]]:
        ignored = set(self.ignore_labels)
        if self.strategy == "none":
            return [each for each in map(self._token, parts) if each["entity"] not in ignored]
        if self.strategy != "simple":
            parts = [self._word(word) for word in _words(parts)]
        found = [self._group(group) for group in self._groups(parts)]
        return [each for each in found if each["entity_group"] not in ignored]

    def _token(self, part: Part) -> dict[str, Any]:
        return {
            "entity": self._label(part),
            "score": float(part.scores.max()),
            "index": part.index,
            "word": part.word,
            "start": part.start,
            "end": part.end,
        }

    def _word(self, parts: list[Part]) -> Part:
        scores = {
            "first": lambda: parts[0].scores,
            "max": lambda: max(parts, key=lambda part: part.scores.max()).scores,
            "average": lambda: np.mean([part.scores for part in parts], axis=0),
        }[self.strategy]()
        word = self.model.tokenizer.joined([part.word for part in parts])
        return Part(word, parts[0].start, parts[-1].end, parts[0].index, scores, goes_on=False)

    def _groups(self, parts: list[Part]) -> Iterator[list[Part]]:
        """Neighbours of one entity: the same type, and none but the first begins one."""
        group: list[Part] = []
        for part in parts:
            begins, kind = _split(self._label(part))
            if group and (kind != _split(self._label(group[-1]))[1] or begins == BEGINS):
                yield group
                group = []
            group.append(part)
        if group:
            yield group

    def _group(self, parts: list[Part]) -> dict[str, Any]:
        return {
            "entity_group": self._label(parts[0]).split("-", 1)[-1],
            "score": float(np.mean([part.scores.max() for part in parts])),
            "word": self.model.tokenizer.joined([part.word for part in parts]),
            "start": parts[0].start,
            "end": parts[-1].end,
        }

    def _label(self, part: Part) -> str:
        return self.model.labels[int(part.scores.argmax())]


def _words(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Runs of tokens that make a word; a first token begins one whatever it is."""
    number = 0

    def word_of(part: Part) -> int:
        nonlocal number
        number += not part.goes_on
        return number

    for _, run in groupby(parts, key=word_of):
        yield list(run)


def _split(label: str) -> tuple[str, str]:
    """(B or I, the type): a label without either is inside."""
    for sign in (BEGINS, INSIDE):
        if label.startswith(f"{sign}-"):
            return sign, label[2:]
    return INSIDE, label
