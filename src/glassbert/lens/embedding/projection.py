"""From the space of hidden states to the plane: PCA of our own, t-SNE of scikit-learn, UMAP of umap-learn.

Letters: n points, d their dimension.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Float32
from sklearn.manifold import TSNE

from glassbert.errors import Problem, UsageError
from glassbert.lens.embedding.distances import Metric, unit

Method = Literal["pca", "tsne", "umap"]
METHODS: tuple[Method, ...] = get_args(Method)
# t-SNE and UMAP see the first principal components only; van der Maaten and Hinton 2008 (4.2) keep 30
COMPONENTS = 50
PERPLEXITY = 30.0
UMAP_NEIGHBOURS = 15
FEWEST = {"pca": 1, "tsne": 5, "umap": 5}
ROWS_PER_SUM = 8192


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A map: float32 [n, 2]; how it was made, in words; the variance that PCA's two axes explain."""

    coordinates: Float32[np.ndarray, "n 2"]
    settings: str
    explained: Float[np.ndarray, " 2"] | None


def refuse_method(method: str) -> None:
    """Raise UsageError for a method that is unknown or not installed."""
    if method not in METHODS:
        what, fix = f"there is no map called {method!r}", f"choose {', '.join(METHODS)}"
        raise UsageError(Problem(code="unknown-map", what=what, fix=fix))
    if method == "umap" and find_spec("umap") is None:
        what = "UMAP needs the package umap-learn, which is not installed"
        fix = "pip install 'glassbert[umap]' (it brings numba, 200 MB), or use --map tsne"
        raise UsageError(Problem(code="umap-missing", what=what, fix=fix))


def project(vectors: Float[np.ndarray, "n d"], method: Method, *, metric: Metric, seed: int) -> Plane:
    """Map the points. With "cosine" every vector is brought to length 1 first, for every method.

    Raises UsageError when there are too few points for the method.
    """
    refuse_method(method)
    if len(vectors) < FEWEST[method]:
        what = f"{method} needs {FEWEST[method]} points, and there are {len(vectors)}"
        raise UsageError(Problem(code="too-few-points", what=what, fix="give more texts, or use --map pca"))
    if metric == "cosine":
        vectors = unit(vectors, np.float32)
    if method == "pca":
        scores, shares = principal(vectors, 2)
        return Plane(coordinates=scores, settings="", explained=shares)
    reduced, shares = principal(vectors, COMPONENTS)
    kept = f"{reduced.shape[1]} principal components ({100 * shares.sum():.0f} % of the variance)"
    run = _tsne if method == "tsne" else _umap
    coordinates, settings = run(reduced, seed)
    return Plane(coordinates=coordinates, settings=f"{kept}, {settings}, seed {seed}", explained=None)


def principal(vectors: Float[np.ndarray, "n d"], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components float32 [n, count] and the shares of variance they explain, largest first.

    Scores of the singular value decomposition of the centred points, by the eigenvectors of their covariance
    summed in float64, so that no second copy of the points is made. The sign of an axis, which is free, is
    such that its largest coefficient is positive. Axes that a small space lacks are zero.
    """
    centre = vectors.mean(axis=0, dtype=np.float64)
    size = len(centre)
    scatter = np.zeros((size, size))
    parts = [slice(start, start + ROWS_PER_SUM) for start in range(0, len(vectors), ROWS_PER_SUM)]
    for rows in parts:
        part = vectors[rows] - centre
        scatter += part.T @ part
    values, axes = np.linalg.eigh(scatter)
    values, axes = np.maximum(values[::-1][:count], 0), axes[:, ::-1][:, :count]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    scores = np.zeros((len(vectors), count if count == 2 else axes.shape[1]), np.float32)
    for rows in parts:
        scores[rows, : axes.shape[1]] = (vectors[rows] - centre) @ axes
    shares = np.zeros(scores.shape[1])
    total = np.trace(scatter)
    shares[: len(values)] = values / total if total > 0 else 0
    return scores, shares


def _tsne(points: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """van der Maaten 2014, Barnes-Hut; begun at the principal components, so that the seed matters little."""
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    # all points in one place have no principal components to begin at
    start = "pca" if points.shape[1] >= 2 and np.ptp(points, axis=0).max() > 0 else "random"
    made = TSNE(n_components=2, perplexity=perplexity, init=start, random_state=seed)
    return made.fit_transform(points).astype(np.float32), f"perplexity {perplexity:g}"


def _umap(points: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """McInnes, Healy and Melville 2018; a fixed seed makes it run in one thread."""
    # umap-learn warns of what it was told, and numba of its own past
    with warnings.catch_warnings(), _threads_of_torch():
        warnings.simplefilter("ignore")
        umap = import_module("umap")
        neighbours = min(UMAP_NEIGHBOURS, len(points) - 1)
        made = umap.UMAP(n_components=2, n_neighbors=neighbours, random_state=seed, n_jobs=1)
        return np.asarray(made.fit_transform(points), np.float32), f"{neighbours} neighbours"


@contextmanager
def _threads_of_torch() -> Iterator[None]:
    """Leave torch with as many threads as it had: numba takes torch's OpenMP for its own and sets them to all
    cores, and sums by another number of threads are not the same bits."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
