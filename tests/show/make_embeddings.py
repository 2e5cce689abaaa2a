"""Embeddings of planted clusters: a person sees at once whether they are drawn right."""

from dataclasses import replace

import numpy as np

from glassbert.lens.embedding.distances import Metric
from glassbert.lens.embedding.faithfulness import judge
from glassbert.lens.embedding.procrustes import procrustes
from glassbert.lens.embedding.projection import principal
from glassbert.lens.embeddings_record import EmbeddingMap, EmbeddingsRecord, PointColumn

LABELS = ("praise", "blame", "neither")
WORDS = ("warm", "cold", "film", "ending", "quiet", "dull", "earns", "its", "a", "the")


def clusters(count: int, seed: int = 0, width: int = 12) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = 4 * random.normal(size=(len(LABELS), width))
    return (centres[np.arange(count) % len(LABELS)] + random.normal(size=(count, width))).astype(np.float32)


def make_map(
    vectors: np.ndarray,
    *,
    layer: int | None,
    before: EmbeddingMap | None = None,
    k: int = 8,
    metric: Metric = "cosine",
) -> EmbeddingMap:
    scores, shares = principal(vectors, 2)
    judged = judge(vectors, scores, k=k, metric=metric)
    laid = None if before is None else procrustes(scores, before.coordinates)
    return EmbeddingMap(
        model="planted",
        layer=layer,
        settings="",
        coordinates=scores if laid is None else laid.apply(scores).astype(np.float32),
        explained=shares,
        neighbours=judged.near.neighbours,
        distances=judged.near.distances,
        trustworthiness=judged.trustworthiness,
        continuity=judged.continuity,
        rotation=np.eye(2) if laid is None else laid.rotation,
        scale=1.0 if laid is None else laid.scale,
        shift=np.zeros(2) if laid is None else laid.shift,
        disparity=None if laid is None else laid.disparity,
    )


def make_embeddings(
    count: int = 90, *, maps: int = 2, method: str = "pca", sample: bool = False
) -> EmbeddingsRecord:
    """Texts of three labels, in a map per layer; their rows count from 2, as in a file with a header."""
    random = np.random.default_rng(count)
    made: list[EmbeddingMap] = []
    for layer in range(maps):
        made.append(make_map(clusters(count, layer), layer=layer, before=made[-1] if made else None))
    texts = tuple(" ".join(random.choice(WORDS, 6)) + f" {i}" for i in range(count))
    none = np.full(count, -1, np.int32)
    return EmbeddingsRecord(
        model="planted",
        source="reviews.csv",
        kind="texts",
        pooling="mean",
        method=method,
        metric="cosine",
        judged_by=8,
        total=2 * count if sample else count,
        sample=count if sample else None,
        seed=0,
        texts=texts,
        rows=np.arange(2, count + 2, dtype=np.int32),
        text_of=np.arange(count, dtype=np.int32),
        token_of=none,
        position=none,
        tokens=(),
        columns=(
            PointColumn(
                name="label",
                categories=LABELS,
                code=(np.arange(count) % len(LABELS)).astype(np.int32),
                number=np.empty(0, np.float32),
            ),
            PointColumn(
                name="year",
                categories=(),
                code=np.empty(0, np.int32),
                number=random.uniform(1950, 2020, count).astype(np.float32),
            ),
        ),
        maps=tuple(made),
    )


def large_embeddings(count: int, *, k: int = 10) -> EmbeddingsRecord:
    """As many points as asked for, without the work of comparing them: neighbours and measures are random."""
    random = np.random.default_rng(0)
    small = make_embeddings(30, maps=1)
    coordinates = (random.normal(size=(count, 2)) * [3, 2]).astype(np.float32)
    drawn = EmbeddingMap(
        model="planted",
        layer=6,
        settings="perplexity 30",
        coordinates=coordinates,
        explained=None,
        neighbours=random.integers(0, count, (count, k)).astype(np.int32),
        distances=np.sort(random.uniform(0, 1, (count, k)), axis=1).astype(np.float32),
        trustworthiness=random.uniform(0, 1, count).astype(np.float32),
        continuity=random.uniform(0, 1, count).astype(np.float32),
        rotation=np.eye(2),
        scale=1.0,
        shift=np.zeros(2),
        disparity=None,
    )
    none, labels = np.full(count, -1, np.int32), (np.arange(count) % 3).astype(np.int32)
    label, year = small.columns
    return EmbeddingsRecord(
        model="planted", source="large.csv", kind="texts", pooling="mean", method="tsne", metric="cosine",
        judged_by=10, total=count, sample=None, seed=0,
        texts=tuple(f"text {i}" for i in range(count)),
        rows=np.arange(2, count + 2, dtype=np.int32),
        text_of=np.arange(count, dtype=np.int32),
        token_of=none, position=none, tokens=(),
        columns=(
            replace(label, code=labels),
            replace(label, name="prediction", code=labels[::-1].copy()),
            replace(year, name="confidence", number=random.uniform(0, 1, count).astype(np.float32)),
        ),
        maps=(drawn,),
    )  # fmt: skip
