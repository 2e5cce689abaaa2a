"""Is an order of tokens any good? Take the first ones away, or put the first ones back, and watch F.

Letters: M content tokens, P points of a curve, R random orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

Value = Callable[[Bool[np.ndarray, "n M"]], Float[np.ndarray, "n"]]
Order = Int[np.ndarray, "M"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomOrders:
    """Curves of random orders: what an order that knows nothing gets; [R, P] each."""

    deletion: Float[np.ndarray, "R P"]
    insertion: Float[np.ndarray, "R P"]


def points(num_tokens: int, steps: int) -> Int[np.ndarray, "P"]:
    """Numbers of tokens from 0 to M at which a curve is measured: about `steps`, the same from either end."""
    low = np.floor(np.linspace(0, num_tokens / 2, steps // 2 + 1)).astype(np.int64)
    return np.union1d(low, num_tokens - low)


def order_of(scores: Float[np.ndarray, "M"], *, seed: int) -> Order:
    """Tokens from the highest score to the lowest; equal ones in an order drawn from the seed."""
    return np.lexsort((np.random.default_rng(seed).permutation(len(scores)), -scores))


def deletion(value: Value, order: Order, counts: Int[np.ndarray, "P"]) -> Float[np.ndarray, "P"]:
    """The value without the first k tokens of the order, for every k of `counts`."""
    return value(np.argsort(order)[None] >= counts[:, None])


def insertion(value: Value, order: Order, counts: Int[np.ndarray, "P"]) -> Float[np.ndarray, "P"]:
    """The value with nothing but the first k tokens of the order, for every k of `counts`."""
    return value(np.argsort(order)[None] < counts[:, None])


def random_orders(
    value: Value, counts: Int[np.ndarray, "P"], *, num_tokens: int, count: int, seed: int
) -> RandomOrders:
    """Both curves of random orders, from one set of forward passes.

    Inserting an order is deleting its reverse, read from the other end, and the reverse of a random order is
    as random.
    """
    draw = np.random.default_rng(seed)
    orders = [draw.permutation(num_tokens) for _ in range(count)]
    kept = np.concatenate([np.argsort(order)[None] >= counts[:, None] for order in orders])
    curves = value(kept).reshape(count, len(counts))
    return RandomOrders(deletion=curves, insertion=curves[:, ::-1])


def comprehensiveness(curve: Float[np.ndarray, "... P"]) -> Float[np.ndarray, "..."]:
    """AOPC: the mean drop of the prediction over a deletion curve; high is good (DeYoung et al. 2020)."""
    return curve[..., 0] - _after_first(curve).mean(-1)


def sufficiency(curve: Float[np.ndarray, "... P"]) -> Float[np.ndarray, "..."]:
    """AOPC: the mean gap to the prediction over an insertion curve; low is good (DeYoung et al. 2020)."""
    return curve[..., -1] - _after_first(curve).mean(-1)


def _after_first(curve: Float[np.ndarray, "... P"]) -> Float[np.ndarray, "... Q"]:
    """All points but that of no token; the curve of an empty text has no other."""
    return curve[..., min(1, curve.shape[-1] - 1) :]


def rank_correlation(left: Float[np.ndarray, "n"], right: Float[np.ndarray, "n"]) -> float:
    """Spearman's; NaN where one side is constant, which has no order."""
    ranks = [_ranks(side) for side in (left, right)]
    spreads = [side.std() if len(side) else 0.0 for side in ranks]
    if min(spreads) == 0:
        return float("nan")
    centred = [side - side.mean() for side in ranks]
    return float((centred[0] * centred[1]).mean() / (spreads[0] * spreads[1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share the mean of theirs."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes + 1) / 2)[group]
