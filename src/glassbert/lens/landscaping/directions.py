"""Directions in the space of weights: random ones by filter, and those that a trajectory moves along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from glassbert.errors import Problem, UsageError
from glassbert.lens.landscaping.moving import Weights

# a share of the largest variance below which a direction is rounding, not movement
SMALLEST = 1e-10


def filter_normalised(weights: Weights, *, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Two random directions whose every filter is as long as the weights', and orthogonal to the other's.

    A filter is what makes one output: a row of a matrix. Vectors (biases, norms) do not move. Li et al.,
    2018, section 4; orthogonal filter by filter, where they are only nearly so in the paper.
    """
    generator = torch.Generator().manual_seed(seed)
    first: dict[str, Tensor] = {}
    second: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if weight.ndim < 2:
            first[name] = second[name] = torch.zeros_like(weight)
            continue
        rows = weight.detach().double().cpu().flatten(1)
        lengths = rows.norm(dim=1, keepdim=True)
        one, two = (torch.randn(rows.shape, generator=generator, dtype=torch.float64) for _ in range(2))
        one = _scaled(one, lengths)
        overlap = (two * one).sum(dim=1, keepdim=True) / one.square().sum(dim=1, keepdim=True)
        two = _scaled(two - torch.nan_to_num(overlap) * one, lengths)
        for found, direction in ((first, one), (second, two)):
            found[name] = direction.reshape(weight.shape).to(weight)
    return first, second


def _scaled(rows: Float64[Tensor, "F W"], lengths: Float64[Tensor, "F 1"]) -> Float64[Tensor, "F W"]:
    """Every row with the given length; one that is (nearly) nothing stays nothing."""
    norms = rows.norm(dim=1, keepdim=True)
    return torch.where(norms > 1e-9, rows / norms.clamp_min(1e-9), 0.0) * lengths


@dataclass(frozen=True, kw_only=True, eq=False)
class Principal:
    """The two directions in which n models differ most: axis k = sum_i mix[k, i] (w_i - w_origin), length 1.

    `positions` [n, 2] are the models along the axes from the origin, `off_plane` [n] their distance from the
    plane, `variance` [2] the share of the variance around their mean that each axis explains.
    """

    mix: Float64[np.ndarray, "2 n"]
    positions: Float64[np.ndarray, "n 2"]
    off_plane: Float64[np.ndarray, "n"]
    variance: Float64[np.ndarray, "2"]


def principal(gram: Float64[np.ndarray, "n n"]) -> Principal:
    """From the inner products of w_i - w_origin. Raises UsageError where the models lie on one line."""
    count = len(gram)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(centre @ gram @ centre)
    values, vectors = values[::-1], vectors[:, ::-1]
    if count < 3 or values[1] <= SMALLEST * max(values[0], 1e-300):
        what = f"the {count} models lie on one line" if count > 1 else "there is one model"
        fix = "give three or more that differ, or look at the line between two"
        raise UsageError(Problem(code="no-plane", what=what, fix=fix))
    mix = (centre @ vectors[:, :2] / np.sqrt(values[:2])).T
    positions = gram @ mix.T
    signs = np.where(positions[0] > 0, -1.0, 1.0)  # the way begins on the left and below
    positions, mix = positions * signs, mix * signs[:, None]
    squares = np.diag(gram) - (positions**2).sum(axis=1)
    off = np.sqrt(np.maximum(squares, 0.0))
    off[off <= 1e-5 * np.sqrt(np.diag(gram).max())] = 0.0
    return Principal(
        mix=mix, positions=positions, off_plane=off, variance=values[:2] / values[values > 0].sum()
    )


def inner_products(
    models: Sequence[Weights], origin: Weights, names: Sequence[str]
) -> Float64[np.ndarray, "n n"]:
    """<w_i - w_origin, w_j - w_origin> over all named weights, in float64; one tensor of each in memory."""
    gram = np.zeros((len(models), len(models)))
    for name in names:
        base = origin[name].detach().double().cpu().flatten()
        moved = torch.stack([model[name].detach().double().cpu().flatten() - base for model in models])
        gram += (moved @ moved.T).numpy()
    return gram


def mixed(
    models: Sequence[Weights], origin: Weights, names: Sequence[str], *, mix: Float64[np.ndarray, "n"]
) -> dict[str, Tensor]:
    """sum_i mix_i (w_i - w_origin), in the types of the origin."""
    direction = {}
    for name in names:
        base = origin[name].detach().double().cpu()
        total = torch.zeros_like(base)
        for share, model in zip(mix.tolist(), models, strict=True):
            total += share * (model[name].detach().double().cpu() - base)
        direction[name] = total.to(origin[name])
    return direction


def length(direction: Weights) -> float:
    """The L2 norm over all tensors."""
    return float(sum(float(tensor.double().square().sum()) for tensor in direction.values())) ** 0.5
