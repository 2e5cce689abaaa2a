"""From shares of attention to a word for each head, or to "nothing clear"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glassbert.lens.heads_record import BROAD

# Clark et al. 2019 call a head one of a pattern when more than half of its attention goes there.
BAR = 0.5
BROAD_BAR = 0.9
NOTHING = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Label, best candidate, its score, and the margin that decided, [L, N] each."""

    label: Int[np.ndarray, "L N"]
    candidate: Int[np.ndarray, "L N"]
    score: Float[np.ndarray, "L N"]
    margin: Float[np.ndarray, "L N"]


def labelled(
    scores: Float[np.ndarray, "L N P"], chance: Float[np.ndarray, "P"], broadness: Float[np.ndarray, "L N"]
) -> Labels:
    """Each head's pattern. A score counts above chance, (score - chance) / (1 - chance), 1 at the most.

    The best pattern is the label if it reaches half and no other comes as close; its margin is the distance
    to the higher of the two. Else the head is broad if its entropy is at least 0.9 of the largest possible.
    """
    room = np.where(chance < 1, 1 - chance, np.nan)
    above = np.nan_to_num((scores - chance) / room, nan=-1.0)
    candidate = above.argmax(-1)
    best = np.take_along_axis(above, candidate[..., None], -1)[..., 0]
    score = np.take_along_axis(np.nan_to_num(scores), candidate[..., None], -1)[..., 0]
    second = np.partition(above, -2, axis=-1)[..., -2]
    margin = best - np.maximum(second, BAR)
    label = np.where(margin > 0, candidate, NOTHING)
    broad = (margin <= 0) & (broadness >= BROAD_BAR)
    return Labels(
        label=np.where(broad, BROAD, label),
        candidate=np.where(broad, BROAD, candidate),
        score=np.where(broad, broadness, score),
        margin=np.where(broad, broadness - BROAD_BAR, margin),
    )
