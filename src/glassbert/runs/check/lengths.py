"""How long the texts are in tokens, and what a window of each size would cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassbert.runs.check.finding import Finding
from glassbert.tasks.task import Examples, Task
from glassbert.text.tokenizer import Tokenizer

PERCENTILES = (50, 90, 95, 99, 100)
SIZES = (32, 64, 128, 256, 512)
UNKNOWN_SHARE = 0.05
MOST_TEXTS = 20_000
MOST_CHARACTERS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class WindowCost:
    """Windows of at most `max_length` tokens: how many texts need several, how many windows and tokens that
    makes, and which share of the tokens is read a second time where windows overlap.
    """

    max_length: int
    texts_in_several: int
    windows: int
    tokens: int
    tokens_again: float

    def as_dict(self) -> dict[str, Any]:
        return vars(self).copy()


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Of `texts` texts that were counted (all, or some at equal distances)."""

    texts: int
    of_texts: int
    percentiles: dict[str, int]
    unknown_share: float
    costs: tuple[WindowCost, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "texts_counted": self.texts,
            "texts": self.of_texts,
            "percentiles": self.percentiles,
            "unknown_token_share": self.unknown_share,
            "windows": [cost.as_dict() for cost in self.costs],
        }


def unknown_finding(lengths: Lengths, model: str) -> list[Finding]:
    """A warning where the tokenizer does not know much of what is written: the model cannot read it."""
    if lengths.unknown_share < UNKNOWN_SHARE:
        return []
    what = (
        f"{lengths.unknown_share:.0%} of the tokens are unknown to the tokenizer of {model}: the model reads "
    )
    what += "them all as one and the same word"
    fix = "take a model for this language, or a multilingual one, with --model"
    facts = {"share": lengths.unknown_share}
    return [Finding(code="unknown-tokens", level="warning", what=what, fix=fix, facts=facts)]


def token_lengths(examples: Examples, task: Task, tokenizer: Tokenizer, *, max_length: int) -> Lengths:
    """Tokens of each text, special ones once, and what windows of up to `max_length` tokens would cost."""
    some = sampled(examples)
    whole = task.windows(some, tokenizer, max_length=max_length)
    tokens = np.bincount(np.repeat(whole.example, whole.lengths), weights=whole.once, minlength=len(some))
    sizes = [size for size in SIZES if size < max_length] + [max_length]
    costs = []
    for size in sizes:
        windows = whole if size == max_length else task.windows(some, tokenizer, max_length=size)
        once = int(windows.once.sum())
        costs.append(
            WindowCost(
                max_length=size,
                texts_in_several=int((windows.per_text > 1).sum()),
                windows=len(windows),
                tokens=int(windows.lengths.sum()),
                tokens_again=1 - once / max(int(windows.lengths.sum()), 1),
            )
        )
    found = np.percentile(tokens, PERCENTILES, method="higher") if len(tokens) else np.zeros(len(PERCENTILES))
    unknown = float((whole.input_ids == tokenizer.unk_token_id).mean()) if len(whole.input_ids) else 0.0
    return Lengths(
        texts=len(some),
        of_texts=len(examples),
        percentiles={f"p{p}": int(value) for p, value in zip(PERCENTILES, found, strict=True)},
        unknown_share=unknown,
        costs=tuple(costs),
    )


def sampled(examples: Examples, *, most: int = MOST_TEXTS) -> Examples:
    """At most so many examples at equal distances, and fewer where they are long."""
    sizes = [len(text) if isinstance(text, str) else sum(map(len, text)) for text in examples.texts]
    mean = max(sum(sizes) / max(len(sizes), 1), 1.0)
    count = min(len(examples), most, max(1, int(MOST_CHARACTERS / mean)))
    return examples.select(np.linspace(0, len(examples) - 1, count).astype(np.int64))
