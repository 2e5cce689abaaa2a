"""Rows of words with tags, or of text with entities, as sentences; and what is wrong with others.

A row holds a list of words and a list with a tag for each (CoNLL, JSONL), or a text and the entities in it by
their characters: objects with `start`, `end` and `label`, or triples in this order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.columns import Columns
from glassbert.text.quoting import quoted
from glassbert.text.scheme_detection import valid_tags
from glassbert.text.schemes import Scheme, is_valid, learnt_as, lenient_spans, repaired, tags_of
from glassbert.text.tables import Table
from glassbert.text.tag_columns import TagColumns, holds_tags, is_list, with_scheme
from glassbert.text.word_splitting import Spans, joined, split_words

HALF = re.compile("[\ud800-\udfff]")
WRITE_LISTS = 'write "tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]'
WRITE_ENTITIES = 'write "entities": [{"start": 0, "end": 2, "label": "ORG"}]'


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text, where its words are, and a tag for each word where they are known."""

    text: str
    spans: Spans
    tags: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a row; `word` is the number of the word that it is about."""

    code: str
    what: str
    fix: str
    word: int = 0

    def problem(self, table: Table, row: int, columns: TagColumns) -> Problem:
        line = int(table.rows[row]) + (self.word if columns.by_line else 0)
        return Problem(code=self.code, what=self.what, fix=self.fix, file=table.source, line=line)


def sentences_of(table: Table, columns: Columns) -> list[Sentence]:
    """Every row as a sentence; tags are written in the scheme that a model learns (IOB1 becomes IOB2).

    Errors: DataError (65) naming every row, and word, that cannot be one.
    """
    known = _with_scheme(table, columns)
    found, bad = _read(table, known)
    if bad:
        shown = sorted(bad)[:SHOWN_PROBLEMS]
        raise DataError(*(bad[row].problem(table, row, known) for row in shown), total=len(bad))
    return [found[row] for row in range(len(table.rows))]


def usable_sentences(table: Table, columns: TagColumns) -> Table:
    """The table without the rows that are no sentences; they join `rejected`. DataError if none is left."""
    _, bad = _read(table, columns)
    if not bad:
        return table
    if len(bad) == len(table.rows):
        sentences_of(table, columns)
    kept = np.setdiff1d(np.arange(len(table.rows)), list(bad))
    return replace(
        table,
        frame=table.frame.iloc[kept].reset_index(drop=True),
        rows=table.rows[kept],
        rejected=(*table.rejected, *(bad[row].problem(table, row, columns) for row in sorted(bad))),
        rejected_text=(
            *table.rejected_text,
            *(repr(table.frame.iloc[row].to_dict()) for row in sorted(bad)),
        ),
    )


def _with_scheme(table: Table, columns: Columns) -> TagColumns:
    if not isinstance(columns, TagColumns):
        columns = TagColumns(text=columns.text, label=columns.label, reasons=columns.reasons)
    if columns.scheme is None and columns.label is not None:
        columns = with_scheme(table, columns, given=None, repair=columns.repair)
    return columns


def _read(table: Table, columns: TagColumns) -> tuple[dict[int, Sentence], dict[int, Fault]]:
    cells = table.frame[columns.text].tolist()
    labels: Sequence[Any] = [None] * len(cells)
    tagged = True
    if columns.label is not None:
        labels, tagged = table.frame[columns.label].tolist(), holds_tags(table, columns.label)
    valid = ""
    if tagged and columns.scheme is not None:
        sound = [x for cell in labels if is_list(cell) for x in cell if isinstance(x, str)]
        valid = valid_tags(Counter(sound), columns.scheme)
    results = [
        _sentence(cell, label, columns, tagged=tagged, valid=valid)
        for cell, label in zip(cells, labels, strict=True)
    ]
    good = {row: each for row, each in enumerate(results) if isinstance(each, Sentence)}
    return good, {row: each for row, each in enumerate(results) if isinstance(each, Fault)}


def _sentence(cell: Any, label: Any, columns: TagColumns, *, tagged: bool, valid: str) -> Sentence | Fault:
    if fault := _why_no_words(cell, columns.text):
        return fault
    text, spans = (cell, split_words(cell)) if isinstance(cell, str) else joined(list(cell))
    if columns.label is None:
        return Sentence(text=text, spans=spans, tags=None)
    if not tagged:
        return _of_entities(text, spans, label, columns.label)
    assert columns.scheme is not None
    bad = _why_no_tags(label, len(spans), columns.label, columns.scheme, valid)
    if bad:
        return bad
    return Sentence(text=text, spans=spans, tags=_learnt(list(label), columns))


def _learnt(tags: list[str], columns: TagColumns) -> tuple[str, ...]:
    scheme = columns.scheme
    assert scheme is not None
    if scheme == "iob1":
        return tuple(tags_of(lenient_spans(tags), len(tags), learnt_as(scheme)))
    return tuple(repaired(tags, scheme) if columns.repair else tags)


def _why_no_words(cell: Any, column: str) -> Fault | None:
    if cell is None:
        what = f"{quoted(column)} is null or absent in this row"
        return Fault(code="missing-text", what=what, fix="fill it in, or leave the row out")
    words = [cell] if isinstance(cell, str) else cell
    if not is_list(words):
        what = f"{quoted(column)} is neither a text nor a list of words: {quoted(cell)}"
        return Fault(code="not-words", what=what, fix=WRITE_LISTS)
    for place, word in enumerate(words):
        if not isinstance(word, str):
            what = f"word {place + 1} of {quoted(column)} is no string: {quoted(word)}"
            return Fault(code="not-words", what=what, fix=WRITE_LISTS, word=place)
        if not word and not isinstance(cell, str):
            what = f"word {place + 1} of {quoted(column)} is empty: it stands nowhere in the text"
            fix = "leave it out, and its tag"
            return Fault(code="empty-field", what=what, fix=fix, word=place)
        if HALF.search(word):
            what = f"{quoted(column)} holds half of a surrogate pair, which is no character"
            return Fault(code="lone-surrogate", what=what, fix="write the character itself", word=place)
    return None


def _why_no_tags(label: Any, count: int, column: str, scheme: Scheme, valid: str) -> Fault | None:
    if not is_list(label):
        kind = "null or absent" if label is None else f"no list: {quoted(label)}"
        return Fault(code="bad-tags", what=f"{quoted(column)} is {kind}", fix=WRITE_LISTS)
    if len(label) != count:
        what = f"{count} words and {len(label)} tags"
        return Fault(code="length-mismatch", what=what, fix="give one tag for each word")
    for place, tag in enumerate(label):
        if not isinstance(tag, str):
            number = isinstance(tag, int | np.integer) and not isinstance(tag, bool)
            what = f"tag {place + 1} of {quoted(column)} is {quoted(tag)}, "
            what += "a number whose name the file does not give" if number else "no string"
            return Fault(code="bad-tags", what=what, fix="write the names of the tags: B-PER, O", word=place)
        if not is_valid(tag, scheme):
            what = f"{quoted(tag)} is no tag of {scheme.upper()}"
            return Fault(code="bad-tag", what=what, fix=f"valid: {valid}", word=place)
    return None


def _of_entities(text: str, spans: Spans, label: Any, column: str) -> Sentence | Fault:
    """Tags in IOB2 from entities by characters; each must begin and end where words do."""
    if not is_list(label):
        kind = "null or absent" if label is None else f"no list: {quoted(label)}"
        return Fault(code="bad-entities", what=f"{quoted(column)} is {kind}", fix=WRITE_ENTITIES)
    found: list[tuple[str, int, int]] = []
    begins, ends = spans[:, 0], spans[:, 1]
    for each in label:
        entity = _entity(each)
        if entity is None:
            what = f"{quoted(column)} holds what is no entity: {quoted(each)}"
            return Fault(code="bad-entities", what=what, fix=WRITE_ENTITIES)
        name, start, end = entity
        if not 0 <= start < end <= len(text):
            what = f"an entity lies at {start} to {end} of a text of {len(text):,} characters"
            fix = "count characters from 0, the end excluded (not bytes, not UTF-16 units)"
            return Fault(code="bad-offsets", what=what, fix=fix)
        first, last = int(np.searchsorted(begins, start)), int(np.searchsorted(ends, end))
        if first == len(begins) or begins[first] != start or last == len(ends) or ends[last] != end:
            what = f"the {name} {quoted(text[start:end])} ({start} to {end}) begins or ends inside a word"
            fix = "correct the offsets, or give the words as a list with their tags"
            return Fault(code="entity-inside-word", what=what, fix=fix)
        found.append((name, first, last + 1))
    found.sort(key=lambda span: span[1])
    for before, after in zip(found[:-1], found[1:], strict=True):
        if after[1] < before[2]:
            what = f"a {before[0]} and a {after[0]} overlap at word {after[1] + 1}"
            return Fault(code="overlapping-entities", what=what, fix="keep one of the two")
    return Sentence(text=text, spans=spans, tags=tuple(tags_of(found, len(spans), "iob2")))


def _entity(each: Any) -> tuple[str, int, int] | None:
    """(type, start, end) of an object or a triple."""
    if isinstance(each, dict):
        values: list[Any] = [each.get("start"), each.get("end"), each.get("label", each.get("type"))]
    elif is_list(each) and len(each) == 3:
        values = list(each)
    else:
        return None
    start, end, name = values[0], values[1], values[2]
    numbers = all(
        isinstance(value, int | np.integer) and not isinstance(value, bool) for value in (start, end)
    )
    if not numbers or not isinstance(name, str) or not name.strip():
        return None
    return name.strip(), int(start), int(end)
