"""What the attention view draws: the queries and keys of one text, from which every map can be computed.

Letters: L layers, N heads, S tokens of the text, d head size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionRecord(Record):
    """Queries and keys of every layer and head of one text or pair, and the proof that its maps are right.

    `word` is the index of the word a token belongs to, -1 for special tokens. `certificates` is, for each
    head, max |A V - context|: how far the weights drawn here are from what the model really computed. V and
    the context were compared when the record was made and are not stored, but their products with one random
    direction u are: whoever draws a map compares A (V u) with context u once more, so that queries or keys
    that were damaged later are noticed too. A text longer than the model is
    seen through one of its windows: `window`, from 0, of `num_windows`.
    """

    model: str
    text: str
    pair: str | None
    window: int
    num_windows: int
    tokens: tuple[str, ...]
    token_type_ids: UInt8[np.ndarray, " S"]
    word: Int32[np.ndarray, " S"]
    query: Float32[np.ndarray, "L N S d"]
    key: Float32[np.ndarray, "L N S d"]
    value_witness: Float32[np.ndarray, "L N S"]
    context_witness: Float32[np.ndarray, "L N S"]
    certificates: Float32[np.ndarray, "L N"]

    def __post_init__(self) -> None:
        super().__post_init__()
        L, N, S, _ = self.query.shape
        sizes = {len(self.tokens), len(self.token_type_ids), len(self.word), S}
        alike = self.key.shape == self.query.shape and self.certificates.shape == (L, N)
        witnessed = self.value_witness.shape == self.context_witness.shape == (L, N, S)
        if len(sizes) > 1 or not alike or not witnessed:
            raise ValueError("tokens, segments, words, queries, keys and their proofs disagree in size")

    def weights(self, layer: int, head: int) -> Float32[np.ndarray, "S S"]:
        """softmax(Q Kᵀ / √d) in float32; row i is how token i distributes its attention, and sums to 1."""
        query, key = self.query[layer, head], self.key[layer, head]
        scores = query @ key.T / np.float32(math.sqrt(query.shape[1]))
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
        return weights

    def certificate(self, layer: int, head: int) -> float:
        """max |A V - context| of this head, or what the witnesses say of its map where that is more.

        Rounding alone gives about 1e-6.
        """
        drawn = self.weights(layer, head) @ self.value_witness[layer, head]
        residual = np.abs(drawn - self.context_witness[layer, head]).max(initial=0.0)
        return float(max(residual, self.certificates[layer, head]))
