"""Scores on held-out text, for the terminal."""

from __future__ import annotations

from typing import Any


def measures(found: dict[str, Any]) -> str:
    """What was read, and a line for each measure."""
    from glassbert.runs.pretraining.card import NAMES  # loads torch: only when there is a result

    width = max(len(NAMES[name]) for name in found["metrics"])
    lines = [f"held out: {found['documents']:,} documents, {found['evaluated_masks']:,} masked tokens"]
    lines += [f"  {NAMES[name]:<{width}}  {value:.4f}" for name, value in found["metrics"].items()]
    return "\n".join(lines)
