"""The evaluation sentences of a run that tags words, from its `predictions.csv`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.lens.word_records import TagRows
from glassbert.runs.predictions import plain_cell
from glassbert.show.predictions import (
    MAX_CHARACTERS,
    MAX_EXAMPLES,
    MAX_TEXT,
    require,
    row_numbers,
    shares,
    wrong_row,
)
from glassbert.show.run_file import Node
from glassbert.show.word_places import places_of_words
from glassbert.tasks.tag_metrics import (
    NOTHING,
    TagCounts,
    Tags,
    count_tags,
    entities_of,
    entity_confusion,
    type_intervals,
)
from glassbert.tasks.tag_outcomes import OUTCOMES, Fate, fates
from glassbert.text.schemes import Scheme
from glassbert.text.tables import Table, read_table

SCHEMES: dict[str, Scheme] = {
    "iob1": "iob1",
    "iob2": "iob2",
    "iobes": "iobes",
    "bilou": "bilou",
    "none": "none",
}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text and what became of its true and of its predicted entities."""

    text: str
    words: list[tuple[int, int]]
    true: list[Fate]
    found: list[Fate]

    @property
    def wrong(self) -> int:
        """Entities of either side that are not right."""
        return sum(each.outcome != "right" for each in (*self.true, *self.found))


def read_tags(path: Path, labels: tuple[str, ...], result: Node) -> TagRows | None:
    """Read the file; None for a run without a result or without a word. Raises DataError for what is not a
    table of these tags, or not of this run.
    """
    scheme = SCHEMES.get(result.child("scheme").text() or "")
    if scheme is None:
        return None
    table = read_table(path)
    require(table, ("row", "text", "label", "prediction", "confidence"))
    truth, guess = (_tags(table, column, labels) for column in ("label", "prediction"))
    _refuse_unequal(table, truth, guess)
    if not sum(map(len, truth)):
        return None
    counts = count_tags(truth, guess, labels, scheme)
    confusion = entity_confusion(truth, guess, labels, scheme)
    recorded = result.child("entity_confusion")
    if recorded.value is not None and recorded.value != confusion:
        what = "run.json and predictions.csv count different entities"
        fix = "evaluate the run again, so that both are of one evaluation"
        raise DataError(Problem(code="run-contradicts-itself", what=what, fix=fix, file=str(path)))
    sides = (entities_of(each, labels, scheme) for each in (truth, guess))
    texts = [plain_cell(cell) for cell in table.frame["text"].tolist()]
    sentences = [
        Sentence(
            text=text, words=places_of_words(text, len(tags)), true=fates(one, two), found=fates(two, one)
        )
        for text, tags, one, two in zip(texts, truth, *sides, strict=True)
    ]
    return _record(table, counts, sentences, confusion=confusion, plain=scheme == "none")


def _tags(table: Table, column: str, labels: tuple[str, ...]) -> Tags:
    number = {label: i for i, label in enumerate(labels)}
    cells, lines = table.frame[column].tolist(), table.rows.tolist()
    found = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        try:
            tags = json.loads(plain_cell(cell))
        except ValueError:
            tags = None
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise wrong_row(table, lines[i], f"{column} is {cell[:40]!r}, not a list of tags")
        unknown = [tag for tag in tags if tag not in number]
        if unknown:
            what = f"{column} holds {unknown[0][:40]!r}, which is not a tag of this run"
            raise wrong_row(table, lines[i], what)
        found[i] = np.array([number[tag] for tag in tags], dtype=np.int64)
    return found


def _refuse_unequal(table: Table, truth: Tags, guess: Tags) -> None:
    lines = table.rows.tolist()
    for i, (one, two) in enumerate(zip(truth, guess, strict=True)):
        if len(one) != len(two):
            raise wrong_row(table, lines[i], f"{len(one)} true tags stand beside {len(two)} predictions")


def _record(
    table: Table, counts: TagCounts, sentences: list[Sentence], *, confusion: dict[str, Any], plain: bool
) -> TagRows:
    kept = _kept(sentences)
    ends = type_intervals(counts)
    number = {name: i for i, name in enumerate(counts.types)}
    sure = shares(table, "confidence")
    return TagRows(
        types=counts.types,
        plain=plain,
        actual=counts.actual.sum(0).astype(np.int32),
        said=counts.predicted.sum(0).astype(np.int32),
        hits=counts.hits.sum(0).astype(np.int32),
        fate=_by_outcome([each for of in sentences for each in of.true], number),
        said_fate=_by_outcome([each for of in sentences for each in of.found], number),
        precision=ends["precision"],
        recall=ends["recall"],
        f1=ends["f1"],
        matrix=np.array(confusion["matrix"], np.int32),
        row=row_numbers(table)[kept],
        text=tuple(sentences[i].text[:MAX_TEXT] for i in kept),
        length=np.array([len(sentences[i].text) for i in kept], np.int32),
        confidence=sure[kept],
        total=len(sentences),
        **_entities([sentences[i] for i in kept], {**number, NOTHING: len(number)}),
    )


def _by_outcome(found: list[Fate], number: dict[str, int]) -> np.ndarray:
    table = np.zeros((len(number), len(OUTCOMES)), np.int32)
    for each in found:
        table[number[each.span[0]], OUTCOMES.index(each.outcome)] += 1
    return table


def _entities(sentences: list[Sentence], number: dict[str, int]) -> dict[str, np.ndarray]:
    rows = [
        (
            i,
            side,
            number[each.span[0]],
            of.words[each.span[1]][0],
            of.words[each.span[2] - 1][1],
            OUTCOMES.index(each.outcome),
            number[NOTHING if each.met is None else each.met],
        )
        for i, of in enumerate(sentences)
        for side, held in enumerate((of.true, of.found))
        for each in held
        if of.words and of.words[each.span[2] - 1][1] <= MAX_TEXT
    ]
    columns = np.array(rows, np.int32).reshape(-1, 7).T
    names = ("sentence", "predicted", "type", "start", "end", "outcome", "met")
    found = dict(zip(names, columns, strict=True))
    return {
        name: np.ascontiguousarray(column.astype(np.uint8) if name in ("predicted", "outcome") else column)
        for name, column in found.items()
    }


def _kept(sentences: list[Sentence]) -> list[int]:
    """The sentences that a page has room for, in the order of the file: those with most wrong entities."""
    chosen = sorted(range(len(sentences)), key=lambda i: -sentences[i].wrong)[:MAX_EXAMPLES]
    used = np.cumsum([min(len(sentences[i].text), MAX_TEXT) for i in chosen])
    return sorted(chosen[: int(np.searchsorted(used, MAX_CHARACTERS, side="right"))])
