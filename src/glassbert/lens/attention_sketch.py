"""An attention record small enough for a page: every map as a thumbnail, and as many heads whole as there is
room for.

At 512 tokens the queries and keys of BERT base are 38 MB, which is 51 MB of page. A sketch is at most 1.5 MB.
Letters: K heads held whole, P cells of a thumbnail's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from glassbert.lens.attention_record import AttentionRecord
from glassbert.lens.records import Record

# Bytes of the arrays; base64 makes 1.5 MB of the larger. Short texts are held whole more readily than long
# ones are sketched finely: at 128 tokens a page is to be a hundredth of BertViz's.
WHOLE_BYTES = 1_120_000
SKETCH_BYTES, SKETCH_BYTES_PER_TOKEN = 300_000, 1_600
SIDE = 48
LEVELS = 255


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionSketch(Record):
    """Every head's map in few pixels, and the queries and keys of the heads that have most to show.

    `pooled` holds round(255 sqrt(w)) of the largest weight w of each cell; cell p of P covers the tokens from
    floor(p S / P) to ceil((p + 1) S / P). `whole` numbers the heads that are held whole, layer * N + head,
    the most telling first; the rest is as in AttentionRecord, for these heads.
    """

    model: str
    text: str
    pair: str | None
    window: int
    num_windows: int
    tokens: tuple[str, ...]
    token_type_ids: UInt8[np.ndarray, " S"]
    word: Int32[np.ndarray, " S"]
    pooled: UInt8[np.ndarray, "L N P P"]
    certificates: Float32[np.ndarray, "L N"]
    whole: Int32[np.ndarray, " K"]
    query: Float32[np.ndarray, "K S d"]
    key: Float32[np.ndarray, "K S d"]
    value_witness: Float32[np.ndarray, "K S"]
    context_witness: Float32[np.ndarray, "K S"]


def fitted(record: AttentionRecord) -> AttentionRecord | AttentionSketch:
    """The record itself when it is small, else a sketch of it."""
    whole = record.certificates.size * _head_bytes(record)
    room = SKETCH_BYTES + SKETCH_BYTES_PER_TOKEN * len(record.tokens)
    return record if whole <= WHOLE_BYTES else within(record, room)


def within(record: AttentionRecord, room: int) -> AttentionRecord | AttentionSketch:
    """The record itself where its arrays take no more than `room` bytes, else a sketch with at least one head
    whole.
    """
    per_head, heads = _head_bytes(record), record.certificates.size
    if heads * per_head <= room:
        return record
    side = min(len(record.tokens), SIDE)
    return sketch(record, side=side, num_whole=max((room - heads * side**2) // per_head, 1))


def _head_bytes(record: AttentionRecord) -> int:
    """Query, key and two witnesses of one head, in float32."""
    _, _, size, width = record.query.shape
    return 8 * size * (width + 1)


def sketch(record: AttentionRecord, *, side: int, num_whole: int) -> AttentionSketch:
    """Thumbnails of `side` x `side` cells, and `num_whole` heads whole."""
    layers, heads = record.certificates.shape
    pooled = np.empty((layers, heads, side, side), np.uint8)
    telling = np.empty((layers, heads))
    for layer in range(layers):
        for head in range(heads):
            weights = record.weights(layer, head)
            pooled[layer, head] = np.rint(LEVELS * np.sqrt(pool_max(weights, side)))
            telling[layer, head] = variety(weights)
    whole = np.argsort(-telling.ravel(), kind="stable")[:num_whole].astype(np.int32)
    at = np.unravel_index(whole, (layers, heads))
    return AttentionSketch(
        model=record.model,
        text=record.text,
        pair=record.pair,
        window=record.window,
        num_windows=record.num_windows,
        tokens=record.tokens,
        token_type_ids=record.token_type_ids,
        word=record.word,
        pooled=pooled,
        certificates=record.certificates,
        whole=whole,
        query=record.query[at],
        key=record.key[at],
        value_witness=record.value_witness[at],
        context_witness=record.context_witness[at],
    )


def pool_max(weights: Float32[np.ndarray, "S S"], side: int) -> Float32[np.ndarray, "P P"]:
    """The largest weight of every cell, as `poolMax` of the page has it."""
    size = len(weights)
    cells = np.arange(side)
    # Pairs of begin and end: reduceat gives begin:end at every even place. The last end needs one more row.
    bounds = np.stack([cells * size // side, -(-(cells + 1) * size // side)], axis=1).ravel()
    padded = np.pad(weights, ((0, 1), (0, 1)))
    rows = np.maximum.reduceat(padded, bounds, axis=0)[::2]
    pooled: np.ndarray = np.maximum.reduceat(rows, bounds, axis=1)[:, ::2]
    return pooled


def variety(weights: Float32[np.ndarray, "S S"]) -> float:
    """How much the rows differ from their mean: 0 for an even head and for one that always looks at one
    token.
    """
    return float(np.abs(weights - weights.mean(axis=0)).sum(axis=1).mean() / 2)
