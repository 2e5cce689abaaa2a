"""Run directories of tagged words and of answers, as runs write them, from sentences and questions.

Scores and tables come from the tasks themselves; only the network's part, the scores of words and of pieces,
is made up. To look at one: `python -m tests.show.make_words DIRECTORY [tags|answers]`.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.model.config import HeadConfig
from glassbert.runs.predictions import write_predictions
from glassbert.tasks.answering import QuestionAnswering
from glassbert.tasks.span_answers import Found, SpanPredictions
from glassbert.tasks.tag_answers import TagPredictions
from glassbert.tasks.tag_baselines import ragged
from glassbert.tasks.tag_windows import word_spans
from glassbert.tasks.tagging import KIND, TokenClassification
from glassbert.tasks.task import Examples, Predictions, Task
from glassbert.text.schemes import tag_names
from glassbert.text.spans import Span
from tests.show.make_run import KINDS, make_document


@dataclass(frozen=True)
class Tagged:
    """A text of words between spaces with its true and predicted tags."""

    text: str
    true: str
    said: str


# each kind of mistake once, and what is right; the fourth without spaces as people write it
SENTENCES = (
    Tagged("Ann Lee met Bo in Oslo .", "B-PER I-PER O B-PER O B-LOC O", "B-PER I-PER O O O B-LOC O"),
    Tagged("Oslo beat New York City 2-1 .", "B-ORG O B-LOC I-LOC I-LOC O O", "B-LOC O B-LOC I-LOC O O O"),
    Tagged("the House of Lords sat", "O B-ORG I-ORG I-ORG O", "O B-LOC O B-PER O"),
    Tagged("周 恩 来 在 北 京", "B-PER I-PER I-PER O B-LOC I-LOC", "B-PER I-PER O O B-LOC I-LOC"),
    Tagged("nobody came .", "O O O", "O O O"),
    Tagged("the Acme shares fell", "O O O O", "O B-ORG O O"),
    Tagged("Bo 😀 Bo", "B-PER O B-PER", "B-PER O B-PER"),
)


@dataclass(frozen=True)
class Answered:
    """A question: its context, right answers, the answer given ("" for none), and the odds of none."""

    question: str
    context: str
    right: tuple[str, ...]
    said: str
    odds: float


JUDGED = {
    "token-classification": {"rival": "remembered_entities", "metric": "f1"},
    "question-answering": {"rival": "overlap", "metric": "f1"},
}
FOX = "The quick red fox jumps over the lazy dog in 1984 , and the dog sleeps ."
QUESTIONS = (
    Answered("Who jumps over the dog?", FOX, ("red fox", "fox"), "fox", -4.0),
    Answered("Which fox jumps?", FOX, ("quick red fox",), "red fox jumps", -1.5),
    Answered("When did it jump?", FOX, ("1984",), "sleeps", -0.25),
    Answered("Where is the cat?", FOX, (), "the dog", 0.2),
    Answered("Why does it jump?", FOX, (), "", 3.5),
    Answered("How does the dog feel?", FOX, ("lazy",), "", 1.25),
    Answered("谁在睡觉？", "狐狸跳过了懒狗，狗在睡觉。😀 狗没有醒。", ("狗",), "狗", -2.0),
    Answered("What sleeps?", f"{'x ' * 6000}and the dog sleeps .", ("the dog",), "dog", -3.0),
)


def tag_run(directory: Path, sentences: Sequence[Tagged] = SENTENCES) -> Path:
    """A run that tagged these sentences."""
    types = {tag[2:] for each in sentences for tag in each.true.split() if tag != "O"}
    task: Any = TokenClassification(head=HeadConfig(kind=KIND, labels=tag_names(types, "iob2")))
    number = {label: i for i, label in enumerate(task.head.labels)}
    true, said = (
        ragged([np.array([number[tag] for tag in tags.split()]) for tags in side])
        for side in ([each.true for each in sentences], [each.said for each in sentences])
    )
    draw = np.random.default_rng(3)
    scores = [
        np.eye(len(number))[tags] * 0.6 + draw.dirichlet(np.ones(len(number)), len(tags)) * 0.4
        for tags in said
    ]
    texts = [each.text for each in sentences]
    places = [np.cumsum([0, *(len(word) + 1 for word in text.split(" "))])[:-1] for text in texts]
    ends = [np.array([len(word) for word in text.split(" ")]) for text in texts]
    spans = ragged([np.stack([begin, begin + size], 1) for begin, size in zip(places, ends, strict=True)])
    examples = Examples(texts=texts, targets=true, rows=np.arange(len(texts)) + 2, spans=spans)
    predictions = TagPredictions(
        logits=ragged([np.log(each) for each in scores]),
        scores=ragged(scores),
        answers=said,
        windows=np.ones(len(texts), dtype=np.int64),
        texts=texts,
        spans=word_spans(examples),
    )
    return _write(directory, task, examples, predictions)


def answer_run(
    directory: Path, questions: Sequence[Answered] = QUESTIONS, *, threshold: float | None = 1.0
) -> Path:
    """A run that answered these questions; the n best are the answer, the context and its first half."""
    spans = [tuple(Span(text, each.context.index(text)) for text in each.right) for each in questions]
    answers = np.empty(len(questions), dtype=object)
    for i, each in enumerate(questions):
        begin = each.context.index(each.said)
        half = len(each.context) // 2
        best = (
            Found(each.said, begin, begin + len(each.said), 0.5 + i % 40 / 100),
            Found(each.context, 0, len(each.context), 0.2),
            Found(each.context[:half], 0, half, 0.001),
        )
        others = best if each.said else best[1:]
        answers[i] = replace(best[0] if each.said else Found("", 0, 0, 0.4), others=others)
    targets = np.empty(len(questions), dtype=object)
    targets[:] = spans
    texts = [(each.question, each.context) for each in questions]
    examples = Examples(texts=texts, targets=targets, rows=np.arange(len(texts)) + 2)
    odds = np.array([each.odds for each in questions])
    predictions = SpanPredictions(
        logits=np.stack([np.zeros(len(odds)), odds], 1),
        scores=np.stack([[each.score for each in answers], 1 / (1 + np.exp(-odds))], 1),
        answers=answers,
        windows=np.ones(len(odds), dtype=np.int64),
        right=targets,
    )
    task: Any = QuestionAnswering(null_threshold=threshold)
    more = {} if threshold is None else {"null_threshold": {"value": threshold, "reason": "made up"}}
    return _write(directory, task, examples, predictions, **more)


def _write(directory: Path, task: Task, examples: Examples, predictions: Predictions, **more: Any) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    measured = task.measure(predictions, examples)
    result = {"metrics": measured.metrics, "intervals": measured.intervals, **measured.details, **more}
    verdict = {"better": True, "outcome": "better", "text": "Better than the baseline.", **JUDGED[task.name]}
    document = make_document(KINDS["tiny"], {**result, "baselines": {}, "verdict": verdict}, "finished")
    document |= {"task": task.name, "labels": list(task.head.labels)}
    (directory / "run.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    write_predictions(directory / "predictions.csv", examples, predictions, task=task)
    return directory


if __name__ == "__main__":
    {"tags": tag_run, "answers": answer_run}[sys.argv[2]](Path(sys.argv[1]))
