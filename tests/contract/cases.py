"""One case per task: how to make it from a table, and its loss and scores written a second time.

A new task joins the contract by adding its case to `CASES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.stats
import sklearn.metrics as oracle

from glassbert.tasks.names import find_task
from glassbert.tasks.task import Batch, Examples, Predictions, Task
from glassbert.text.columns import Columns
from glassbert.text.tables import Table, read_table

Rows = Mapping[str, list[str]]

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

    def table(self, rows: Rows) -> Table:
        return read_table(pd.DataFrame(rows, dtype=object))

    def task(self) -> Task:
        return find_task(self.name).learn(self.table(self.train), self.columns)


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
    """Sum over windows of (1 / windows of the text) x mean over labels of ln(1 + exp z) - y z."""
    assert examples.targets is not None
    total = 0.0
    for z, window in zip(logits.astype(np.float64), batch.index, strict=True):
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
)
