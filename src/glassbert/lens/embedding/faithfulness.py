"""Whether a map can be believed: trustworthiness and continuity, of the whole and point by point.

Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods". Letters: n points, k
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from glassbert.lens.embedding.distances import Metric
from glassbert.lens.embedding.neighbours import Near, Progress, near, ranks_in


@dataclass(frozen=True, kw_only=True, eq=False)
class Faithfulness:
    """Per point; their means are the map's. `near` holds the neighbours in the original space.

    trustworthiness: 1 - c Σ (r - k) over the k map neighbours of rank r > k in space: low where the map
    shows neighbours that are none. continuity: the same with map and space exchanged: low where neighbours
    were torn apart. c = 2 / (k (2n - 3k - 1)). Not a number for fewer than three points.
    """

    near: Near
    k: int
    trustworthiness: Float32[np.ndarray, " n"]
    continuity: Float32[np.ndarray, " n"]


def judge(
    vectors: Float[np.ndarray, "n d"],
    plane: Float[np.ndarray, "n 2"],
    *,
    k: int,
    metric: Metric,
    progress: Progress | None = None,
) -> Faithfulness:
    """Hold a map against its space; k is lowered to less than half of the points, as the measures need."""
    count = len(vectors)
    judged = judged_neighbours(count, k)
    listed = min(k, count - 1)
    shown = near(plane, judged)
    space = near(vectors, listed, metric=metric, ranks_of=shown.neighbours, progress=progress)
    torn = ranks_in(plane, np.ascontiguousarray(space.neighbours[:, :judged]))
    assert space.ranks is not None
    return Faithfulness(
        near=space,
        k=judged,
        trustworthiness=_share(space.ranks, judged, count),
        continuity=_share(torn, judged, count),
    )


def judged_neighbours(count: int, k: int) -> int:
    return max(min(k, (count - 1) // 2), 0)


def _share(ranks: np.ndarray, k: int, count: int) -> Float32[np.ndarray, " n"]:
    if k == 0:
        return np.full(count, np.nan, np.float32)
    excess = np.maximum(ranks.astype(np.float64) - k, 0).sum(axis=1)
    return (1 - excess * 2 / (k * (2 * count - 3 * k - 1))).astype(np.float32)
