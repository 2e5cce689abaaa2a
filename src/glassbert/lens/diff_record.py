"""What the checkpoint diff draws: how two models of one shape differ, head by head and matrix by matrix.

Letters: L layers, N heads, P kinds of matrix, K heads whose maps are held, S tokens of the shown text, d head
size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from glassbert.lens.records import Record

# the matrices of a block, in the order of `update` and `rank`
KINDS = ("query", "key", "value", "output", "up", "down")


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixChange(Record):
    """One matrix outside the blocks: |B - A| / |A| (Frobenius) and the effective rank of B - A."""

    name: str
    update: float
    rank: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Flip(Record):
    """A text that the two models answer differently; scores are softmax probabilities, not calibrated."""

    row: int
    text: str
    before: str
    after: str
    before_score: float
    after_score: float


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffRecord(Record):
    """What changed from model A to model B.

    `divergence` is the mean Jensen-Shannon divergence in nats between the maps of a head in both models, over
    content tokens; `own` the same when B's head reads the states of A, so that only the change of the head
    itself counts. `update` is |B - A| / |A| of a matrix (Frobenius norm), `rank` the effective rank of B - A:
    exp of the entropy of its singular values, 0 where nothing changed. `cka[i, j]` is the linear CKA of A's
    states after i blocks and B's after j, over `cka_tokens` tokens. `whole` numbers the heads (layer * N +
    head) whose queries and keys on the shown text are held, those that differ most first: on one `window` of
    it, from 0, of the `text_windows` that it has (`num_windows` counts those of all texts). `flips` are the
    first of `num_flips` texts with another answer; None counts where the two do not classify alike.
    """

    model_a: str
    model_b: str
    num_texts: int
    num_windows: int
    num_tokens: int
    divergence: Float32[np.ndarray, "L N"]
    own: Float32[np.ndarray, "L N"]
    kinds: tuple[str, ...]
    update: Float32[np.ndarray, "L P"]
    rank: Float32[np.ndarray, "L P"]
    others: tuple[MatrixChange, ...]
    cka: Float32[np.ndarray, "L1 L1"]
    cka_tokens: int
    text: str
    window: int
    text_windows: int
    tokens: tuple[str, ...]
    whole: Int32[np.ndarray, " K"]
    query_a: Float32[np.ndarray, "K S d"]
    key_a: Float32[np.ndarray, "K S d"]
    query_b: Float32[np.ndarray, "K S d"]
    key_b: Float32[np.ndarray, "K S d"]
    num_flips: int | None
    flips: tuple[Flip, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        layers, heads = self.divergence.shape
        alike = self.own.shape == (layers, heads) and self.update.shape == self.rank.shape
        held = {len(each) for each in (self.whole, self.query_a, self.key_a, self.query_b, self.key_b)}
        if not alike or len(held) > 1 or self.cka.shape != (layers + 1, layers + 1):
            raise ValueError("heads, matrices and states disagree in size")

    def difference(self, layer: int, head: int) -> Float32[np.ndarray, "S S"] | None:
        """B's map minus A's on the shown text; None for a head that is not held."""
        number = layer * self.divergence.shape[1] + head
        (found,) = np.nonzero(self.whole == number)
        if not len(found):
            return None
        slot = int(found[0])
        return weights(self.query_b[slot], self.key_b[slot]) - weights(self.query_a[slot], self.key_a[slot])


def weights(query: Float32[np.ndarray, "S d"], key: Float32[np.ndarray, "S d"]) -> Float32[np.ndarray, "S S"]:
    """softmax(Q K^T / sqrt(d))."""
    scores = query @ key.T / np.float32(math.sqrt(query.shape[1]))
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found
