"""PCA is the singular value decomposition; t-SNE and UMAP are the libraries', seeded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from glassbert.errors import UsageError
from glassbert.lens.embedding import projection
from glassbert.lens.embedding.projection import principal, project, refuse_method


def cloud(count: int = 90, width: int = 12, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, width)) * np.linspace(3, 1, width) + 5).astype(np.float32)


def up_to_sign(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return found * np.sign((found * wanted).sum(axis=0))


@pytest.mark.parametrize(("count", "width"), [(90, 12), (7, 40), (20_000, 5)])
def test_pca_is_the_singular_value_decomposition_up_to_sign(count: int, width: int) -> None:
    points = cloud(count, width)
    centred = points.astype(np.float64) - points.astype(np.float64).mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    wanted = (left * values)[:, :2]
    plane = project(points, "pca", metric="euclidean", seed=0)
    np.testing.assert_allclose(up_to_sign(plane.coordinates, wanted), wanted, atol=1e-4)
    assert plane.explained is not None
    np.testing.assert_allclose(plane.explained, values[:2] ** 2 / np.square(values).sum(), rtol=1e-6)


def test_pca_is_that_of_scikit_learn_on_unit_vectors() -> None:
    points = cloud()
    wanted = PCA(2).fit_transform(points / np.linalg.norm(points, axis=1, keepdims=True))
    found = project(points, "pca", metric="cosine", seed=0).coordinates
    np.testing.assert_allclose(up_to_sign(found, wanted), wanted, atol=1e-6)


def test_the_sign_of_an_axis_is_that_of_its_largest_coefficient() -> None:
    points = cloud()
    scores, _ = principal(points, 2)
    mirrored, _ = principal(-points, 2)
    np.testing.assert_allclose(mirrored, -scores, atol=1e-5)


def test_tsne_is_that_of_scikit_learn() -> None:
    points = cloud(60, 8)
    reduced, _ = principal(points, projection.COMPONENTS)
    made = TSNE(n_components=2, perplexity=59 / 3, init="pca", random_state=3)
    plane = project(points, "tsne", metric="euclidean", seed=3)
    np.testing.assert_array_equal(plane.coordinates, made.fit_transform(reduced))
    assert "8 principal components (100 % of the variance), perplexity 19.6667, seed 3" in plane.settings
    again = project(points, "tsne", metric="euclidean", seed=3)
    np.testing.assert_array_equal(plane.coordinates, again.coordinates)


def test_umap_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"umap-missing: .* — pip install 'glassbert\[umap\]'"):
        refuse_method("umap")


def test_umap_keeps_clusters_apart_repeats_itself_and_leaves_torch_its_threads() -> None:
    """In a process of its own: numba sets the threads of OpenMP once, seen where OMP_NUM_THREADS is set."""
    code = """if True:
        import json, numpy as np, torch
        from glassbert.lens.embedding.projection import project
        points = np.concatenate([np.load(path) for path in ("near.npy", "far.npy")])
        planes = [project(points, "umap", metric="euclidean", seed=1) for _ in range(2)]
        found = [plane.coordinates.tolist() for plane in planes]
        print(json.dumps([torch.get_num_threads(), planes[0].settings, *found]))
    """
    with tempfile.TemporaryDirectory() as place:
        np.save(f"{place}/near.npy", cloud(40))
        np.save(f"{place}/far.npy", cloud(40, seed=1) + 40)
        command, surroundings = [sys.executable, "-c", code], {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=place, env=surroundings, capture_output=True, check=True, timeout=280
        )
    threads, settings, coordinates, again = json.loads(done.stdout)
    assert threads == 1
    first, second = np.array(coordinates[:40]), np.array(coordinates[40:])
    apart = np.linalg.norm(first.mean(0) - second.mean(0))
    assert apart > 2 * max(np.std(first, axis=0).max(), np.std(second, axis=0).max())
    assert coordinates == again
    assert settings.endswith("15 neighbours, seed 1")


def test_an_unknown_map_is_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="unknown-map: .* — choose pca, tsne, umap"):
        refuse_method("mds")


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_too_few_points_are_refused(method: projection.Method, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "find_spec", lambda name: object())
    with pytest.raises(UsageError, match="too-few-points"):
        project(cloud(4), method, metric="cosine", seed=0)


def test_degenerate_points_have_a_map() -> None:
    one = project(cloud(1), "pca", metric="cosine", seed=0)
    assert one.coordinates.tolist() == [[0.0, 0.0]]
    line = project(np.arange(5, dtype=np.float32)[:, None], "pca", metric="euclidean", seed=0)
    np.testing.assert_allclose(line.coordinates, [[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]], atol=1e-6)
    same = np.ones((8, 4), np.float32)
    assert np.isfinite(project(same, "tsne", metric="cosine", seed=0).coordinates).all()
    assert not project(same, "pca", metric="cosine", seed=0).coordinates.any()
