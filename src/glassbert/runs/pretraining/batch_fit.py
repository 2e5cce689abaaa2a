"""How many sequences an update takes where nobody said and a budget allows for few updates.

The batches of the recipes are meant for runs of many thousand updates. A budget of minutes on a CPU has
time for some dozens of these, in which nothing is learnt but how frequent words are; smaller batches make
more updates of the same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glassbert.runs.pretraining.settings import Settings

ENOUGH = 1000
"""Updates from which on a larger batch is worth more than another update."""
SMALLEST = 8
NAMES = ("batch_size", "batch_ramp")


def probing(settings: Settings) -> Settings:
    """The same with the smallest batches, whose steps are measured first."""
    return replace(settings, batch_size=min(SMALLEST, settings.batch_size), batch_ramp=1)


def fitted(settings: Settings, *, sequences: float) -> Settings:
    """Batches of the largest power of two of which `sequences`, as many as there is time for, make ENOUGH
    updates, at least SMALLEST; no larger than the recipe's, and not growing where they are smaller.
    """
    allowed = max(int(sequences / ENOUGH), SMALLEST)
    size = 1 << (allowed.bit_length() - 1)
    return settings if size >= settings.batch_size else replace(settings, batch_size=size, batch_ramp=1)


def entries(settings: Settings, before: Settings, *, sequences: float) -> dict[str, dict[str, Any]]:
    """What run.json's `config` says of them."""
    updates = sequences / before.batch_size
    reason = f"the recipe's {before.batch_size} would leave some {updates:,.0f} updates to the budget"
    return {name: {"value": getattr(settings, name), "from": "measured", "reason": reason} for name in NAMES}


def as_begun(settings: Settings, config: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings with the batches that the run has begun with."""
    return replace(settings, **{name: config[name]["value"] for name in NAMES})
