"""A column, or the first or last word of the texts, that alone gives the label away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from glassbert.runs.check.finding import Finding
from glassbert.runs.other_columns import plain_cell_text
from glassbert.tasks.task import Examples, Text
from glassbert.text.cells import parse_number
from glassbert.text.columns import Columns
from glassbert.text.quoting import quoted
from glassbert.text.tables import Table

SHARE = 0.95
"""Of the rows that the column alone gets right; and of what is left above the commonest label, GAIN."""
GAIN = 0.8
RANK_CORRELATION = 0.95
FEWEST = 20


def giveaways(table: Table, columns: Columns, labels: Sequence[str]) -> list[Finding]:
    """A warning for every column but those of text and label from which the label can be told.

    Each row is guessed from the others: by the commonest label among rows with the same cell, or, in a column
    of numbers, by the label of the row that comes before it in their order (of equal numbers, by chance).
    """
    codes = _codes(labels)
    found = []
    for name, cells in _others(table, columns):
        right = max(share_by_value(_codes(cells), codes), share_by_order(_numbers(cells), codes))
        if _tells(right, codes):
            what = f"the column {quoted(name)} alone tells the label of {right:.1%} of the rows"
            fix = (
                "it is not trained on; make sure that no text was made from it, and that the label is not "
                "its copy"
            )
            facts = {"column": name, "share": right}
            found.append(Finding(code="giveaway-column", level="warning", what=what, fix=fix, facts=facts))
    return found


def giveaway_words(texts: Sequence[Text], labels: Sequence[str]) -> list[Finding]:
    """A warning where the first or the last word of the texts tells the label: was it written into them?"""
    codes = _codes(labels)
    found = []
    for place, index in (("first", 0), ("last", -1)):
        words = [_word(text, index) for text in texts]
        right = share_by_value(_codes(words), codes)
        if _tells(right, codes):
            what = f"the {place} word of the texts alone tells the label of {right:.1%} of the rows"
            fix = "was the label written into the text? then remove it, or the score will mean nothing"
            facts = {"place": place, "share": right}
            found.append(Finding(code="giveaway-word", level="warning", what=what, fix=fix, facts=facts))
    return found


def _ranks(values: Any) -> Any:
    """Ranks from 1, the mean of theirs for equal values; importing scipy.stats for it takes 1.5 s."""
    return pd.Series(values).rank().to_numpy()


def giveaway_numbers(table: Table, columns: Columns, examples: Examples) -> list[Finding]:
    """The same for an answer that is a number: columns whose ranks nearly equal the answer's."""
    assert examples.targets is not None
    ranks = _ranks(examples.targets)
    found = []
    for name, cells in _others(table, columns):
        numbers = _numbers(cells)
        if numbers is None or np.ptp(numbers) == 0 or len(numbers) < FEWEST:
            continue
        correlation = float(np.corrcoef(_ranks(numbers), ranks)[0, 1])
        if abs(correlation) >= RANK_CORRELATION:
            what = f"the column {quoted(name)} alone orders the rows as the number does (Spearman "
            what += f"{correlation:.3f})"
            fix = "it is not trained on; make sure that no text was made from it"
            facts = {"column": name, "spearman": correlation}
            found.append(Finding(code="giveaway-column", level="warning", what=what, fix=fix, facts=facts))
    return found


def share_by_value(values: Int[np.ndarray, "N"], labels: Int[np.ndarray, "N"]) -> float:
    """The share of rows whose label is the only commonest among the other rows with the same value.

    Of the rows with value v, c1 have its commonest label and c2 the next. A row is right when its label is
    the commonest and stays it without the row itself: all c1 rows where c1 - 1 > c2, none otherwise.
    """
    if not len(values):
        return 0.0
    cells, counts = np.unique(values * (labels.max() + 1) + labels, return_counts=True)
    owner = cells // (labels.max() + 1)
    order = np.lexsort((-counts, owner))
    counts, owner = counts[order], owner[order]
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    most = counts[begins]
    following = np.append(counts, 0)[begins + 1]
    next_most = np.where(np.append(owner, -1)[begins + 1] == owner[begins], following, 0)
    return float(most[most - 1 > next_most].sum() / len(values))


def share_by_order(numbers: Float[np.ndarray, "N"] | None, labels: Int[np.ndarray, "N"]) -> float:
    """The share of rows with the label of the row before them when sorted by number, ties in random order."""
    if numbers is None or len(numbers) < 2:
        return 0.0
    chance = np.random.default_rng(0).permutation(len(numbers))
    sorted_labels = labels[np.lexsort((chance, numbers))]
    return float((sorted_labels[1:] == sorted_labels[:-1]).mean())


def _tells(right: float, labels: Int[np.ndarray, "N"]) -> bool:
    if len(labels) < FEWEST:
        return False
    most = np.bincount(labels).max() / len(labels)
    return right >= SHARE and right - most >= GAIN * (1 - most)


def _others(table: Table, columns: Columns) -> Iterator[tuple[str, list[str]]]:
    """(name, cells as text) of the columns that hold plain values and are neither text nor label."""
    taken = {columns.text, columns.pair, columns.label, *columns.indicators}
    for name in table.frame.columns:
        if name not in taken:
            cells = [plain_cell_text(value) for value in table.frame[name].tolist()]
            plain = [cell for cell in cells if cell is not None]
            if len(plain) == len(cells):
                yield name, plain


def _codes(values: Sequence[str]) -> Int[np.ndarray, "N"]:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.int64)


def _numbers(cells: Sequence[str]) -> Float[np.ndarray, "N"] | None:
    try:
        return np.array([parse_number(cell) for cell in cells], dtype=np.float64)
    except ValueError:
        return None


def _word(text: Text, index: int) -> str:
    words = (text if isinstance(text, str) else text[0 if index == 0 else 1]).split()
    return words[index].casefold() if words else ""
