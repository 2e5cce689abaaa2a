"""Flows are the largest there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from glassbert.lens.attributing import flow
from glassbert.lens.attributing.flow import largest_flows


def rows(draw: np.random.Generator, length: int) -> np.ndarray:
    found = draw.random((length, length)) ** 4
    return (found / found.sum(1, keepdims=True) + np.eye(length)) / 2


def by_linear_program(maps: list[np.ndarray], row: np.ndarray, token: int) -> float:
    """Maximise what arrives at `token`; x holds the flow through every pipe."""
    length, depth = len(row), len(maps)
    widths = np.concatenate([row, *(each.ravel() for each in maps)])
    inner = length * depth + length  # nodes of all layers; those of layer 0 but `token` let nothing pass

    def node(layer: int, place: int) -> int:
        return layer * length + place

    balance = np.zeros((inner, len(widths)))
    for place in range(length):
        balance[node(depth, place), place] += 1
    pipe = length
    for layer in range(depth):
        for above in range(length):
            for below in range(length):
                balance[node(layer + 1, above), pipe] -= 1
                balance[node(layer, below), pipe] += 1
                pipe += 1
    kept = [number for number in range(inner) if number != node(0, token)]
    goal = -balance[node(0, token)]
    found: Any = linprog(
        goal,
        A_eq=balance[kept],
        b_eq=np.zeros(len(kept)),
        bounds=list(zip(np.zeros(len(widths)), widths, strict=True)),
    )
    return -float(found.fun)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_flows_equal_those_of_a_linear_program(depth: int) -> None:
    draw = np.random.default_rng(depth)
    maps, row = [rows(draw, 5) for _ in range(depth)], rows(draw, 5)[0]
    found = largest_flows(maps, row)
    wanted = [by_linear_program(maps, row, token) for token in range(5)]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_one_layer_lets_through_what_its_pipes_are_wide() -> None:
    np.testing.assert_allclose(largest_flows([], np.array([0.5, 0.2, 0.3])), [0.5, 0.2, 0.3], atol=1e-6)


def test_narrow_pipes_are_left_out_of_long_texts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    maps, row = [rows(draw, 30)], rows(draw, 30)[0]
    whole = largest_flows(maps, row)
    monkeypatch.setattr(flow, "WHOLE_ROWS", 20)
    thinned = largest_flows(maps, row)
    assert (thinned <= whole + 1e-5).all() and (thinned < whole - 1e-3).any()
    assert np.abs(thinned - whole).max() < 0.05 * len(row) ** 0.5
