"""What a page holds: one record or several, each of a view; records about an evaluation row name the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from glassbert.errors import Problem, UsageError
from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.attention_sketch import fitted
from glassbert.lens.embeddings_record import EmbeddingsRecord
from glassbert.lens.embeddings_sketch import sketched
from glassbert.lens.records import Record
from glassbert.lens.structure_record import StructureRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class OfRow:
    """A record about one evaluation row: whoever selects the row, in any view, sees this record.

    `row` is the row's number in its file, as `Examples.row` has it.
    """

    record: Record
    row: int


Content = Record | OfRow | Sequence[Record | OfRow]


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """A record of a page, and the evaluation row that it is about, where it is about one."""

    record: Record
    row: int | None = None


def contents(content: Content) -> tuple[Held, ...]:
    """The records of a page in their order. Raises UsageError for none."""
    given = [content] if isinstance(content, Record | OfRow) else list(content)
    if not given:
        fix = "give one record, or several"
        raise UsageError(Problem(code="empty-page", what="there is no record to draw", fix=fix))
    return tuple(
        Held(record=drawn(each.record), row=each.row) if isinstance(each, OfRow) else Held(record=drawn(each))
        for each in given
    )


def drawn(record: Record) -> Record:
    """The record in the form that the page draws: points are quantised, graphs are columns."""
    if isinstance(record, StructureRecord):
        return record.sketched()
    return sketched(record) if isinstance(record, EmbeddingsRecord) else record


def fitting(held: Sequence[Held]) -> list[Record | OfRow]:
    """The same with every attention record that is large for a page as a sketch."""
    small = [
        replace(each, record=fitted(each.record)) if isinstance(each.record, AttentionRecord) else each
        for each in held
    ]
    return [each.record if each.row is None else OfRow(record=each.record, row=each.row) for each in small]
