"""One case per task: how to make it from a table, and its loss and scores written a second time.

A new task joins the contract by adding its case to `CASES`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.stats
import sklearn.metrics as oracle

from glassbert.tasks.names import find_task
from glassbert.tasks.span_answers import SpanPredictions
from glassbert.tasks.task import Batch, Examples, Predictions, Task
from glassbert.text.columns import Columns
from glassbert.text.tables import Table, read_table
from glassbert.text.windows import Windows
from glassbert.text.word_splitting import split_words

Rows = Mapping[str, list[Any]]

LONG = "the film is not warm , a dull fine cold film ! " * 9
ODD = (
    "",
    " \t\n",
    "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈",
    "هذا الفيلم جميل جدا",
    "\u202ethe film\u202c \u200b\u200d\ufeff",
    "a\x01b\x07\x1f \x7f film \u0085 \u2028 fine",
    "e\u0301 vs \u00e9 \ufffd \U000e0001",
    "supercalifragilistic" * 512,
    "[CLS] a [SEP] film [MASK] [PAD]",
    "好看 好 看 不好看",
    LONG,
)
SECOND = "the film is dull ."
PLAIN = ("a warm film", "the film is dull .", "not a fine film !", "cold", "it is warm , warm and fine .")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the suite needs to know of a task."""

    name: str
    columns: Columns
    train: Rows
    unknown: Rows
    labelled: Callable[[list[str]], Rows]
    refused: str
    loss: Callable[[np.ndarray, Batch, Examples, np.ndarray], float]
    scores: Callable[[Predictions, Examples], dict[str, float]]

    scored: Callable[[np.ndarray], bool]
    weight: Callable[[Examples, Windows], float] = lambda examples, windows: len(examples)
    sides: int = 1
    """How many texts of an example are sequences of their own."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What the task is told besides: another head."""

    @property
    def title(self) -> str:
        return "+".join((self.name, *self.told))

    def table(self, rows: Rows) -> Table:
        return read_table(pd.DataFrame(rows, dtype=object))

    def task(self) -> Task:
        return find_task(self.name).learn(self.table(self.train), self.columns, **self.told)


def classification_rows(texts: list[str]) -> Rows:
    return {"text": texts, "label": [("neg", "neutral", "pos")[i % 3] for i in range(len(texts))]}


def classification_loss(
    logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray
) -> float:
    """Sum over windows of (1 / windows of the text) x (log sum exp z - z of the true class)."""
    assert examples.targets is not None
    total = 0.0
    for z, window in zip(logits.astype(np.float64), batch.index, strict=True):
        text = example_of_window[window]
        share = 1 / np.sum(example_of_window == text)
        total += share * (np.log(np.exp(z - z.max()).sum()) + z.max() - z[examples.targets[text]])
    return total


def classification_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    truth, guess = examples.targets, predictions.answers
    return {
        "accuracy": oracle.accuracy_score(truth, guess),
        "macro_f1": oracle.f1_score(truth, guess, average="macro", zero_division=0),
        "mcc": oracle.matthews_corrcoef(truth, guess),
        "loss": oracle.log_loss(truth, predictions.scores, labels=range(predictions.scores.shape[1])),
    }


def are_shares(scores: np.ndarray) -> bool:
    return bool(np.allclose(scores.sum(1), 1) and (scores >= 0).all())


def pair_rows(texts: list[str]) -> Rows:
    """The second text is short, and long where the first is."""
    return {**classification_rows(texts), "pair": [LONG[40:] if text == LONG else SECOND for text in texts]}


def number_rows(texts: list[str]) -> Rows:
    return {"text": texts, "label": [str((7 * i) % 11 / 2 - 1) for i in range(len(texts))]}


def number_loss(logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray) -> float:
    """Sum over windows of (1 / windows of the text) x (z - (y - mean) / standard deviation)^2."""
    assert examples.targets is not None
    learnt = np.array(number_rows(list(PLAIN))["label"], dtype=float)
    total = 0.0
    for z, window in zip(logits[:, 0].astype(np.float64), batch.index, strict=True):
        text = example_of_window[window]
        wanted = (examples.targets[text] - learnt.mean()) / learnt.std()
        total += (z - wanted) ** 2 / np.sum(example_of_window == text)
    return total


def number_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    truth, guess = examples.targets, predictions.answers
    assert truth is not None
    squared = oracle.mean_squared_error(truth, guess)
    learnt = np.array(number_rows(list(PLAIN))["label"], dtype=float)
    return {
        "pearson": scipy.stats.pearsonr(truth, guess).statistic,
        "spearman": scipy.stats.spearmanr(truth, guess).statistic,
        "mae": oracle.mean_absolute_error(truth, guess),
        "rmse": oracle.root_mean_squared_error(truth, guess),
        "mse": squared,
        "loss": squared / learnt.var(),
    }


