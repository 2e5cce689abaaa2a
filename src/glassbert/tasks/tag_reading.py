"""From tables of sentences to examples whose tags have numbers, in the scheme of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassbert.tasks.labels import encode
from glassbert.tasks.sequences import needs_labels
from glassbert.tasks.tag_baselines import ragged
from glassbert.tasks.task import Examples
from glassbert.text.columns import Columns
from glassbert.text.label_checks import check_unseen_labels
from glassbert.text.schemes import OUTSIDE, Scheme, scheme_of, spans_of, split_tag, tags_of
from glassbert.text.tables import Table
from glassbert.text.tagged import sentences_of


def type_of(tag: str) -> str:
    """PER of B-PER."""
    return split_tag(tag)[1]


def tags_in(table: Table, columns: Columns) -> list[tuple[str, ...]]:
    """The tags of every row; UsageError where the table has none."""
    if columns.label is None:
        raise needs_labels("training")
    return [each.tags or () for each in sentences_of(table, columns)]


def tag_examples(table: Table, columns: Columns, *, labels: tuple[str, ...], scheme: Scheme) -> Examples:
    """Every row as an example, without targets if there is no column of tags; DataError for bad cells.

    Tags in another scheme than the model's are written anew: they mark the same entities.
    """
    found = sentences_of(table, columns)
    targets = None
    if columns.label is not None:
        tags = _rewritten([list(each.tags or ()) for each in found], scheme)
        counts = list(map(len, tags))
        flat = [tag for each in tags for tag in each]
        codes = encode(flat, labels, source=table.source, rows=np.repeat(table.rows, counts))
        targets = ragged(np.split(codes, np.cumsum(counts)[:-1]))
    return Examples(
        texts=[each.text for each in found],
        targets=targets,
        rows=table.rows,
        spans=ragged([each.spans for each in found]),
    )


def refuse_unseen_types(table: Table, columns: Columns, *, labels: tuple[str, ...], scheme: Scheme) -> None:
    """Raise DataError naming each type of entity, or plain tag, that is none of a model's."""
    if columns.label is None:
        raise needs_labels("a score")
    found = [tag for each in tags_in(table, columns) for tag in each]
    if scheme == "none":
        check_unseen_labels(labels, found, source=table.source)
    else:
        types = [type_of(tag) for tag in found if tag != OUTSIDE]
        known = [type_of(label) for label in labels if label != OUTSIDE]
        check_unseen_labels(known, types, source=table.source)


def _rewritten(sentences: Sequence[list[str]], scheme: Scheme) -> Sequence[list[str]]:
    """Tags in the scheme of a model, where the file has another."""
    theirs = scheme_of({tag for tags in sentences for tag in tags} | {OUTSIDE})
    if theirs == scheme or "none" in (theirs, scheme):
        return sentences
    return [tags_of(spans_of(tags, theirs), len(tags), scheme) for tags in sentences]
