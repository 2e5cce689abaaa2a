"""What the masked-word lens draws: the head's guesses for every token, read from every layer.

Letters: L1 states of a token (embeddings, then after each block), S tokens, K guesses, W words asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from glassbert.lens.records import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskedRecord(Record):
    """For every layer and token the K likeliest words, and how far the guess is from the last layer's.

    `guess` indexes `vocabulary`; `probability` goes with it. `kl` is KL(last layer || this layer) and
    `entropy` that of the guess, in nats. `rank_own` is the rank, from 0, of the token that stands (or stood)
    there, `rank_final` of the last layer's best guess, `ranks` of the words asked for. `hidden` marks tokens
    replaced by the mask. `lens` is "logit" or "tuned".
    """

    model: str
    text: str
    pair: str | None
    window: int
    num_windows: int
    lens: str
    tokens: tuple[str, ...]
    word: Int32[np.ndarray, " S"]
    hidden: Int32[np.ndarray, " M"]
    vocabulary: tuple[str, ...]
    guess: Int32[np.ndarray, "L1 S K"]
    probability: Float32[np.ndarray, "L1 S K"]
    kl: Float32[np.ndarray, "L1 S"]
    entropy: Float32[np.ndarray, "L1 S"]
    rank_own: Int32[np.ndarray, "L1 S"]
    rank_final: Int32[np.ndarray, "L1 S"]
    asked: tuple[str, ...]
    ranks: Int32[np.ndarray, "W L1 S"]

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = self.kl.shape
        alike = {self.guess.shape[:2], self.entropy.shape, self.rank_own.shape, self.ranks.shape[1:]} == {
            shape
        }
        if not alike or len(self.tokens) != shape[1] or len(self.asked) != len(self.ranks):
            raise ValueError("tokens, layers and words disagree in size")

    def words(self, layer: int, token: int) -> tuple[str, ...]:
        """The guesses for a token, the likeliest first."""
        return tuple(self.vocabulary[place] for place in self.guess[layer, token])
