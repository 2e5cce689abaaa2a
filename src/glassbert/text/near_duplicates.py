"""Texts that are nearly the same: found by MinHash and banding, each pair verified.

The similarity of two texts is the Jaccard index of their shingles, |A and B| / |A or B|. A random order of
all shingles has the same first element in A and in B with just that probability (Broder 1997), so that
signatures of such first elements agree in about that share of their places. Texts that agree in all places of
one of several bands are compared (Leskovec, Rajaraman and Ullman 2020, chapter 3). Every pair that is
reported was then counted exactly, so that none is reported wrongly; 60 places in 12 bands of 5 miss a pair
with similarity 0.8 with probability 0.9 %, and one of 0.9 with probability 0.00002 %.

Work is linear in the number of texts also where all of them look alike: within a bucket a text is compared
with the first and with the one before it, which is enough to find the groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt32, UInt64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from glassbert.text.shingles import Shingles, mixed
from glassbert.text.windows import ranges

THRESHOLD = 0.8
BANDS, ROWS = 12, 5
# of the estimates by 60 places, whose deviation at 0.8 is 0.05: a true pair falls below this once in 10,000
ESTIMATE = 0.6
CHUNK = 1 << 20
VERIFIED_AT_ONCE = 1 << 21
# shingles that are counted at most, about 10 s; of more pairs the likeliest are taken
MOST_VERIFIED = 20_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class NearPairs:
    """Pairs of texts by their places, first < second, with their Jaccard index, which is exact.

    `unverified` pairs look alike by their signatures and were not counted: there were too many.
    """

    first: Int[np.ndarray, "P"]
    second: Int[np.ndarray, "P"]
    similarity: Float[np.ndarray, "P"]
    unverified: int = 0

    def __len__(self) -> int:
        return len(self.first)


def near_pairs(sets: Shingles, *, threshold: float = THRESHOLD) -> NearPairs:
    """Pairs of texts whose Jaccard index reaches the threshold; of a group of alike texts not every pair."""
    signs = signatures(sets)
    first, second = candidates(signs)
    parts = zip(_parts(first), _parts(second), strict=True)
    estimates = np.concatenate([np.zeros(0), *((signs[a] == signs[b]).mean(1) for a, b in parts)])
    likely = np.flatnonzero(estimates >= min(ESTIMATE, threshold))
    likely = likely[np.argsort(-estimates[likely], kind="stable")]
    sizes = np.diff(sets.starts)
    work = np.cumsum(sizes[first[likely]] + sizes[second[likely]])
    chosen = np.sort(likely[work <= MOST_VERIFIED])
    first, second = first[chosen], second[chosen]
    similarity = jaccard(sets, first, second)
    near = similarity >= threshold
    return NearPairs(
        first=first[near],
        second=second[near],
        similarity=similarity[near],
        unverified=len(likely) - len(chosen),
    )


def near_groups(pairs: NearPairs, count: int) -> list[list[int]]:
    """The places of texts that are linked by pairs, two or more together, each ascending."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs.first, pairs.second)), shape=(count, count))
    _, owner = connected_components(graph, directed=False)
    order = np.argsort(owner, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1) if count else []
    return [group.tolist() for group in groups if len(group) > 1]


def signatures(sets: Shingles) -> UInt32[np.ndarray, "n 60"]:
    """The least hash of each text under 60 functions; zeros for a text without shingles."""
    count, places = len(sets.starts) - 1, BANDS * ROWS
    draw = np.random.default_rng(60)
    keys = draw.integers(1 << 32, size=(places, 2), dtype=np.uint32)
    found = np.zeros((count, places), dtype=np.uint32)
    sizes = np.diff(sets.starts)
    filled = np.flatnonzero(sizes > 0)
    for some in _rows_of(sizes[filled]):
        rows = filled[some]
        begin, end = int(sets.starts[rows[0]]), int(sets.starts[rows[-1] + 1])
        hashes, starts = sets.hashes[begin:end].astype(np.uint32), sets.starts[rows] - begin
        for place, (key, factor) in enumerate(keys):
            found[rows, place] = np.minimum.reduceat((hashes ^ key) * (factor | np.uint32(1)), starts)
    return found


def candidates(signs: UInt32[np.ndarray, "n 60"]) -> tuple[Int[np.ndarray, "P"], Int[np.ndarray, "P"]]:
    """Pairs (first < second) that fall into one bucket of a band; each pair once."""
    count = len(signs)
    found = [np.zeros(0, dtype=np.int64)]
    for band in range(BANDS):
        key = np.zeros(count, dtype=np.uint64)
        for place in range(band * ROWS, (band + 1) * ROWS):
            key = mixed(key ^ signs[:, place].astype(np.uint64)) + np.uint64(1)
        order = np.argsort(key, kind="stable")
        same = key[order][1:] == key[order][:-1]
        before, after = order[:-1][same], order[1:][same]
        begins = np.concatenate([[True], ~same]) if count else np.zeros(0, dtype=bool)
        heads = order[np.maximum.accumulate(np.where(begins, np.arange(count), 0))][1:][same]
        found += [before * count + after, heads * count + after]
    pairs = np.unique(np.concatenate(found))
    return pairs // max(count, 1), pairs % max(count, 1)


def jaccard(
    sets: Shingles, first: Int[np.ndarray, "P"], second: Int[np.ndarray, "P"]
) -> Float[np.ndarray, "P"]:
    """|A and B| / |A or B| of the distinct shingles of each pair; 1 where neither has any."""
    found = np.ones(len(first))
    sizes = np.diff(sets.starts)
    for some in _rows_of(sizes[first] + sizes[second], VERIFIED_AT_ONCE):
        a, b = (_distinct(sets, rows[some]) for rows in (first, second))
        both = np.intersect1d(a.keys, b.keys, assume_unique=True, return_indices=True)[1]
        shared = np.bincount(a.owner[both], minlength=len(some))
        union = np.bincount(a.owner, minlength=len(some)) + np.bincount(b.owner, minlength=len(some)) - shared
        found[some] = np.where(union > 0, shared / np.maximum(union, 1), 1.0)
    return found


@dataclass(frozen=True, eq=False)
class _Keys:
    """Distinct (pair, shingle) as one number each, and the pair that each belongs to."""

    keys: UInt64[np.ndarray, "K"]
    owner: Int[np.ndarray, "K"]


def _distinct(sets: Shingles, rows: Int[np.ndarray, "M"]) -> _Keys:
    sizes = np.diff(sets.starts)[rows]
    owner = np.repeat(np.arange(len(rows)), sizes)
    keys = mixed(sets.hashes[ranges(sets.starts[rows], sizes)] ^ mixed(owner.astype(np.uint64)))
    keys, places = np.unique(keys, return_index=True)
    return _Keys(keys=keys, owner=owner[places])


def _rows_of(sizes: Int[np.ndarray, "M"], most: int = CHUNK) -> Iterator[Int[np.ndarray, "R"]]:
    """Consecutive places whose sizes together stay near `most`; at least one at a time."""
    if len(sizes):
        part = np.cumsum(sizes) // most
        yield from np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(part)) + 1)


def _parts(values: Int[np.ndarray, "P"], size: int = 1 << 16) -> list[Int[np.ndarray, "R"]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
