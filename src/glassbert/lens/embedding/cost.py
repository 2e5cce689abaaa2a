"""What a map will cost, said before it is begun; and the refusal of one that memory cannot hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassbert.errors import Problem, UsageError
from glassbert.lens.embedding.distances import BLOCK_BYTES, EXACT_POINTS
from glassbert.lens.embedding.faithfulness import judge
from glassbert.lens.embedding.options import EmbeddingOptions
from glassbert.lens.embedding.points import Points
from glassbert.lens.embedding.projection import COMPONENTS
from glassbert.lens.embedding.states import batches
from glassbert.model.memory import free_memory
from glassbert.model.network import Network

SAMPLE_TOKENS = 4096
SAMPLE_POINTS = 1500
# processor seconds per point and log2(points), measured on a server core: 15 s for 1,500 points of t-SNE
SECONDS = {"pca": 0.0, "tsne": 9.5e-4, "umap": 2e-4}
# 91 neighbours and their weights, several times; UMAP keeps 15 and a forest of trees
BYTES_PER_POINT = {"pca": 16, "tsne": 8_000, "umap": 6_000}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds and bytes, estimated; `tokens` go through `layers` blocks."""

    points: int
    tokens: int
    blocks: int
    maps: int
    read_seconds: float
    map_seconds: float
    bytes: int

    def __str__(self) -> str:
        through = f", {self.tokens:,} tokens through {self.blocks} blocks (about {_time(self.read_seconds)})"
        many = f"{self.maps} maps" if self.maps > 1 else "the map"
        return (
            f"{self.points:,} points{through if self.tokens else ''}; {many} and all"
            f" {self.points**2:,} pairs for the neighbours: about {_time(self.map_seconds)},"
            f" {self.bytes / 1e9:,.1f} GB"
        )


def estimate(network: Network, points: Points, layers: Sequence[int], options: EmbeddingOptions) -> Cost:
    """Judged by a sample of a few thousand tokens and points, read and compared on this machine."""
    count, hidden, maps = len(points), network.config.hidden_size, max(len(layers), 1)
    per_map = _pair_seconds(min(count, SAMPLE_POINTS), hidden, options) * (count / SAMPLE_POINTS) ** 2
    per_map += SECONDS[options.map] * count * np.log2(count + 1)
    return Cost(
        points=count,
        tokens=0 if points.windows is None else len(points.windows.input_ids),
        blocks=max(layers, default=0),
        maps=maps,
        read_seconds=_read_seconds(network, points, layers),
        map_seconds=maps * per_map,
        bytes=needed_bytes(count, hidden, maps=maps, method=options.map),
    )


def needed_bytes(count: int, hidden: int, *, maps: int, method: str) -> int:
    """The vectors of every layer, one prepared copy of them, a block of pairs and what the method holds."""
    held = 4 * hidden * maps + hidden * (8 if count <= EXACT_POINTS else 4) + 4 * COMPONENTS
    return count * (held + BYTES_PER_POINT[method]) + 2 * BLOCK_BYTES


def refuse_beyond_memory(cost: Cost, *, total: int, free: int | None) -> None:
    """Raise UsageError, with the sample that would fit, when the map does not; None is not known."""
    if free is None or cost.bytes <= free:
        return
    fitting = int(cost.points * max(free - 2 * BLOCK_BYTES, 0) / cost.bytes * 0.8)
    what = (
        f"{cost.points:,} of {total:,} points need {cost.bytes / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of "
        "memory are free; nothing is left out unasked"
    )
    fix = f"draw a sample with --sample {fitting}, or name fewer layers"
    raise UsageError(Problem(code="too-many-points", what=what, fix=fix))


def free() -> int | None:
    return free_memory()


def _read_seconds(network: Network, points: Points, layers: Sequence[int]) -> float:
    windows = points.windows
    if windows is None or not len(windows):
        return 0.0
    step = max(1, len(windows.input_ids) // SAMPLE_TOKENS)
    some = np.arange(0, len(windows), step)
    first = next(batches(network, windows, layers, wanted=some[:1]))  # what is allocated once is not measured
    started, tokens = time.monotonic(), 0
    for _, places, _ in batches(network, windows, layers, wanted=some):
        tokens += len(places)
        if tokens >= SAMPLE_TOKENS:
            break
    return (time.monotonic() - started) * len(windows.input_ids) / max(tokens, len(first[1]))


def _pair_seconds(count: int, hidden: int, options: EmbeddingOptions) -> float:
    """Seconds that a map of SAMPLE_POINTS takes to be judged."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(count, hidden)).astype(np.float32)
    started = time.monotonic()
    judge(vectors, random.normal(size=(count, 2)), k=options.neighbours, metric=options.metric)
    return (time.monotonic() - started) * (SAMPLE_POINTS / count) ** 2


def _time(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"
