"""Procrustes: one configuration of points laid upon another by turning, mirroring, scaling and shifting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """x -> scale (x rotation) + shift. `disparity`: 1 - (sum of singular values)² of both at length 1; 0
    when the two are one configuration, near 1 when they have nothing in common.
    """

    rotation: Float[np.ndarray, "d d"]
    scale: float
    shift: Float[np.ndarray, " d"]
    disparity: float

    def apply(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return self.scale * (points @ self.rotation) + self.shift


def procrustes(moving: Float[np.ndarray, "n d"], fixed: Float[np.ndarray, "n d"]) -> Alignment:
    """The orthogonal map (it may mirror) with least Σ |s x R + t - y|², and both at the same size.

    R = U Vᵀ of the singular value decomposition of XᵀY, both centred (Schönemann 1966); s = |Y| / |X|, so
    that a frame does not shrink where it fits badly. A configuration of one point is only shifted.
    """
    x, y = np.asarray(moving, np.float64), np.asarray(fixed, np.float64)
    centres = x.mean(axis=0), y.mean(axis=0)
    x, y = x - centres[0], y - centres[1]
    sizes = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    if min(sizes) == 0:
        same = 0.0 if sizes[0] == sizes[1] else 1.0
        turn = np.eye(x.shape[1])
        return Alignment(rotation=turn, scale=1.0, shift=centres[1] - centres[0], disparity=same)
    left, singular, right = np.linalg.svd(x.T @ y / (sizes[0] * sizes[1]))
    rotation, scale = left @ right, sizes[1] / sizes[0]
    return Alignment(
        rotation=rotation,
        scale=scale,
        shift=centres[1] - scale * (centres[0] @ rotation),
        disparity=max(0.0, 1 - float(singular.sum()) ** 2),
    )