def set_rows(texts: list[str]) -> Rows:
    names = ("a;b", "", "c", "b;c", "a")
    return {"text": texts, "labels": [names[i % 5] for i in range(len(texts))]}


def set_loss(logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray) -> float:
    """Sum over windows of (1 / windows of the text) x mean over labels of ln(1 + exp z) - y z; z is the logit
    and the log-odds of the label among the rows learnt, with half a row more on both sides.
    """
    assert examples.targets is not None
    learnt = [set(filter(None, cell.split(";"))) for cell in set_rows(list(PLAIN))["labels"]]
    counts = np.array([sum(label in each for each in learnt) for label in sorted(set().union(*learnt))])
    odds = (counts + 0.5) / (len(learnt) - counts + 0.5)
    total = 0.0
    for z, window in zip(logits.astype(np.float64) + np.log(odds), batch.index, strict=True):
        text = example_of_window[window]
        total += np.mean(np.log1p(np.exp(z)) - examples.targets[text] * z) / np.sum(example_of_window == text)
    return total


def set_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    truth, guess = examples.targets, predictions.answers
    return {
        "micro_f1": oracle.f1_score(truth, guess, average="micro", zero_division=0),
        "macro_f1": oracle.f1_score(truth, guess, average="macro", zero_division=0),
        "subset_accuracy": oracle.accuracy_score(truth, guess),
        "loss": oracle.log_loss(np.ravel(truth), np.ravel(predictions.scores), labels=[False, True]),
    }


def span_rows(texts: list[str]) -> Rows:
    """Questions; contexts are long where the question is, and two of three hold their answer."""
    contexts = [LONG[40:] if text == LONG else SECOND for text in texts]
    answers = [
        json.dumps({"text": [], "answer_start": []} if i % 3 == 2 else squad_answer(context, i))
        for i, context in enumerate(contexts)
    ]
    return {"question": texts, "context": contexts, "answers": answers}


def squad_answer(context: str, number: int) -> dict[str, list[object]]:
    """One word, or two: the last of them that the context has."""
    answer = ("film", "is dull")[number % 2] if "is dull" in context else "film"
    return {"text": [answer], "answer_start": [context.rindex(answer)]}


def span_loss(logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray) -> float:
    """Sum over windows of share x mean over both ends of log sum exp z - z of the right token; SECOND is one
    window, of whose tokens the answer's are the last but so many, and LONG's answer is in its last one.
    """
    assert examples.targets is not None
    total = 0.0
    bounds = batch.packed.layout.starts
    for number, window in enumerate(batch.index):
        text = example_of_window[window]
        z = logits[bounds[number] : bounds[number + 1]].astype(np.float64)
        length = len(z)
        first = last = 0
        siblings = np.flatnonzero(example_of_window == text)
        for span in examples.targets[text]:
            context = examples.texts[text][1]
            words = context[span.start :].split()
            held = len(span.text.split())
            if window == siblings[-1] or context == SECOND:
                first = length - 1 - len(words)
                last = first + held - 1
        ends = np.log(np.exp(z - z.max(0)).sum(0)) + z.max(0) - z[[first, last], [0, 1]]
        total += ends.mean() / len(siblings)
    return total


def span_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    """SQuAD's scores of answers whose words are lower case already."""
    assert examples.targets is not None
    scores: dict[str, list[tuple[float, float]]] = {"has": [], "no": []}
    for spans, found in zip(examples.targets, predictions.answers, strict=True):
        gold, said = (
            [word for word in re.findall(r"[a-z]+", text) if word not in ("a", "an", "the")]
            for text in (spans[0].text if spans else "", found.text)
        )
        same = sum(min(gold.count(word), said.count(word)) for word in set(gold))
        f1 = 2 * same / (len(gold) + len(said)) if gold and said else float(gold == said)
        scores["has" if spans else "no"].append((100.0 * (gold == said), 100 * f1))
    exact, f1 = np.mean([*scores["has"], *scores["no"]], axis=0)
    apart = {f"{kind}_answer_f1": np.mean(found, axis=0)[1] for kind, found in scores.items()}
    assert isinstance(predictions, SpanPredictions)
    loss = predictions.loss  # that it is what training lowers, tests/tasks/test_answering.py proves
    return {"exact_match": exact, "f1": f1, "loss": loss, **apart}


def tag_rows(texts: list[str]) -> Rows:
    """The first word of a text is a place, the two after it a person."""
    entities = []
    for text in texts:
        spans = split_words(text).tolist()
        found = [[*spans[0], "LOC"]] if spans else []
        entities.append([*found, [spans[1][0], spans[2][1], "PER"]] if len(spans) > 2 else found)
    return {"text": texts, "entities": entities}


