"""Attribution by taking tokens away: nothing but values of F for sets of kept tokens is needed.

Letters: M content tokens, n sets.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
from jaxtyping import Bool, Float

Value = Callable[[Bool[np.ndarray, "n M"]], Float[np.ndarray, "n"]]
Scores = Float[np.ndarray, "M"]

# 2^10 sets are 1,024 forward passes, as many as sampling is allowed by default
MOST_EXACT = 10
# of LIME's own text explainer: 25 on distances times 100
KERNEL_WIDTH = 0.25
RIDGE = 0.1


def occlusion(value: Value, num_tokens: int) -> Scores:
    """F(x) - F(x without token i) (Zeiler and Fergus 2014)."""
    kept = np.vstack([np.ones((1, num_tokens), dtype=bool), ~np.eye(num_tokens, dtype=bool)])
    found = value(kept)
    return found[0] - found[1:]


def exact_shapley(value: Value, num_tokens: int) -> Scores:
    """Shapley values by enumeration of all 2^M sets.

    phi_i = sum over sets s without i of |s|! (M - |s| - 1)! / M! (F(s and i) - F(s))
    """
    sets = np.arange(2**num_tokens)
    kept = (sets[:, None] >> np.arange(num_tokens) & 1).astype(bool)
    found, sizes = value(kept), kept.sum(1)
    weight = np.array([1 / (num_tokens * comb(num_tokens - 1, size)) for size in range(num_tokens)])
    scores = np.empty(num_tokens)
    for token in range(num_tokens):
        without = sets[~kept[:, token]]
        scores[token] = weight[sizes[without]] @ (found[without | 1 << token] - found[without])
    return scores


def sampled_shapley(value: Value, num_tokens: int, *, samples: int, seed: int) -> Scores:
    """Mean gain of a token when the tokens join in random order (Castro et al. 2009), each order also
    backwards (Mitchell et al. 2022); sums exactly to F(x) - F(nothing).
    """
    draw = np.random.default_rng(seed)
    ends = value(np.array([[False] * num_tokens, [True] * num_tokens]))
    pairs = max(1, samples // (2 * max(1, num_tokens - 1)))
    total = np.zeros(num_tokens)
    for _ in range(pairs):
        order = draw.permutation(num_tokens)
        for joining in (order, order[::-1]):
            place = np.argsort(joining)
            inner = value(place[None] < np.arange(1, num_tokens)[:, None])
            total[joining] += np.diff(np.concatenate([ends[:1], inner, ends[1:]]))
    return total / (2 * pairs)


def lime(value: Value, num_tokens: int, *, samples: int, seed: int) -> Scores:
    """The weights of a linear model of F near the text (Ribeiro et al. 2016).

    Random sets (their size first, then which tokens), weighted by exp(-d^2 / 0.25^2) with d = 1 - sqrt(share
    kept), the cosine distance from the whole; ridge regression with penalty 0.1.
    """
    if num_tokens == 1:  # one point near the text, none far from it: no plane to fit
        return occlusion(value, 1)
    draw = np.random.default_rng(seed)
    sizes = draw.integers(0, num_tokens, size=samples)
    sizes[0] = num_tokens
    ranks = draw.random((samples, num_tokens)).argsort(1).argsort(1)
    kept = ranks < sizes[:, None]
    weight = np.exp(-((1 - np.sqrt(kept.mean(1))) ** 2) / KERNEL_WIDTH**2)
    inputs, outputs = kept.astype(np.float64), value(kept)
    inputs = inputs - np.average(inputs, axis=0, weights=weight)
    outputs = outputs - np.average(outputs, weights=weight)
    penalty = RIDGE * np.eye(num_tokens)
    return np.linalg.solve(inputs.T @ (weight[:, None] * inputs) + penalty, inputs.T @ (weight * outputs))
