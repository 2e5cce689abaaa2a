"""Which task a table is for, by the names and the content of its columns, with the reasons in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from glassbert.errors import DataError
from glassbert.tasks.names import TASKS
from glassbert.text.asked import Asked, Schema
from glassbert.text.columns import choose_columns
from glassbert.text.like_columns import negative_column
from glassbert.text.names import LABEL_NAMES, NUMBER_NAMES, SET_NAMES, plain
from glassbert.text.profiles import DECIMAL, Profile, profile
from glassbert.text.quoting import quoted
from glassbert.text.set_columns import marked_columns
from glassbert.text.tables import Table

FEWEST_NUMBERS = 10
"""Whole numbers with more different values than this are taken for a quantity, not for classes."""
JOINED_SHARE = 0.05
"""Of the cells that must hold several labels; one stray separator is no list."""
JOINED_LABELS = 200


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The task, why, and whether a person said so."""

    task: str
    reasons: tuple[str, ...]
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class _Seen:
    table: Table
    asked: Asked
    profiles: Mapping[str, Profile]


def guess_task(table: Table, asked: Asked = Asked()) -> Guess:  # noqa: B008 - frozen
    """The first task whose sign is there; one label per text where none is."""
    profiles = {name: profile(table.frame, name) for name in table.frame.columns}
    seen = _Seen(table=table, asked=asked, profiles=profiles)
    for name, sign in SIGNS:
        reason = sign(seen) if name in TASKS else None
        if reason is not None:
            return Guess(task=name, reasons=(reason,))
    label = _label(seen)
    count = f"{profiles[label].distinct:,} different labels" if label in profiles else "labels"
    return Guess(task="text-classification", reasons=(f"one text and one of {count} in every row",))


def _words_and_tags(seen: _Seen) -> str | None:
    lists = [name for name, each in seen.profiles.items() if each.lists]
    if any(plain(name) in ("tokens", "words") for name in lists) and len(lists) > 1:
        return f"lists of words and of their tags: {', '.join(map(quoted, lists))}"
    return None


def _context_and_question(seen: _Seen) -> str | None:
    names = {plain(name) for name in seen.profiles}
    return "columns 'context' and 'question'" if {"context", "question"} <= names else None


def _anchor_and_positive(seen: _Seen) -> str | None:
    """The names under which sentence-transformers knows pairs that belong together, and triplets."""
    names = {plain(name): name for name in seen.profiles}
    if not {"anchor", "positive"} <= set(names) or seen.asked.label is not None:
        return None
    if not names.keys().isdisjoint(frozenset().union(*LABEL_NAMES, *NUMBER_NAMES)):
        return None
    third = negative_column(seen.table)
    more = "" if third is None else f", and {quoted(third)} does not"
    return f"{quoted(names['anchor'])} and {quoted(names['positive'])} belong together{more}"


def _several_labels(seen: _Seen) -> str | None:
    if seen.asked.label is not None and "," in seen.asked.label and seen.asked.label not in seen.profiles:
        return "--label-column names several columns"
    named = seen.asked.label or _named(seen, *SET_NAMES)
    if named is not None and named in seen.profiles:
        return _several_in(seen, named)
    marked = marked_columns(seen.profiles, seen.asked, ())
    if len(marked) > 1:
        return f"{len(marked)} columns hold nothing but 0 and 1"
    lists = [name for name, each in seen.profiles.items() if each.lists]
    return f"{quoted(lists[0])} holds lists" if len(lists) == 1 else None


def _several_in(seen: _Seen, name: str) -> str | None:
    """Lists, lists written as JSON, or few labels joined by ; or | in part of the cells."""
    if seen.profiles[name].lists:
        return f"{quoted(name)} holds lists of labels"
    cells = [value for value in seen.table.frame[name].tolist() if isinstance(value, str)]
    written = [cell for cell in cells if cell.startswith("[") and cell.rstrip().endswith("]")]
    if cells and len(written) > JOINED_SHARE * len(cells) and not seen.profiles[name].running:
        return f"{quoted(name)} holds lists of labels, written as JSON"
    for mark in (";", "|"):
        joined = sum(mark in cell for cell in cells)
        labels = {part.strip() for cell in cells for part in cell.split(mark)}
        if joined > JOINED_SHARE * len(cells) and len(labels) <= min(JOINED_LABELS, max(2, len(cells) // 2)):
            return f"{joined:,} cells of {quoted(name)} hold several labels, joined by '{mark}'"
    return None


def _number(seen: _Seen) -> str | None:
    """A label that is a quantity: fractions, or many different whole numbers."""
    name = _label(seen, kind="number")
    found = seen.profiles.get(name or "")
    if name is None or found is None or not found.numbers:
        return None
    cells = [str(value) for value in seen.table.frame[name].tolist()]
    numbers = [float(cell) for cell in cells if DECIMAL.fullmatch(cell)]
    if any(not number.is_integer() for number in numbers):
        return f"{quoted(name)} holds numbers with fractions, {found.distinct:,} different ones"
    if len(set(numbers)) > FEWEST_NUMBERS and len(set(numbers)) != len(cells):
        return f"{quoted(name)} holds {len(set(numbers)):,} different whole numbers"
    return None


def _two_texts(seen: _Seen) -> str | None:
    if seen.asked.pair is not None:
        return f"--pair-column names {quoted(seen.asked.pair)} as the second text"
    try:
        columns = choose_columns(seen.table, **vars(seen.asked), need_label=False)
    except DataError:
        return None
    if columns.pair is None:
        return None
    return f"{quoted(columns.text)} and {quoted(columns.pair)} are two texts of one row"


SIGNS: tuple[tuple[str, Callable[[_Seen], str | None]], ...] = (
    ("token-classification", _words_and_tags),
    ("question-answering", _context_and_question),
    ("sentence-similarity", _anchor_and_positive),
    ("multi-label-classification", _several_labels),
    ("text-regression", _number),
    ("text-pair-classification", _two_texts),
)
"""In the order in which they are looked for; signs of tasks that are not there are passed over."""


def _named(seen: _Seen, *tiers: frozenset[str]) -> str | None:
    for tier in tiers:
        for name in seen.profiles:
            if plain(name) in tier and name not in (seen.asked.text, seen.asked.pair):
                return name
    return None


def _label(seen: _Seen, *, kind: str = "class") -> str | None:
    """The column that the task of this kind of answer would take for the label; None where none is clear."""
    schema = Schema(texts="either", label="number" if kind == "number" else "class")
    try:
        return choose_columns(seen.table, **vars(seen.asked), schema=schema).label
    except DataError:
        return seen.asked.label
