"""Texts of the files that are nearly the same, and which of the evaluation texts are near training texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassbert.runs.check.finding import Finding
from glassbert.tasks.task import Examples, Text
from glassbert.text.folding import fold_text
from glassbert.text.near_duplicates import THRESHOLD, NearPairs, near_groups, near_pairs
from glassbert.text.shingles import shingles

SHOWN = 5
SHOWN_CHARACTERS = 200
NEAR_LEAK = 0.05


@dataclass(frozen=True, kw_only=True)
class Near:
    """Groups of alike texts: how many, of how many rows, what was compared, and the first of them."""

    groups: int
    rows: int
    leaked: int
    share_leaked: float
    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {"groups": self.groups, "rows": self.rows, "leaked": self.leaked, **self.facts}


def near_duplicates(train: Examples, evaluation: Examples, *, one_file: bool, asked: bool = False) -> Near:
    """Texts that are not equal (but for case and white space) and alike by at least 0.8 of their shingles.

    `one_file`: the row numbers of both sets are those of one file. Equal texts are compared once, and each of
    their rows counts. With `asked` the rows are questions: their contexts are compared, since two questions
    on one context are no copies of each other.
    """
    rows = [*train.texts, *evaluation.texts]
    texts = [each[-1] if isinstance(each, tuple) else each for each in rows] if asked else rows
    places: dict[Text, list[int]] = {}
    for index, text in enumerate(texts):
        places.setdefault(fold_text(text), []).append(index)
    distinct = [texts[each[0]] for each in places.values()]
    members = list(places.values())
    sets = shingles(distinct)
    pairs = near_pairs(sets)
    groups = near_groups(pairs, len(distinct))
    leaked = _leaked(pairs, members, len(train))
    return Near(
        groups=len(groups),
        rows=sum(len(members[each]) for group in groups for each in group),
        leaked=leaked,
        share_leaked=leaked / max(len(evaluation), 1),
        facts={
            "threshold": THRESHOLD,
            "shingle_characters": sets.size,
            "compared_characters": sets.characters,
            "longer_texts": sets.cut,
            "unverified_pairs": pairs.unverified,
            "first": _first(pairs, distinct, members, _names(train, evaluation, one_file=one_file)),
        },
    )


def near_findings(near: Near, *, rows: int) -> list[Finding]:
    """A note of groups, and a warning where evaluation texts are nearly training texts."""
    found = []
    if near.groups:
        groups = "1 group" if near.groups == 1 else f"{near.groups:,} groups"
        what = f"{near.rows:,} of {rows:,} rows are nearly the same as another ({groups})"
        fix = "keep one of each group, or make sure that a group stands on one side of the split"
        facts = {"rows": near.rows, "groups": near.groups}
        found.append(Finding(code="near-duplicates", level="note", what=what, fix=fix, facts=facts))
    if near.leaked and near.share_leaked >= NEAR_LEAK:
        what = f"{near.leaked:,} evaluation texts ({near.share_leaked:.1%}) are nearly training texts; the "
        what += "score will look better than it is"
        fix = "remove them from one side, or judge by a file of other texts with --eval-data"
        leak = {"rows": near.leaked, "share": near.share_leaked}
        found.append(Finding(code="near-leak", level="warning", what=what, fix=fix, facts=leak))
    return found


def _leaked(pairs: NearPairs, members: Sequence[Sequence[int]], num_train: int) -> int:
    """Evaluation rows with a near text, not an equal one, among the training rows."""
    sides = [(any(i < num_train for i in each), [i for i in each if i >= num_train]) for each in members]
    found: set[int] = set()
    for a, b in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
        for one, other in ((a, b), (b, a)):
            if sides[one][0] and not sides[other][0]:
                found.update(sides[other][1])
    return len(found)


def _names(train: Examples, evaluation: Examples, *, one_file: bool) -> list[dict[str, Any]]:
    """Which row of which file each text is."""
    second = "data" if one_file else "evaluation"
    return [
        *({"row": int(row), "file": "data"} for row in train.rows),
        *({"row": int(row), "file": second} for row in evaluation.rows),
    ]


def _first(
    pairs: NearPairs,
    texts: Sequence[Text],
    members: Sequence[Sequence[int]],
    names: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The least alike of the pairs that are near: they show best where the line is drawn."""
    order = np.argsort(pairs.similarity, kind="stable")[:SHOWN].tolist()
    return [
        {
            "similarity": float(pairs.similarity[i]),
            "rows": [names[members[int(side[i])][0]] for side in (pairs.first, pairs.second)],
            "texts": [_short(texts[int(side[i])]) for side in (pairs.first, pairs.second)],
        }
        for i in order
    ]


def _short(text: Text) -> str:
    return " ".join((text if isinstance(text, str) else " / ".join(text)).split())[:SHOWN_CHARACTERS]
