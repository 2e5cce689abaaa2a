"""Exact distances from every point to every other, a block of rows at a time, in bounded memory.

Letters: n points, d their dimension, b rows of a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float

Metric = Literal["cosine", "euclidean"]
METRICS: tuple[Metric, ...] = ("cosine", "euclidean")
# a block of [b, n] closenesses; what a pass over all pairs holds besides the points, whatever n is
BLOCK_BYTES = 64 * 2**20
# up to here all pairs are compared in float64, which takes seconds; beyond in float32, twice as fast
EXACT_POINTS = 10_000


def prepared(vectors: Float[np.ndarray, "n d"], metric: Metric) -> Float[np.ndarray, "n d"]:
    """Vectors whose Euclidean distances order as the metric does, in the precision of the comparison.

    For "cosine" of length 1 (a vector of zeros stays): |a - b|² = 2 (1 - cos). For "euclidean" centred,
    which changes no distance and keeps |a|² + |b|² - 2ab from cancelling.
    """
    kind = np.float64 if len(vectors) <= EXACT_POINTS else np.float32
    if metric == "euclidean":
        centre = vectors.mean(axis=0, dtype=np.float64)
        return np.subtract(vectors, centre.astype(kind), dtype=kind)
    return unit(vectors, kind)


def unit(vectors: Float[np.ndarray, "n d"], kind: type[np.floating]) -> Float[np.ndarray, "n d"]:
    """The vectors at length 1; a vector of zeros stays."""
    lengths = np.linalg.norm(vectors.astype(kind, copy=False), axis=1, keepdims=True)
    found: np.ndarray = np.divide(vectors, np.where(lengths > 0, lengths, 1), dtype=kind)
    return found


def blocks(points: Float[np.ndarray, "n d"]) -> Iterator[tuple[slice, Float[np.ndarray, "b n"]]]:
    """(rows, |b|²/2 - ab) of every point a of the rows to every point b: ordered as the distances from a.

    A point's value to itself is infinite: nothing is its own neighbour. The array is used again for the next
    block.
    """
    count = len(points)
    rows = rows_per_block(count, points.dtype)
    half = 0.5 * np.einsum("nd,nd->n", points, points)
    buffer = np.empty((min(rows, count), count), points.dtype)
    for start in range(0, count, rows):
        chosen = slice(start, min(start + rows, count))
        block = buffer[: chosen.stop - start]
        np.matmul(points[chosen], points.T, out=block)
        np.subtract(half, block, out=block)
        block[np.arange(len(block)), np.arange(start, chosen.stop)] = np.inf
        yield chosen, block


def rows_per_block(count: int, dtype: np.dtype[np.floating]) -> int:
    return max(1, BLOCK_BYTES // (dtype.itemsize * max(count, 1)))


def between(points: Float[np.ndarray, "n d"], rows: slice, others: np.ndarray) -> Float[np.ndarray, "b k"]:
    """|a - b| of each row's point and each of the k points named beside it, float64."""
    found = np.empty(others.shape)
    for column in range(others.shape[1]):
        apart = points[rows].astype(np.float64) - points[others[:, column]]
        found[:, column] = np.sqrt(np.einsum("bd,bd->b", apart, apart))
    return found


def as_metric(distances: np.ndarray, metric: Metric) -> np.ndarray:
    """Distances of prepared vectors in the metric's own measure: 1 - cos, or the Euclidean distance."""
    return distances**2 / 2 if metric == "cosine" else distances
