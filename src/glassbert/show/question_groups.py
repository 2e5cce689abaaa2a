"""Scores of questions in parts: by what they ask for and by how long their contexts are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int32

from glassbert.lens.word_records import QuestionGroups
from glassbert.tasks.question_kinds import KINDS, kind_of
from glassbert.tasks.span_metrics import PERCENT, answer_intervals

QUARTERS = (0.25, 0.5, 0.75)
FEWEST = 8
"""Rows of all, below which nothing is parted by length."""


def group_questions(
    questions: Sequence[str], contexts: Sequence[str], scores: Float64[np.ndarray, "N 2"]
) -> tuple[QuestionGroups, Int32[np.ndarray, "N 2"]]:
    """(the groups, of each row its group by question word and by length, -1 for none).

    `scores` are exact match and F1 of every row, 0 to 1. Lengths are parted at their quartiles.
    """
    lengths = np.array([len(context) for context in contexts])
    kinds = np.array([KINDS.index(kind_of(question)) for question in questions])
    quarters = np.full(len(lengths), -1)
    if len(lengths) >= FEWEST:
        edges = np.unique(np.quantile(lengths, QUARTERS, method="inverted_cdf"))
        quarters = np.searchsorted(edges, lengths, side="left")
    member = np.full((len(lengths), 2), -1, np.int32)
    groups: list[tuple[str, str, np.ndarray]] = []
    for column, (kind, of) in enumerate((("question", kinds), ("length", quarters))):
        for value in np.unique(of[of >= 0]).tolist():
            chosen = np.flatnonzero(of == value)
            member[chosen, column] = len(groups)
            groups.append((kind, KINDS[value] if kind == "question" else "", chosen))
    exact, f1 = (np.array([_ends(scores[rows], column) for _, _, rows in groups]) for column in (0, 1))
    return QuestionGroups(
        kind=tuple(kind for kind, _, _ in groups),
        name=tuple(name for _, name, _ in groups),
        low=np.array([lengths[rows].min() for _, _, rows in groups], np.int32),
        high=np.array([lengths[rows].max() for _, _, rows in groups], np.int32),
        rows=np.array([len(rows) for _, _, rows in groups], np.int32),
        exact=exact,
        f1=f1,
    ), member


def _ends(scores: np.ndarray, column: int) -> tuple[float, float, float]:
    """(mean, low, high) in percent."""
    low, high = answer_intervals(scores, np.ones(len(scores), dtype=bool))[("exact_match", "f1")[column]]
    return float(PERCENT * scores[:, column].mean()), low, high
