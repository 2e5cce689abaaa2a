"""What a model that answers questions must beat: the overlap of words, and, where it may, saying nothing.

The overlap baseline takes the sentence that shares most with the question, by the sum of the inverse document
frequencies of the shared words, and of it the rarest run of words that are not in the question, as long as
answers usually are (the sliding window of Richardson et al. 2013, as Rajpurkar et al. 2016 use it). A
character of a script without spaces is a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from glassbert.tasks.baselines import UNSPACED
from glassbert.tasks.span_metrics import score_answers, scoring_for
from glassbert.tasks.task import Answers, Examples
from glassbert.text.spans import Span

WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})\w)+")
SENTENCE_END = re.compile(r"[.!?。！？]\s*$")
SAMPLE = 500
CONTEXTS_KEPT = 4096


@dataclass(frozen=True, kw_only=True)
class SpanBaseline:
    """An answer to every evaluation question, and what was done to get it."""

    name: str
    answers: Answers
    notes: tuple[str, ...]

    @property
    def scores(self) -> Float[np.ndarray, "N 1"]:
        return np.zeros((len(self.answers), 1))


@dataclass(frozen=True)
class Said:
    """A baseline's answer; "" is none."""

    text: str


def span_rivals(train: Examples, evaluation: Examples) -> Mapping[str, SpanBaseline]:
    """The baselines by name; the one with the higher F1 on (a sample of) the training rows comes last."""
    assert train.targets is not None, "a baseline needs the answers of its training rows"
    found = [overlap(train, evaluation)]
    if not all(len(spans) for spans in train.targets):
        nothing = _array([Said("")] * len(evaluation))
        found.append(SpanBaseline(name="no_answer", answers=nothing, notes=()))
        some = train.select(np.linspace(0, len(train) - 1, min(SAMPLE, len(train))).astype(np.int64))
        if _mean_f1(overlap(train, some).answers, some) > _mean_f1(_array([Said("")] * len(some)), some):
            found.reverse()
    return {each.name: each for each in found}


def overlap(train: Examples, evaluation: Examples) -> SpanBaseline:
    """The rarest run of words in the sentence that is most like the question."""
    assert train.targets is not None
    rarity = _rarity([text[1] for text in train.texts if isinstance(text, tuple)])
    sizes = [len(WORD.findall(spans[0].text)) for spans in train.targets if spans]
    length = max(1, round(float(np.median(sizes)))) if sizes else 1
    read = lru_cache(CONTEXTS_KEPT)(_sentences)
    answers = [
        Said(_answer(text[0], text[1], read(text[1]), rarity, length) if isinstance(text, tuple) else "")
        for text in evaluation.texts
    ]
    notes = (f"runs of at most {length} words (the median of the training answers)",)
    return SpanBaseline(name="overlap", answers=_array(answers), notes=notes)


def _rarity(contexts: Sequence[str]) -> dict[str, float]:
    """ln(contexts / contexts with the word); "" holds what a word gets that none of them has."""
    distinct = set(contexts)
    counts = Counter(word for context in distinct for word in {w.lower() for w in WORD.findall(context)})
    rarity = {word: float(np.log(len(distinct) / count)) for word, count in counts.items()}
    return {**rarity, "": float(np.log(len(distinct) + 1))}


def _sentences(context: str) -> list[list[Span]]:
    """The words of each sentence, with their places."""
    sentences: list[list[Span]] = [[]]
    last = 0
    for match in WORD.finditer(context):
        if SENTENCE_END.search(context, last, match.start()) and sentences[-1]:
            sentences.append([])
        sentences[-1].append(Span(match[0], match.start()))
        last = match.end()
    return sentences


def _answer(
    question: str, context: str, sentences: list[list[Span]], rarity: dict[str, float], length: int
) -> str:
    asked = {word.lower() for word in WORD.findall(question)}
    unknown = rarity[""]

    def shared(words: list[Span]) -> float:
        return sum(rarity.get(word, unknown) for word in {each.text.lower() for each in words} & asked)

    words = max(sentences, key=shared)
    best, answer = -1.0, ""
    for run in _runs(words, asked, context):
        values = np.array([rarity.get(each.text.lower(), unknown) for each in run])
        width = min(length, len(run))
        sums = np.convolve(values, np.ones(width), mode="valid")
        place = int(sums.argmax())
        if sums[place] > best:
            best, answer = float(sums[place]), context[run[place].start : run[place + width - 1].end]
    return answer


def _runs(words: list[Span], asked: set[str], context: str) -> Iterator[list[Span]]:
    """Neighbouring words that are not in the question, with nothing but white space between them."""
    run: list[Span] = []
    for word in words:
        if run and (word.text.lower() in asked or context[run[-1].end : word.start].strip()):
            yield run
            run = []
        if word.text.lower() not in asked:
            run.append(word)
    if run:
        yield run


def _mean_f1(answers: Answers, examples: Examples) -> float:
    assert examples.targets is not None
    scoring, _ = scoring_for([text[1] for text in examples.texts if isinstance(text, tuple)])
    truth = [[span.text for span in spans] for spans in examples.targets]
    return float(score_answers(truth, [each.text for each in answers], scoring)[:, 1].mean())


def _array(answers: Sequence[Said]) -> Answers:
    return np.fromiter(answers, dtype=object, count=len(answers))
