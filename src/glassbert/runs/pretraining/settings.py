"""What a pre-training run can be told, and the sizes of a new encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.runs.sensible import Range, bad_setting, check_choice, check_number, check_whole
from glassbert.tasks.pretraining import HEADS
from glassbert.train.schedule import DECAYS

# google-research/bert: BERT-base and its miniatures (Turc et al. 2019); a head has 64 numbers everywhere
SIZES: Mapping[str, tuple[int, int]] = {
    "tiny": (2, 128),
    "mini": (4, 256),
    "small": (4, 512),
    "medium": (8, 512),
    "base": (12, 768),
}
"""Blocks and hidden size by name."""
DEFAULT_SIZE = "mini"
HEAD_SIZE, INNER = 64, 4


INNER_MODERN = 8 / 3
"""A gated feed-forward has three matrices, a plain one two: 8/3 in place of 4 makes them as large."""
GATED_MULTIPLE = 64

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "paper": {},
    "modern": {
        "objective": "mlm",
        "optimizer": "muon",
        "batch_size": 64,
        "batch_ramp": 4,
        "learning_rate": 3e-3,
        "warmup_ratio": 0.03,
        "lr_scheduler_type": "warmup_stable_decay",
        "weight_decay": 0.05,
        "hidden_dropout": 0.0,
        "masking_rate": 0.2,
    },
}
"""What a recipe says where nobody says otherwise; "modern" also builds another network (`networks`)."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a pre-training run is told; the defaults are those of the BERT paper (appendix A.2).

    Of `steps` (updates) and `budget` (seconds) one has to be given. `batch_size` counts sequences of at most
    `max_length` tokens; the first steps take a `batch_ramp`-th of it, growing to all over the first half.
    `masking_rate` is the share of tokens that are predicted. `evaluations` are on the
    way, besides the one at the end. Attention weights are not dropped out (the paper: 0.1), because the fast
    kernels cannot. Several processes meet after `sync_every` steps of their own (None: every step is one that
    they take together).
    """

    recipe: str = "paper"
    objective: str = "mlm+nsp"
    optimizer: str = "adamw"
    steps: int | None = None
    budget: float | None = None
    batch_size: int = 256
    batch_ramp: int = 1
    max_length: int = 128
    learning_rate: float = 1e-4
    warmup_ratio: float = 0.01
    lr_scheduler_type: str = "linear"
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    hidden_dropout: float = 0.1
    attention_dropout: float = 0.0
    masking_rate: float = 0.15
    whole_word_masking: bool = False
    fixed_masks: bool = False
    evaluations: int = 10
    seed: int = 0
    sync_every: int | None = None


DEFAULTS = {field.name: field.default for field in fields(Settings)}
RANGES: Mapping[str, Range] = {
    "budget": (0, 1e9, False),
    "learning_rate": (0, 10, False),
    "warmup_ratio": (0, 1, True),
    "weight_decay": (0, 10, True),
    "max_grad_norm": (0, 1e9, False),
    "hidden_dropout": (0, 0.99, True),
    "attention_dropout": (0, 0.99, True),
    "masking_rate": (0, 1, False),
}
LEAST = {
    "steps": 1,
    "batch_size": 1,
    "batch_ramp": 1,
    "max_length": 5,
    "evaluations": 0,
    "seed": 0,
    "sync_every": 1,
}
CHOICES = {
    "recipe": tuple(RECIPES),
    "objective": tuple(HEADS),
    "optimizer": ("adamw", "muon"),
    "lr_scheduler_type": tuple(DECAYS),
}
FLAGS = ("whole_word_masking", "fixed_masks")


def check(said: Mapping[str, Any]) -> None:
    """Raise UsageError for the first of these values that makes no sense; not all settings need be there."""
    for name, value in said.items():
        if name not in DEFAULTS:
            raise bad_setting(name, "is no setting", f"settings: {', '.join(DEFAULTS)}")
        if name in RANGES:
            check_number(name, value, RANGES[name])
        elif name in LEAST:
            check_whole(name, value, LEAST[name])
        elif name in CHOICES:
            check_choice(name, value, CHOICES[name])
        elif name in FLAGS and not isinstance(value, bool):
            raise bad_setting(name, f"is {value!r}", "give true or false")


def settled(said: Mapping[str, Any]) -> Settings:
    """What was said, with what the recipe says of the rest.

    A recipe's ramp bends to the largest part that divides the batch. Raises UsageError for a batch that does
    not divide into the parts that somebody said it grows by.
    """
    settings = Settings(**{**RECIPES[said.get("recipe", "paper")], **said})
    ramp, batch = settings.batch_ramp, settings.batch_size
    fitting = max(part for part in range(1, min(ramp, batch) + 1) if batch % part == 0)
    if fitting == ramp:
        return settings
    if "batch_ramp" not in said:
        return replace(settings, batch_ramp=fitting)
    larger = f", or --batch-size {math.ceil(batch / ramp) * ramp}"
    what = f"is {ramp}, and a batch of {batch} sequences does not divide into {ramp} parts"
    raise bad_setting("batch_ramp", what, f"give --batch-ramp {fitting}{larger}")


def check_length(said: Mapping[str, Any]) -> None:
    """Raise UsageError unless somebody said how long to train."""
    if "steps" not in said and "budget" not in said:
        what, fix = "nothing says how long to train", "give --budget 30m or --steps 10000"
        raise UsageError(Problem(code="no-length", what=what, fix=fix))


def size_of(name: str) -> tuple[int, int]:
    """Blocks and hidden size. Raises UsageError for an unknown name."""
    check_choice("size", name, tuple(SIZES))
    return SIZES[name]
