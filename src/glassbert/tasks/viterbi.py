"""The best sequence of tags when each has a score and not every tag may follow every other.

Viterbi 1967. Letters: T words, C tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from glassbert.text.schemes import Scheme, may_follow

NEVER = -np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """What a step from one tag (row) to another (column) scores, and beginning and ending with a tag."""

    steps: Float[np.ndarray, "C C"]
    first: Float[np.ndarray, "C"]
    last: Float[np.ndarray, "C"]

    @classmethod
    def of(cls, labels: Sequence[str], scheme: Scheme) -> Edges:
        """0 where the scheme allows the step, else minus infinity."""

        def score(before: str, tag: str) -> float:
            return 0.0 if may_follow(before, tag, scheme) else NEVER

        return cls(
            steps=np.array([[score(before, tag) for tag in labels] for before in labels]),
            first=np.array([score("", tag) for tag in labels]),
            last=np.array([score(tag, "") for tag in labels]),
        )

    def allow(self, tags: Int[np.ndarray, "T"]) -> bool:
        """Whether no step of this sequence is impossible."""
        if not len(tags):
            return True
        ends = self.first[tags[0]] + self.last[tags[-1]]
        return bool(np.isfinite(ends) and np.isfinite(self.steps[tags[:-1], tags[1:]]).all())


def best_sequence(scores: Float[np.ndarray, "T C"], edges: Edges) -> Int[np.ndarray, "T"]:
    """The sequence with the highest sum of scores and steps; of equals the one with lower numbers later."""
    count = len(scores)
    found = np.zeros(count, dtype=np.int64)
    if not count:
        return found
    total = edges.first + scores[0]
    back = np.zeros(scores.shape, dtype=np.int64)
    for place in range(1, count):
        ways = total[:, None] + edges.steps
        back[place] = ways.argmax(0)
        total = ways.max(0) + scores[place]
    found[-1] = (total + edges.last).argmax()
    for place in range(count - 1, 0, -1):
        found[place - 1] = back[place, found[place]]
    return found
