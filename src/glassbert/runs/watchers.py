"""Who is told what happens in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from glassbert.train.plan import StepReport


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """Who hears a sentence, who sees every step, and who hears the scores of every validation."""

    say: Callable[[str], None] = lambda sentence: None
    on_step: Callable[[StepReport], None] | None = None
    on_scores: Callable[[Mapping[str, float]], None] | None = None
