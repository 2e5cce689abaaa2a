"""Which columns hold the words, or the text, and their tags, and in which scheme the tags are written."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from glassbert.errors import DataError, Problem
from glassbert.text.asked import Asked
from glassbert.text.columns import Columns
from glassbert.text.names import plain
from glassbert.text.quoting import quoted
from glassbert.text.scheme_detection import detect
from glassbert.text.schemes import Scheme
from glassbert.text.tables import Table

# earlier tiers win; two names of one tier in one table are ambiguous
WORDS = (frozenset({"tokens", "words"}), frozenset({"token", "word", "text", "sentence"}))
TEXTS = (frozenset({"text", "sentence"}), frozenset("content document query utterance 文本".split()))
TAGS = (frozenset({"tags", "ner_tags"}), frozenset("labels label ner ner_labels tag 标签".split()))
ENTITIES = (frozenset({"entities"}), frozenset("spans label labels ner annotations".split()))
LISTED = 20


@dataclass(frozen=True, kw_only=True)
class TagColumns(Columns):
    """The same for words and tags: their scheme (None: to be detected), whether tags that break it are
    repaired, whether a row's number is the line of its first word, the next word standing in the next, and
    what is to be said of the tags.
    """

    scheme: Scheme | None = None
    repair: bool = False
    by_line: bool = False
    notes: tuple[str, ...] = ()


def is_list(cell: object) -> bool:
    return isinstance(cell, list | tuple | np.ndarray)


def choose_tag_columns(
    table: Table,
    asked: Asked,
    *,
    need_label: bool = True,
    like: Columns | None = None,
    by_line: bool = False,
) -> TagColumns:
    """The columns of words (lists) or texts, and of tags (lists) or entities; `like` is the training file's
    choice.

    Errors: DataError (65) for a column that is missing, or where two would do.
    """
    text, why = _words(table, asked.text, like)
    reasons = [f"words: {why}"]
    label, why = _tags(table, asked.label, like, text=text, need=need_label)
    if label is not None:
        reasons.append(f"tags: {why}")
    return TagColumns(text=text, label=label, reasons=tuple(reasons), by_line=by_line)


def with_scheme(table: Table, columns: TagColumns, *, given: Scheme | None, repair: bool) -> TagColumns:
    """The same with the scheme of the table's tags, and how it was found; rows whose tags are no list of
    strings have no say.
    """
    if columns.label is None or not holds_tags(table, columns.label):
        known = None if columns.label is None else "iob2"
        return TagColumns(**{**vars(columns), "scheme": known, "repair": repair})
    cells = table.frame[columns.label].tolist()
    sound = [i for i, cell in enumerate(cells) if is_list(cell) and all(isinstance(x, str) for x in cell)]
    found = detect(
        [list(cells[i]) for i in sound],
        source=table.source,
        rows=table.rows[sound].tolist(),
        given=given,
    )
    told = ("tags that break the scheme are read as conlleval reads them, as told",)
    notes = (*found.reasons, *(told if repair and found.warnings else found.warnings))
    return TagColumns(
        **{
            **vars(columns),
            "scheme": found.scheme,
            "repair": repair,
            "reasons": (*columns.reasons, *notes),
            "notes": notes,
        }
    )


def holds_tags(table: Table, column: str) -> bool:
    """Whether a column holds lists of tags; otherwise lists of entities, which are objects or triples."""
    for cell in table.frame[column].tolist():
        if is_list(cell) and len(cell):
            return not isinstance(cell[0], dict | list | tuple | np.ndarray)
    return not any(plain(column) in tier for tier in ENTITIES[:1])


def _words(table: Table, given: str | None, like: Columns | None) -> tuple[str, str]:
    names = list(table.frame.columns)
    if given is not None:
        _require(table, given, "--text-column")
        return given, f"{quoted(given)}, as told"
    if like is not None and like.text in names:
        return like.text, f"{quoted(like.text)}, as in the training file"
    lists = [name for name in names if _lists(table, name)]
    strings = [name for name in names if not _lists(table, name)]
    for tiers, among in ((WORDS, lists), (TEXTS, strings)):
        found = _named(among, tiers, table, "--text-column")
        if found is not None:
            return found, f"{quoted(found)}, chosen by its name"
    what = f"no column holds words or text; columns found: {_listed(names)}"
    fix = "name a column of lists of words, or of texts, with --text-column"
    raise DataError(Problem(code="missing-text-column", what=what, fix=fix, file=table.source))


def _tags(
    table: Table, given: str | None, like: Columns | None, *, text: str, need: bool
) -> tuple[str | None, str]:
    names = [name for name in table.frame.columns if name != text]
    if given is not None:
        _require(table, given, "--label-column")
        return given, f"{quoted(given)}, as told"
    if like is not None and like.label in names:
        return like.label, f"{quoted(like.label)}, as in the training file"
    tiers = TAGS if _lists(table, text) else ENTITIES
    found = _named([name for name in names if _lists(table, name)], tiers, table, "--label-column")
    if found is not None:
        return found, f"{quoted(found)}, chosen by its name"
    if not need:
        return None, ""
    wanted = "tags of the words" if _lists(table, text) else "entities (objects with start, end and label)"
    what = f"no column holds {wanted}; columns found: {_listed(table.frame.columns)}"
    fix = "name it with --label-column"
    raise DataError(Problem(code="missing-label-column", what=what, fix=fix, file=table.source))


def _named(
    names: Collection[str], tiers: tuple[frozenset[str], ...], table: Table, option: str
) -> str | None:
    for tier in tiers:
        found = [name for name in names if plain(name) in tier]
        if len(found) > 1:
            what = f"{_listed(found)} would each do; columns found: {_listed(table.frame.columns)}"
            fix = f"name the one that is meant with {option}"
            raise DataError(Problem(code="ambiguous-columns", what=what, fix=fix, file=table.source))
        if found:
            return found[0]
    return None


def _lists(table: Table, name: str) -> bool:
    """Whether most cells of a column are lists: a few that are not are told with their rows later."""
    cells = [cell for cell in table.frame[name].tolist() if cell is not None]
    return 2 * sum(map(is_list, cells)) > len(cells)


def _require(table: Table, name: str, option: str) -> None:
    names = list(table.frame.columns)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        fix = f"did you mean {option} {quoted(close[0])}?" if close else f"name one of them with {option}"
        what = f"there is no column {quoted(name)}; columns found: {_listed(names)}"
        raise DataError(Problem(code="missing-column", what=what, fix=fix, file=table.source))


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(quoted(name) for name in list(names)[:LISTED])
    more = len(names) - LISTED
    return f"{shown} and {more} more" if more > 0 else shown
