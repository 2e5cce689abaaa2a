"""An embeddings record as the page holds it: a hundred thousand points in 5 MB beside their texts.

Coordinates and measures are quantised, with the error stated; of many points fewer neighbours are held, and
long texts are cut. Letters: n points, M texts, k neighbours that are held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt8, UInt16

from glassbert.lens.embeddings_record import EmbeddingMap, EmbeddingsRecord, PointColumn
from glassbert.lens.records import Record

# of neighbours and distances, four bytes each; base64 makes a third more of it
NEIGHBOUR_BYTES = 1_600_000
FEWEST_NEIGHBOURS = 3
# characters of all texts together; a text keeps at least so many
TEXT_CHARACTERS = 6_000_000
FEWEST_CHARACTERS = 80
LEVELS, SHARES, NO_CATEGORY = 65_535, 255, 255


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnSketch(Record):
    """A column to colour by: categories with a code per point (255: none), or numbers (NaN: none)."""

    name: str
    categories: tuple[str, ...]
    code: UInt8[np.ndarray, " n"]
    number: Float32[np.ndarray, " n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MapSketch(Record):
    """A map for drawing. A coordinate is low + code / 65535 (high - low), within half a step of the record's.

    Trustworthiness and continuity of a point are code / 255; a neighbour is low + 65536 high; its distance
    is code / 255 of `farthest`. `trust` and `continuous` are the whole map's, exact; NaN where there are too
    few points.
    """

    model: str
    layer: int | None
    settings: str
    explained: Float64[np.ndarray, " 2"] | None
    disparity: float | None
    trust: float
    continuous: float
    low: Float64[np.ndarray, " 2"]
    high: Float64[np.ndarray, " 2"]
    coordinates: UInt16[np.ndarray, "n 2"]
    trustworthiness: UInt8[np.ndarray, " n"]
    continuity: UInt8[np.ndarray, " n"]
    neighbour_low: UInt16[np.ndarray, "n k"]
    neighbour_high: UInt8[np.ndarray, "n k"]
    distances: UInt8[np.ndarray, "n k"]
    farthest: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingsSketch(Record):
    """EmbeddingsRecord for the page: `texts` may be cut, `lengths` [M] are those of the whole texts.

    `rows` is None where they are first_row, first_row + 1, ...; `neighbours` is how many of each point the
    record held, of which the maps here hold the nearest.
    """

    model: str
    source: str
    kind: str
    pooling: str
    method: str
    metric: str
    judged_by: int
    neighbours: int
    total: int
    sample: int | None
    seed: int
    texts: tuple[str, ...]
    lengths: Int32[np.ndarray, " M"]
    first_row: int
    rows: Int32[np.ndarray, " M"] | None
    text_of: Int32[np.ndarray, " n"] | None
    token_of: Int32[np.ndarray, " n"] | None
    position: Int32[np.ndarray, " n"] | None
    tokens: tuple[str, ...]
    columns: tuple[ColumnSketch, ...]
    maps: tuple[MapSketch, ...]


def sketched(record: EmbeddingsRecord) -> EmbeddingsSketch:
    """The record as the page draws it; per point arrays that say nothing (text i is point i) are None."""
    count, held = len(record.text_of), record.maps[0].neighbours.shape[1]
    room = NEIGHBOUR_BYTES // max(4 * count * len(record.maps), 1)
    shown = min(held, max(room, FEWEST_NEIGHBOURS))
    longest = max(FEWEST_CHARACTERS, TEXT_CHARACTERS // max(len(record.texts), 1))
    whole = record.kind == "texts"
    first = int(record.rows[0]) if len(record.rows) else 1
    return EmbeddingsSketch(
        model=record.model,
        source=record.source,
        kind=record.kind,
        pooling=record.pooling,
        method=record.method,
        metric=record.metric,
        judged_by=record.judged_by,
        neighbours=held,
        total=record.total,
        sample=record.sample,
        seed=record.seed,
        texts=tuple(text[:longest] for text in record.texts),
        lengths=np.array([len(text) for text in record.texts], np.int32),
        first_row=first,
        rows=None if np.array_equal(record.rows, first + np.arange(len(record.rows))) else record.rows,
        text_of=None if whole else record.text_of,
        token_of=None if whole else record.token_of,
        position=None if whole else record.position,
        tokens=record.tokens,
        columns=tuple(map(_column, record.columns)),
        maps=tuple(_map(each, shown) for each in record.maps),
    )


def _column(column: PointColumn) -> ColumnSketch:
    code = np.where(column.code < 0, NO_CATEGORY, column.code).astype(np.uint8)
    return ColumnSketch(name=column.name, categories=column.categories, code=code, number=column.number)


def _map(made: EmbeddingMap, shown: int) -> MapSketch:
    low, high = made.coordinates.min(axis=0).astype(float), made.coordinates.max(axis=0).astype(float)
    span = np.where(high > low, high - low, 1)
    neighbours, distances = made.neighbours[:, :shown], made.distances[:, :shown]
    farthest = float(distances.max(initial=0))
    return MapSketch(
        model=made.model,
        layer=made.layer,
        settings=made.settings,
        explained=made.explained,
        disparity=made.disparity,
        trust=made.trust,
        continuous=made.continuous,
        low=low,
        high=low + span,
        coordinates=np.rint((made.coordinates - low) / span * LEVELS).astype(np.uint16),
        trustworthiness=_shares(made.trustworthiness),
        continuity=_shares(made.continuity),
        neighbour_low=(neighbours & 0xFFFF).astype(np.uint16),
        neighbour_high=(neighbours >> 16).astype(np.uint8),
        distances=_shares(distances / (farthest or 1)),
        farthest=farthest,
    )


def _shares(values: np.ndarray) -> np.ndarray:
    """0 to 1 in 256 levels; a point may be worse than a random one, below 0, and is drawn as 0."""
    known = np.nan_to_num(values, nan=0.0)
    levels: np.ndarray = np.rint(np.clip(known, 0, 1) * SHARES).astype(np.uint8)
    return levels
