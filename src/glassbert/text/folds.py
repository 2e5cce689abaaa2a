"""Rows dealt into folds for cross-validation: by label, and never a text in two folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassbert.errors import Problem, UsageError
from glassbert.text.folding import Text, fold_text


def stratified_folds(
    labels: Sequence[str], texts: Sequence[Text], *, folds: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each row, 0 to folds - 1; every row is in exactly one.

    Texts that differ only in case or white space are one text and stay together. The texts of each label (of
    several labels of one text, the rarest) are dealt in random order to the fold that has fewest rows of the
    label, of equals the one with fewest rows: where no text repeats, the folds' counts of a label differ by
    one at most, and so do their sizes. Errors: UsageError (2) for fewer than two folds or more than texts.
    """
    groups: dict[Text, list[int]] = {}
    for index, text in enumerate(texts):
        groups.setdefault(fold_text(text), []).append(index)
    if not 2 <= folds <= len(groups):
        what = f"{folds} folds of {len(groups):,} different texts"
        raise UsageError(Problem(code="bad-folds", what=what, fix="give 2 or more, and no more than texts"))
    counts = Counter(labels)
    strata: dict[str, list[list[int]]] = {}
    for members in groups.values():
        rarest = min((labels[index] for index in members), key=lambda label: (counts[label], label))
        strata.setdefault(rarest, []).append(members)
    found = np.zeros(len(labels), dtype=np.int64)
    total = np.zeros(folds, dtype=np.int64)
    draw = np.random.default_rng(seed)
    for label in sorted(strata, key=lambda name: (-counts[name], name)):
        dealt = np.zeros(folds, dtype=np.int64)
        order = draw.permutation(len(strata[label])).tolist()
        for members in sorted((strata[label][i] for i in order), key=len, reverse=True):
            chosen = int(np.lexsort((total, dealt))[0])
            found[members] = chosen
            dealt[chosen] += len(members)
            total[chosen] += len(members)
    return found
