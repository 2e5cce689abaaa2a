"""The largest flow from one token through the layers of an encoder down to each of its input tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

# capacities are whole numbers to the solver
UNITS = 1_000_000
# Of each row the widest pipes that carry this share are kept: at 512 tokens all pipes would be millions, and
# there is one flow to find per token.
KEPT_MASS = 0.95
WHOLE_ROWS = 64


def largest_flows(
    maps: Sequence[Float[np.ndarray, "S S"]],
    row: Float[np.ndarray, "S"],
    *,
    solved: Callable[[int], None] = lambda count: None,
) -> Float[np.ndarray, "S"]:
    """Flow to every input token; row i of a map says how wide the pipes from token i down to all tokens are.

    `maps` are the layers below the last one, `row` the pipes of the read token in the last layer. Up to 64
    tokens the flow is exact to a millionth; of longer texts each row keeps its widest pipes, 95 % of its
    width, so that a flow can come out up to that much too small. `solved` hears of every token's flow.
    """
    length = len(row)
    layers = [*map(np.asarray, maps)]
    if length > WHOLE_ROWS:
        layers = [_widest(layer) for layer in layers]
    source = length * (len(layers) + 1)
    graph = _pipes(layers, row, source)
    flows = np.empty(length)
    for token in range(length):
        flows[token] = maximum_flow(graph, source, token).flow_value / UNITS
        solved(1)
    return flows


def _pipes(layers: list[np.ndarray], row: np.ndarray, source: int) -> csr_array:
    """Node layer * S + token, inputs are layer 0; pipes lead down."""
    length = len(row)
    starts, ends = [np.full(length, source)], [np.arange(length) + length * len(layers)]
    widths = [row]
    for depth, layer in enumerate(layers):
        above, below = np.nonzero(layer)
        starts.append(above + length * (depth + 1))
        ends.append(below + length * depth)
        widths.append(layer[above, below])
    capacity = np.round(np.concatenate(widths) * UNITS).astype(np.int32)
    places = (np.concatenate(starts), np.concatenate(ends))
    return csr_array((capacity, places), shape=(source + 1, source + 1))


def _widest(layer: np.ndarray) -> np.ndarray:
    order = np.argsort(-layer, axis=1)
    widths = np.take_along_axis(layer, order, axis=1)
    before = np.cumsum(widths, axis=1) - widths
    keep = np.zeros(layer.shape, dtype=bool)
    np.put_along_axis(keep, order, before < KEPT_MASS * widths.sum(1, keepdims=True), axis=1)
    return np.where(keep, layer, 0.0)