def tag_loss(logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray) -> float:
    """Sum over words of log sum exp z - z of the true tag: a text's words come once each, window by window.

    Of texts with a word that has no token, which tags are left the batch says itself.
    """
    assert examples.targets is not None and batch.rows is not None and batch.targets is not None
    ends = np.cumsum(batch.rows.counts)
    windows_of = {
        window: slice(end - n, end)
        for window, end, n in zip(batch.index, ends, batch.rows.counts, strict=True)
    }
    total = 0.0
    for text, truth in enumerate(examples.targets):
        parts = [logits[windows_of[window]] for window in np.flatnonzero(example_of_window == text)]
        z = np.concatenate(parts).astype(np.float64)
        if len(z) == len(truth):
            chosen = z[np.arange(len(z)), truth]
        else:  # a word without a token: the tags of the others, as the batch has them
            held = [batch.targets[windows_of[w]].numpy() for w in np.flatnonzero(example_of_window == text)]
            chosen = z[np.arange(len(z)), np.concatenate(held)]
        total += np.sum(np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - chosen)
    return total


# weights between O, B-LOC, I-LOC, B-PER and I-PER: steps, first and last; an I- follows its own kind only
CHAIN = [np.random.default_rng(8).normal(size=size).astype(np.float32) for size in ((5, 5), 5, 5)]
FORBIDDEN = np.array(
    [[tag in (2, 4) and before not in (tag - 1, tag) for tag in range(5)] for before in range(5)]
)


def chain_loss(logits: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray) -> float:
    """Sum over windows of ln Z - s(true tags): a window's words are a chain, whose ends count where they are
    those of the text; one text has a last word without a token, which is in no window.
    """
    assert examples.targets is not None and batch.rows is not None and batch.targets is not None
    steps, first, last = (each.astype(np.float64) for each in CHAIN)
    steps, first = np.where(FORBIDDEN, -np.inf, steps), np.where(FORBIDDEN[0], -np.inf, first)
    ends = np.cumsum(batch.rows.counts)
    total = 0.0
    for window, end, n in zip(batch.index, ends, batch.rows.counts, strict=True):
        if not n:
            continue
        text = example_of_window[window]
        siblings = np.flatnonzero(example_of_window == text)
        held = sum(batch.rows.counts[np.isin(batch.index, siblings)])
        opens = window == siblings[0]
        closes = window == siblings[-1] and held == len(examples.targets[text])
        z, tags = logits[end - n : end].astype(np.float64), batch.targets[end - n : end].numpy()
        alpha = z[0] + (first if opens else 0)
        score = z[np.arange(n), tags].sum() + steps[tags[:-1], tags[1:]].sum()
        score += (first[tags[0]] if opens else 0) + (last[tags[-1]] if closes else 0)
        for row in z[1:]:
            alpha = np.logaddexp.reduce(alpha[:, None] + steps, axis=0) + row
        total += np.logaddexp.reduce(alpha + (last if closes else 0)) - score
    return float(total)


def tag_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    """Entities as runs that begin at B-: tags 1 and 3 of O, B-LOC, I-LOC, B-PER, I-PER."""
    assert examples.targets is not None

    def entities(tags: np.ndarray) -> set[tuple[int, int, int]]:
        begins = [i for i, tag in enumerate(tags) if tag in (1, 3)]
        ends = [
            next((j for j in range(i + 1, len(tags)) if tags[j] != tags[i] + 1), len(tags)) for i in begins
        ]
        return {(tags[i], i, j) for i, j in zip(begins, ends, strict=True)}

    pairs = list(zip(examples.targets, predictions.answers, strict=True))
    hits = sum(len(entities(truth) & entities(guess)) for truth, guess in pairs)
    actual, predicted = (sum(len(entities(pair[side])) for pair in pairs) for side in (0, 1))
    truth, scores = np.concatenate(list(examples.targets)), np.concatenate(list(predictions.scores))
    return {
        "f1": 2 * hits / (actual + predicted),
        "precision": hits / max(predicted, 1),
        "recall": hits / actual,
        "accuracy": oracle.accuracy_score(truth, np.concatenate(list(predictions.answers))),
        "loss": oracle.log_loss(truth, scores, labels=range(5)),
    }


def likeness_rows(texts: list[str]) -> Rows:
    """The second text is another, and long where the first is."""
    seconds = [LONG[40:] if text == LONG else PLAIN[(3 * i) % len(PLAIN)] for i, text in enumerate(texts)]
    return {"text": texts, "pair": seconds, "label": [str((7 * i) % 6) for i in range(len(texts))]}


