"""What the head atlas draws: what every head attends to, how alike heads are, which could be spared.

Letters: L layers, N heads of a layer, M = L N heads in all (layer * N + head), P patterns, K offsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from glassbert.lens.records import Record

# In the order of `scores`; "broad" is decided by the entropy and has none.
PATTERNS = ("previous", "next", "itself", "offset", "same", "cls", "sep", "punctuation")
BROAD = len(PATTERNS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relation(Record):
    """How well heads find one dependency relation, against the best fixed offset.

    `accuracy[0]` is for dependents that look at their head word, `accuracy[1]` for head words that look at
    their dependents. The best head (`direction`, `layer`, `head`) is the best on the first, third, ...
    sentence; `held_out` is its accuracy on the others, and `held_out_count` how many pairs those have.
    """

    name: str
    count: int
    accuracy: Float32[np.ndarray, "2 L N"]
    baseline: float
    offset: int
    direction: int
    layer: int
    head: int
    held_out: float
    held_out_count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadsRecord(Record):
    """What every head attends to on the given texts, how alike heads are, and which repeat others.

    `scores` are mean shares of attention over the content tokens that have such a target, `chance` what even
    attention would give; `counts` is how many tokens that were (NaN and 0 where none). `offset` is the
    offset, 2 or more tokens away, that a head attends to most. `entropy` is in nats, `broadness` the entropy
    divided by its maximum, the logarithm of the window's length. `label` numbers the patterns, 8 is broad, -1
    is nothing clear; `candidate` is the best pattern in any case, `score` its score, `margin` by how much it
    exceeds the bar or the runner-up, whichever is higher, chance taken off (below 0: no label). `distance` is
    the mean Jensen-Shannon divergence in nats over `distance_rows` tokens; `place` a plane map of it, which
    shows the share `place_share` of the squared distances. `spared` is the pruning list: the head that
    repeats another best comes first, `twin` is the other, `gap` their distance.
    """

    model: str
    num_texts: int
    num_windows: int
    num_tokens: int
    cls: str
    sep: str
    scores: Float32[np.ndarray, "L N P"]
    chance: Float32[np.ndarray, " P"]
    counts: Int32[np.ndarray, " P"]
    offsets: Int32[np.ndarray, " K"]
    profile: Float32[np.ndarray, "L N K"]
    offset: Int32[np.ndarray, "L N"]
    entropy: Float32[np.ndarray, "L N"]
    broadness: Float32[np.ndarray, "L N"]
    label: Int32[np.ndarray, "L N"]
    candidate: Int32[np.ndarray, "L N"]
    score: Float32[np.ndarray, "L N"]
    margin: Float32[np.ndarray, "L N"]
    distance: Float32[np.ndarray, "M M"]
    distance_rows: int
    place: Float32[np.ndarray, "M 2"]
    place_share: float
    spared: Int32[np.ndarray, " R"]
    twin: Int32[np.ndarray, " R"]
    gap: Float32[np.ndarray, " R"]
    relations: tuple[Relation, ...]
    num_sentences: int
    skipped_sentences: int

    def __post_init__(self) -> None:
        super().__post_init__()
        layers, heads = self.label.shape
        total = layers * heads
        alike = self.scores.shape == (layers, heads, len(PATTERNS)) and self.entropy.shape == (layers, heads)
        if not alike or self.distance.shape != (total, total) or len(self.place) != total:
            raise ValueError("scores, labels and distances are not of the same heads")

    def name(self, layer: int, head: int) -> str:
        """The label of a head in a word: "previous", "offset +3", "broad", "nothing clear", ..."""
        label = int(self.label[layer, head])
        if label < 0:
            return "nothing clear"
        if label == BROAD:
            return "broad"
        name = PATTERNS[label]
        return f"offset {int(self.offset[layer, head]):+d}" if name == "offset" else name
