"""What the embeddings view draws: points in the plane, what they are, and how far the plane can be believed.

Letters: n points, M texts, k neighbours of a point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class PointColumn(Record):
    """A value for every point: a number (NaN where there is none), or one of `categories` (-1: none)."""

    name: str
    categories: tuple[str, ...]
    code: Int32[np.ndarray, " n"]
    number: Float32[np.ndarray, " n"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code.size and self.number.size:
            raise ValueError(f"the column {self.name!r} holds categories and numbers")


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingMap(Record):
    """One layer of one model as a map. `layer` is None for the word table.

    `neighbours` are the nearest points in the original space, never in the map, with their `distances`
    there. `trustworthiness` and `continuity` are those of each point; their means are the map's.
    `coordinates` were laid upon the map before by scale (x rotation) + shift; `disparity` is what remained,
    0 to 1 (None for the first map). `explained`: the shares of variance of PCA's two axes.
    """

    model: str
    layer: int | None
    settings: str
    coordinates: Float32[np.ndarray, "n 2"]
    explained: Float64[np.ndarray, " 2"] | None
    neighbours: Int32[np.ndarray, "n k"]
    distances: Float32[np.ndarray, "n k"]
    trustworthiness: Float32[np.ndarray, " n"]
    continuity: Float32[np.ndarray, " n"]
    rotation: Float64[np.ndarray, "2 2"]
    scale: float
    shift: Float64[np.ndarray, " 2"]
    disparity: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        count = len(self.coordinates)
        if any(len(each) != count for each in (self.neighbours, self.trustworthiness, self.continuity)):
            raise ValueError("coordinates, neighbours and measures disagree in size")
        if self.distances.shape != self.neighbours.shape:
            raise ValueError("neighbours and their distances disagree in size")

    @property
    def trust(self) -> float:
        """The map's trustworthiness (Venna and Kaski 2001); NaN for fewer than three points."""
        return float(self.trustworthiness.mean(dtype=np.float64))

    @property
    def continuous(self) -> float:
        """The map's continuity."""
        return float(self.continuity.mean(dtype=np.float64))


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingsRecord(Record):
    """Texts, tokens or words of a model as points in the plane, in one map per layer and model.

    `kind`: what a point is, "texts", "tokens" or "words". Point i belongs to text `text_of[i]` (-1: none) of
    row `rows[text_of[i]]` of the source, and is its token number `position[i]`, called
    `tokens[token_of[i]]` (-1 where it is a whole text). `total` counts the points that there were;
    `sample` is how many were asked for, None when all are here. Every map is judged by the `judged_by`
    nearest neighbours.
    """

    model: str
    source: str
    kind: str
    pooling: str
    method: str
    metric: str
    judged_by: int
    total: int
    sample: int | None
    seed: int
    texts: tuple[str, ...]
    rows: Int32[np.ndarray, " M"]
    text_of: Int32[np.ndarray, " n"]
    token_of: Int32[np.ndarray, " n"]
    position: Int32[np.ndarray, " n"]
    tokens: tuple[str, ...]
    columns: tuple[PointColumn, ...]
    maps: tuple[EmbeddingMap, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        count = len(self.text_of)
        sizes = {len(self.token_of), len(self.position), *(len(each.coordinates) for each in self.maps)}
        sizes |= {max(column.code.size, column.number.size) for column in self.columns}
        if sizes - {count} or len(self.rows) != len(self.texts):
            raise ValueError("points, texts, columns and maps disagree in size")
        if count > self.total or (self.sample is None and count != self.total):
            raise ValueError(f"{count} points of {self.total}, and no sample was asked for")

    def name_of(self, point: int) -> str:
        """A point as a person calls it: its token, else its text."""
        token = int(self.token_of[point])
        return self.tokens[token] if token >= 0 else self.texts[int(self.text_of[point])]