def likeness_loss(
    vectors: np.ndarray, batch: Batch, examples: Examples, example_of_window: np.ndarray
) -> float:
    """Sum over pairs of (cos(u, v) - (y - least) / (greatest - least))^2, u and v the means of the vectors of
    a text's windows by the tokens that they count.
    """
    assert examples.targets is not None and batch.sides is not None
    learnt = np.array(likeness_rows(list(PLAIN))["label"], dtype=float)
    counted = batch.packed.layout.lengths if batch.rows is None else batch.rows.counts
    total = 0.0
    for place, target in enumerate(examples.targets):
        texts = []
        for side in (0, 1):
            mine = example_of_window[batch.index] == 2 * place + side
            texts.append(np.average(vectors[mine].astype(np.float64), axis=0, weights=counted[mine]))
        similar = texts[0] @ texts[1] / np.linalg.norm(texts[0]) / np.linalg.norm(texts[1])
        total += (similar - (target - learnt.min()) / np.ptp(learnt)) ** 2
    return float(total)


def likeness_scores(predictions: Predictions, examples: Examples) -> dict[str, float]:
    truth, guess = examples.targets, predictions.answers
    assert truth is not None
    squared = oracle.mean_squared_error(truth, guess)
    learnt = np.array(likeness_rows(list(PLAIN))["label"], dtype=float)
    return {
        "pearson": scipy.stats.pearsonr(truth, guess).statistic,
        "spearman": scipy.stats.spearmanr(truth, guess).statistic,
        "mse": squared,
        "loss": squared / np.ptp(learnt) ** 2,
    }


CASES = (
    Case(
        name="text-classification",
        columns=Columns(text="text", label="label", reasons=()),
        train=classification_rows(list(PLAIN)),
        unknown={"text": ["a film"], "label": ["possitive"]},
        refused="unknown-label.*'possitive'.*known labels",
        labelled=classification_rows,
        loss=classification_loss,
        scores=classification_scores,
        scored=are_shares,
    ),
    Case(
        name="text-pair-classification",
        columns=Columns(text="text", pair="pair", label="label", reasons=()),
        train=pair_rows(list(PLAIN)),
        unknown={"text": ["a film"], "pair": ["a film"], "label": ["possitive"]},
        refused="unknown-label.*'possitive'.*known labels",
        labelled=pair_rows,
        loss=classification_loss,
        scores=classification_scores,
        scored=are_shares,
    ),
    Case(
        name="text-regression",
        columns=Columns(text="text", label="label", reasons=()),
        train=number_rows(list(PLAIN)),
        unknown={"text": ["a film"], "label": ["1,5"]},
        refused="1: bad-number: 'label': '1,5' is not a decimal number",
        labelled=number_rows,
        loss=number_loss,
        scores=number_scores,
        scored=lambda scores: bool(np.isfinite(scores).all()),
    ),
    Case(
        name="multi-label-classification",
        columns=Columns(text="text", label="labels", reasons=()),
        train=set_rows(list(PLAIN)),
        unknown={"text": ["a film", "it"], "labels": ["a;possitive", ""]},
        refused="unknown-label.*'possitive'.*known labels",
        labelled=set_rows,
        loss=set_loss,
        scores=set_scores,
        scored=lambda scores: bool(((scores > 0) & (scores < 1)).all()),
    ),
    Case(
        name="question-answering",
        columns=Columns(text="question", pair="context", label="answers", reasons=()),
        train=span_rows(list(PLAIN)),
        unknown={
            "question": ["a film"],
            "context": ["a film"],
            "answers": ['{"text": "m", "answer_start": 4}'],
        },
        refused="1: wrong-offset: answer_start 4 points at 'l', and the answer 'm' begins at 5",
        labelled=span_rows,
        loss=span_loss,
        scores=span_scores,
        scored=lambda scores: bool(((scores >= 0) & (scores <= 1)).all()),
    ),
    Case(
        name="token-classification",
        columns=Columns(text="text", label="entities", reasons=()),
        train=tag_rows(list(PLAIN)),
        unknown={"text": ["a film"], "entities": [[[0, 1, "PERSON"]]]},
        refused="unknown-label.*'B-PERSON'.*known labels",
        labelled=tag_rows,
        loss=tag_loss,
        scores=tag_scores,
        scored=are_shares,
        weight=lambda examples, windows: int((windows.word >= 0).sum()),
    ),
    Case(
        name="sentence-similarity",
        columns=Columns(text="text", pair="pair", label="label", reasons=()),
        train=likeness_rows(list(PLAIN)),
        unknown={"text": ["a film"], "pair": ["a film"], "label": ["1,5"]},
        refused="1: bad-number: 'label': '1,5' is not a decimal number",
        labelled=likeness_rows,
        loss=likeness_loss,
        scores=likeness_scores,
        scored=lambda scores: bool(np.isfinite(scores).all()),
        sides=2,
    ),
)
(TAGS,) = (case for case in CASES if case.name == "token-classification")
CASES += (
    replace(TAGS, told={"crf": True}, loss=chain_loss),
    replace(TAGS, told={"crf": True, "lstm_size": 7}, loss=chain_loss),
)
