"""Seconds and bytes of a whole run from a few measured parts: arithmetic only.

A run loads, takes `steps` steps over `tokens` tokens, validates and saves `evaluations` times, and judges:

    seconds = loading + tokens x per_token + steps x per_step
              + (evaluations x validation_tokens + judged_tokens) x per_token_read + saves x per_save + others

    bytes = process + weights + gradients and optimiser of what learns + activations of the largest batch

A deeper network than the measured ones costs what the line through two depths says: blocks are alike. A block
that is frozen costs what reading costs: below the lowest that learns there is no way back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a network takes on this machine: seconds per token of training and of reading, seconds per step
    (clipping and update) and per save, bytes kept for the backward pass per token.
    """

    per_token: float
    per_token_read: float
    per_step: float
    per_save: float
    bytes_per_token: float

    def at_depth(self, other: Pace, *, depths: tuple[int, int], depth: int) -> Pace:
        """At `depth` blocks, on the line through this one and a deeper `other`, measured at `depths`."""
        share = (depth - depths[0]) / (depths[1] - depths[0])
        mine, theirs = asdict(self), asdict(other)
        return Pace(**{name: max(mine[name] + share * (theirs[name] - mine[name]), 0.0) for name in mine})

    def above(self, frozen: Pace) -> Pace:
        """This one of the blocks that learn, standing on blocks that are only read: `frozen` is that of all
        of them, of which the blocks here are a part.
        """
        more = max(frozen.per_token_read - self.per_token_read, 0.0)
        return replace(self, per_token=self.per_token + more, per_token_read=frozen.per_token_read)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a run does: steps, tokens that it learns from (all epochs), tokens of a validation and how many of
    these there are, tokens that are judged at the end, the largest batch in tokens.
    """

    steps: int
    tokens: int
    evaluations: int
    validation_tokens: int
    judged_tokens: int
    largest_batch: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of one model: seconds in all and of the training loop, and mebibytes at the peak."""

    model: str
    num_parameters: int
    num_learning: int
    seconds: float
    training_seconds: float
    steps: int
    tokens: int
    memory_mb: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_seconds(work: Work, pace: Pace, *, others: float) -> tuple[float, float]:
    """(all, of the training loop); `others` is what does not depend on the network, such as the baselines."""
    reading = work.evaluations * work.validation_tokens * pace.per_token_read
    steps = work.tokens * pace.per_token + work.steps * pace.per_step
    loop = steps + reading + work.evaluations * pace.per_save
    settling = (work.validation_tokens + work.judged_tokens) * pace.per_token_read + pace.per_save / 3
    return loop + settling + others, loop


def run_bytes(
    work: Work, pace: Pace, *, process: float, parameters: int, learning: int, numbers: int
) -> float:
    """Peak bytes: of each parameter the weight, of each that learns `numbers` more, four bytes each."""
    weights = 4.0 * parameters + 4.0 * numbers * learning
    return process + weights + pace.bytes_per_token * work.largest_batch
