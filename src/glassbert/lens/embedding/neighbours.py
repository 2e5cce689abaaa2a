"""The nearest points of every point in the original space, and how far from it a map's neighbours lie.

Letters: n points, k neighbours, b rows of a block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int32

from glassbert.lens.embedding.distances import Metric, as_metric, between, blocks, prepared

# candidates beyond k, so that rounding in a block cannot lose one of the k: these are compared in float64
SPARE = 6
Progress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Near:
    """Neighbours, nearest first, with their distances; `ranks` of the points that were asked about."""

    neighbours: Int32[np.ndarray, "n k"]
    distances: Float32[np.ndarray, "n k"]
    ranks: Int32[np.ndarray, "n k"] | None


def near(
    vectors: Float[np.ndarray, "n d"],
    k: int,
    *,
    metric: Metric = "euclidean",
    ranks_of: Int32[np.ndarray, "n k"] | None = None,
    progress: Progress | None = None,
) -> Near:
    """The k nearest of every point by comparing all pairs, n²d multiplications; nothing is approximated.

    `ranks_of` names points for each point: their ranks here are returned too, 1 for the nearest (1 + the
    number of points that lie strictly nearer). `progress` hears the share that is done.
    """
    points = prepared(vectors, metric)
    count = len(points)
    neighbours = np.empty((count, k), np.int32)
    distances = np.empty((count, k), np.float32)
    ranks = None if ranks_of is None else np.empty(ranks_of.shape, np.int32)
    for rows, block in blocks(points):
        found = _nearest(points, rows, block, k)
        neighbours[rows], apart = found
        distances[rows] = as_metric(apart, metric)
        if ranks is not None and ranks_of is not None:
            ranks[rows] = _ranks(block, ranks_of[rows])
        if progress is not None:
            progress(rows.stop / count)
    return Near(neighbours=neighbours, distances=distances, ranks=ranks)


def ranks_in(
    vectors: Float[np.ndarray, "n d"], ranks_of: Int32[np.ndarray, "n k"]
) -> Int32[np.ndarray, "n k"]:
    """The ranks that points have by Euclidean distance from the point they are named for."""
    ranks = np.empty(ranks_of.shape, np.int32)
    for rows, block in blocks(prepared(vectors, "euclidean")):
        ranks[rows] = _ranks(block, ranks_of[rows])
    return ranks


def _nearest(points: np.ndarray, rows: slice, block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and distances [b, k]: k + SPARE by the block, put in order by distances in float64."""
    wanted = min(k + SPARE, block.shape[1] - 1)
    if k == 0:
        return np.empty((len(block), 0), np.int64), np.empty((len(block), 0))
    candidates = torch.topk(torch.from_numpy(block), wanted, dim=1, largest=False).indices.numpy()
    candidates.sort(axis=1)  # equally near points come in the order of their numbers
    apart = between(points, rows, candidates)
    order = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(apart, order, axis=1)


def _ranks(block: np.ndarray, named: np.ndarray) -> np.ndarray:
    """1 + how many are strictly nearer. Row by row: a row stays in the cache while it is counted."""
    ranks = np.empty(named.shape, np.int32)
    for i, row in enumerate(block):
        for j, limit in enumerate(row[named[i]].tolist()):
            ranks[i, j] = 1 + np.count_nonzero(row < limit)
    return ranks
