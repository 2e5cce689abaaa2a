"""Rotary positions against the paper's: a rotation, and a product that depends on the distance alone."""

import math

import numpy as np
import torch

from glassbert.model.layout import Layout
from glassbert.model.rotary import rotated
from tests.model.small import LENGTHS

THETA, SIZE = 97.0, 6


def turned(heads: torch.Tensor, lengths: tuple[int, ...] = LENGTHS) -> torch.Tensor:
    return rotated(heads, *Layout(np.array(lengths)).rotation(SIZE, THETA))


def drawn(seed: int, count: int) -> torch.Tensor:
    return torch.randn(count, 5, SIZE, generator=torch.Generator().manual_seed(seed))


def test_pairs_are_turned_as_complex_numbers_by_their_position() -> None:
    heads = drawn(0, sum(LENGTHS))
    found, row = turned(heads), 0
    for length in LENGTHS:
        for position in range(length):
            for i in range(SIZE // 2):
                one = complex(math.cos(angle := position * THETA ** (-2 * i / SIZE)), math.sin(angle))
                for head in range(5):
                    old = complex(heads[row, head, i], heads[row, head, i + SIZE // 2]) * one
                    new = complex(found[row, head, i], found[row, head, i + SIZE // 2])
                    assert abs(old - new) < 1e-5
            row += 1


def test_a_product_of_query_and_key_depends_on_their_distance_alone() -> None:
    query, key = (drawn(seed, 1).expand(12, -1, -1) for seed in (1, 2))
    products = torch.einsum("snd,tnd->nst", turned(query, (12,)), turned(key, (12,)))
    for distance in range(-11, 12):
        same = products.diagonal(distance, 1, 2)
        assert (same - same[:, :1]).abs().max() < 1e-5
    assert not torch.allclose(products[:, 0, 0], products[:, 0, 3])


def test_angles_made_while_only_reading_serve_a_training_step() -> None:
    layout = Layout(np.array(LENGTHS))
    with torch.inference_mode():
        angles = layout.rotation(SIZE, THETA)
    heads = drawn(3, sum(LENGTHS)).requires_grad_()
    rotated(heads, *angles).square().sum().backward()
    assert layout.rotation(SIZE, THETA)[0] is angles[0]
    # a rotation keeps lengths
    assert heads.grad is not None and torch.allclose(heads.grad, 2 * heads, atol=1e-5)
