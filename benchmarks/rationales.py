"""Texts whose reasons are known, by people or by construction, and a task that a model can learn from them.

Toxic spans (SemEval-2021 task 5): a sentence of a comment is toxic where annotators marked characters of it;
the marked characters are the reason. CoS-E 1.0: a question with one of its choices is right or wrong; what
people selected of the question is the reason. Planted: the label is one of two words put into a harmless
sentence, or "neither"; the word is the reason, and nothing else can be.
"""

from __future__ import annotations

import ast
import csv
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
WORDS_PER_SENTENCE = range(6, 26)
PLANTED = ("amber", "violet")


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A text (with a second one) and its label; `marked` are the characters of the first text that are its
    reason, from..to, empty if unknown.

    `group` is the question that a choice belongs to; the texts of one group compete for one right answer.
    """

    text: str
    label: str
    pair: str | None = None
    marked: tuple[tuple[int, int], ...] = ()
    group: str = ""

    @property
    def read(self) -> str | tuple[str, str]:
        """As a model reads it."""
        return self.text if self.pair is None else (self.text, self.pair)


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a model learns from and what it is asked about; `reasoned` is the label that has reasons."""

    name: str
    train: Sequence[Marked]
    test: Sequence[Marked]
    reasoned: tuple[str, ...]


def materials(data: Path, *, seed: int) -> Iterator[Material]:
    """Toxic spans, CoS-E and planted reasons, from the folder that holds `toxic_spans` and `cose`."""
    sentences = {part: list(toxic_sentences(data / "toxic_spans", part)) for part in ("train", "test")}
    yield Material(
        name="toxic_spans",
        train=balanced(sentences["train"], seed=seed),
        test=balanced(sentences["test"], seed=seed),
        reasoned=("toxic",),
    )
    yield Material(
        name="cose",
        train=list(choices(data / "cose", "train")),
        test=list(choices(data / "cose", "dev")),
        reasoned=("right",),
    )
    harmless = {part: [one for one in sentences[part] if not one.marked] for part in sentences}
    yield Material(
        name="planted",
        train=planted(harmless["train"], seed=seed),
        test=planted(harmless["test"], seed=seed + 1),
        reasoned=PLANTED,
    )


def toxic_sentences(folder: Path, part: str) -> Iterator[Marked]:
    """Sentences of 6 to 25 words, "toxic" where characters of them are marked, else "harmless"."""
    with gzip.open(folder / f"tsd_{part}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            marked = set(ast.literal_eval(row["spans"]))
            for found in SENTENCE.finditer(row["text"]):
                if len(found.group().split()) in WORDS_PER_SENTENCE:
                    here = [
                        place - found.start() for place in sorted(marked) if place in range(*found.span())
                    ]
                    label = "toxic" if here else "harmless"
                    yield Marked(text=found.group(), label=label, marked=tuple(runs(here)))


def choices(folder: Path, part: str) -> Iterator[Marked]:
    """A question and a choice, "right" or "wrong"; marked is the selection, if part of the question."""
    with gzip.open(folder / f"cose_{part}_v1.0.jsonl.gz", "rt", encoding="utf-8") as file:
        selected = {row["id"]: row["explanation"]["selected"].strip() for row in map(json.loads, file)}
    with gzip.open(folder / f"v1.0_{part}_rand_split.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield from _choices_of(row, selected[row["id"]])


def _choices_of(row: dict[str, Any], selected: str) -> Iterator[Marked]:
    stem = row["question"]["stem"]
    start = stem.find(selected) if selected and selected != stem.strip() else -1
    for choice in row["question"]["choices"]:
        right = choice["label"] == row["answerKey"]
        yield Marked(
            text=stem,
            pair=choice["text"],
            label="right" if right else "wrong",
            marked=((start, start + len(selected)),) if right and start >= 0 else (),
            group=row["id"],
        )


def planted(harmless: Sequence[Marked], *, seed: int) -> list[Marked]:
    """Every third sentence gets the first word, every third the second, the others none."""
    draw, made = np.random.default_rng(seed), []
    for number, sentence in enumerate(harmless):
        words = sentence.text.split()
        if number % 3 == 2 or any(word in sentence.text.lower() for word in PLANTED):
            made.append(Marked(text=" ".join(words), label="neither"))
            continue
        place, word = int(draw.integers(len(words))), PLANTED[number % 3]
        start = len(" ".join(words[:place])) + (place > 0)
        text = " ".join([*words[:place], word, *words[place:]])
        made.append(Marked(text=text, label=word, marked=((start, start + len(word)),)))
    return made


def balanced(sentences: Sequence[Marked], *, seed: int) -> list[Marked]:
    """As many toxic sentences as harmless ones, in random order."""
    draw = np.random.default_rng(seed)
    toxic, harmless = ([one for one in sentences if bool(one.marked) is want] for want in (True, False))
    size = min(len(toxic), len(harmless))
    chosen = [part[i] for part in (toxic, harmless) for i in draw.permutation(len(part))[:size]]
    return [chosen[i] for i in draw.permutation(len(chosen))]


def runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Whole numbers in order as from..to pieces without gaps."""
    pieces = np.split(np.array(places, dtype=int), np.flatnonzero(np.diff(places) > 1) + 1)
    return ((int(piece[0]), int(piece[-1]) + 1) for piece in pieces if len(piece))
