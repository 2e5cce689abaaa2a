"""Setting examples aside for evaluation: by label, and never a text on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.folding import Text, fold_text

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def stratified_split(
    labels: Sequence[str], texts: Sequence[Text], *, fraction: float, seed: int
) -> tuple[Indices, Indices]:
    """Index arrays (kept, held out), ascending, together 0..n-1; held out is about `fraction` of each label.

    Texts that differ only in case or white space are one text and stay on one side. A label with one text is
    kept; a label with two or more is on both sides, even where that holds out more than `fraction` (certain
    unless the same text has several labels; then as far as a greedy exchange finds it). The same arguments
    and NumPy version give the same split on every machine. Errors: UsageError (2) for a fraction outside
    (0, 1); DataError (65) when nothing can be held out.
    """
    if not 0 < fraction < 1:
        what = f"{fraction} is not a share of the data between 0 and 1"
        raise UsageError(Problem(code="bad-fraction", what=what, fix="use one such as 0.1"))
    if len(texts) != len(labels):
        raise ValueError(f"{len(texts)} texts and {len(labels)} labels")
    group, label = _codes([fold_text(text) for text in texts]), _codes(labels)
    sizes = np.bincount(group)
    links = np.stack(
        np.divmod(np.unique(label * len(sizes) + group), len(sizes))
    )  # which label has which text
    stratum = _strata(links, num_groups=len(sizes))
    held = _hold_out(stratum, sizes, fraction=fraction, generator=np.random.default_rng(seed))
    _exchange(held, links)
    if not held.any():
        what = f"the {len(labels):,} examples cannot be split: no label has two different texts"
        raise DataError(
            Problem(code="cannot-split", what=what, fix="add examples, or name a file with --eval-data")
        )
    return np.flatnonzero(~held[group]), np.flatnonzero(held[group])


def _codes(values: Sequence[object]) -> Indices:
    """Each value as a number, in the order of first appearance (so that no hash seed or locale enters)."""
    seen: dict[object, int] = {}
    return np.fromiter(
        (seen.setdefault(value, len(seen)) for value in values), dtype=np.int64, count=len(values)
    )


def _strata(links: Indices, *, num_groups: int) -> Indices:
    """The label that decides for each text `[num_groups]`: its rarest, the hardest to have on both sides."""
    num_texts = np.bincount(links[0])
    order = np.lexsort((links[0], num_texts[links[0]]))[::-1]
    stratum = np.zeros(num_groups, dtype=np.int64)
    stratum[links[1][order]] = links[0][order]  # the last assignment, the rarest label, stays
    return stratum


def _hold_out(stratum: Indices, sizes: Indices, *, fraction: float, generator: np.random.Generator) -> Mask:
    """Which texts `[num_groups]` are held out: of each stratum its share, at least one text and never all."""
    held = np.zeros(len(sizes), dtype=np.bool_)
    order = np.argsort(stratum, kind="stable")
    rounded = 0.0  # rows that rounding owes, so that many small strata still add up to the fraction
    for members in np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1):
        if len(members) < 2:
            continue
        wanted = fraction * float(sizes[members].sum()) + rounded
        chosen = _about(wanted, generator.permutation(members), sizes=sizes)
        held[chosen] = True
        rounded = min(0.5, max(-0.5, wanted - float(sizes[chosen].sum())))
    return held


def _about(rows: float, members: Indices, *, sizes: Indices) -> Indices:
    """Texts of nearly `rows` rows together, in the given order; at least one, and never all."""
    chosen: list[int] = []
    total = 0
    for member, size in zip(members.tolist(), sizes[members].tolist(), strict=True):
        if total >= rows or len(chosen) == len(members) - 1:
            break
        if abs(total + size - rows) < rows - total:
            chosen.append(member)
            total += size
    return np.array(chosen or [members[sizes[members].argmin()]], dtype=np.int64)


def _exchange(held: Mask, links: Indices) -> None:
    """Where texts have several labels, move texts until labels with two texts are on both sides, if possible.

    A text moves only if that takes no other label off a side where it belongs. In place.
    """
    if links.shape[1] == len(held):
        return
    texts_of = np.split(links[1], np.flatnonzero(np.diff(links[0])) + 1)
    by_text = links[0][np.argsort(links[1], kind="stable")]
    labels_of = np.split(by_text, np.cumsum(np.bincount(links[1]))[:-1])
    for texts in texts_of:
        for side in (True, False):
            if len(texts) < 2 or (held[texts] == side).any():
                continue
            for text in texts.tolist():
                others = [texts_of[label] for label in labels_of[text]]
                if all((held[of] != side).sum() >= 2 or (len(of) == 1 and not side) for of in others):
                    held[text] = side
                    break
