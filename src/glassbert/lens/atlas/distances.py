"""How differently heads attend: Jensen-Shannon divergence, a plane map of it, and a pruning list.

JSD(P, Q) = H((P + Q) / 2) - (H(P) + H(Q)) / 2, in nats, between 0 and ln 2. Its square root is a distance
that fits into a Hilbert space (Fuglede and Topsoe 2004), so that classical scaling of it is exact but for
the dimensions left out. Letters: M heads, Q rows, S tokens.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from glassbert.lens.atlas.maps import Maps

# so many weights of each head are compared; for 12 x 12 heads some ten seconds on two cores
WEIGHTS_COMPARED = 1 << 17
WEIGHTS_AT_ONCE = 1 << 21


class Distances:
    """Mean divergence of all pairs of heads over every `stride`-th content token of the maps given to
    `add`.
    """

    def __init__(self, num_heads: int, *, num_weights: int, compared: int = WEIGHTS_COMPARED) -> None:
        self.total = np.zeros((num_heads, num_heads))
        self.stride = max(-(-num_weights // compared), 1)
        self.rows = 0
        self._passed = 0

    def add(self, maps: Maps) -> None:
        content = maps.windows.sequence.reshape(-1, maps.length) >= 0
        turn = (self._passed + np.cumsum(content)).reshape(content.shape) - 1
        self._passed += int(content.sum())
        chosen = content & (turn % self.stride == 0)
        for window in np.flatnonzero(chosen.any(1)).tolist():
            rows = np.flatnonzero(chosen[window])
            step = max(WEIGHTS_AT_ONCE // (len(self.total) * maps.length), 1)
            for start in range(0, len(rows), step):
                self.total += divergences(_rows_of(maps, window, rows[start : start + step]))
            self.rows += len(rows)

    def mean(self) -> Float[np.ndarray, "M M"]:
        return self.total / max(self.rows, 1)


def _rows_of(maps: Maps, window: int, rows: np.ndarray) -> Float[Tensor, "M Q S"]:
    """The maps of all heads of all layers, at some rows of one window."""
    index = torch.from_numpy(rows)
    parts = []
    for query, key in zip(maps.query, maps.key, strict=True):
        mine = query[window][:, index]
        parts.append(torch.softmax(mine @ key[window].transpose(-1, -2) / mine.shape[-1] ** 0.5, dim=-1))
    return torch.cat(parts)


def divergences(weights: Float[Tensor, "M Q S"]) -> Float[np.ndarray, "M M"]:
    """The sum over rows of the divergence of every pair of heads."""
    count = len(weights)
    own = torch.special.entr(weights).sum(-1)
    found = np.zeros((count, count))
    for first in range(count - 1):
        others = weights[first + 1 :]
        mixed = torch.special.entr((others + weights[first]) / 2).sum(-1)
        apart = (mixed - (own[first + 1 :] + own[first]) / 2).clamp(min=0).sum(-1).double().numpy()
        found[first, first + 1 :] = found[first + 1 :, first] = apart
    return found


def plane(distance: Float[np.ndarray, "M M"]) -> tuple[Float[np.ndarray, "M 2"], float]:
    """Classical scaling (Torgerson 1952) of the square roots: places, and the share of the squared distances
    that two dimensions show. The first coordinate of the largest amount is positive, so signs are fixed.
    """
    count = len(distance)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-centre @ distance @ centre / 2)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    place = np.zeros((count, 2))
    kept = min(count, 2)
    place[:, :kept] = vectors[:, :kept] * np.sqrt(values[:kept])
    largest = np.abs(place).argmax(0)
    place *= np.where(place[largest, [0, 1]] < 0, -1.0, 1.0)
    return place, float(values[:2].sum() / values.sum()) if values.sum() > 0 else 1.0


def pruning_list(
    distance: Float[np.ndarray, "M M"],
) -> tuple[Int[np.ndarray, "R"], Int[np.ndarray, "R"], Float[np.ndarray, "R"]]:
    """(head to spare, its twin, their distance), most redundant first, until one head is left.

    Of the closest pair among the heads that are left, the one goes that is nearer to the others on average:
    they can stand in for it.
    """
    apart = distance.astype(np.float64).copy()
    np.fill_diagonal(apart, np.inf)
    spared, twins, gaps = [], [], []
    alive = np.ones(len(apart), bool)
    for _ in range(len(apart) - 1):
        one, other = np.unravel_index(int(apart.argmin()), apart.shape)
        means = distance[np.ix_([one, other], alive)].mean(1)
        goes, stays = (one, other) if means[0] <= means[1] else (other, one)
        spared.append(goes)
        twins.append(stays)
        gaps.append(apart[goes, stays])
        alive[goes] = False
        apart[goes] = apart[:, goes] = np.inf
    return np.array(spared, np.int64), np.array(twins, np.int64), np.array(gaps, np.float64)
