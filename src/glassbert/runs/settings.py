"""What a fine-tuning run can be told: the settings, their other names, and which values make sense."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glassbert.runs.learnt import Learnt, problem_of
from glassbert.runs.sensible import Range, bad_setting, check_choice, check_number, check_whole, python_own
from glassbert.tasks.labels import ClassWeights
from glassbert.tasks.names import METRICS
from glassbert.train.optimizer import NAMES as OPTIMIZERS
from glassbert.train.schedule import DECAYS


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a fine-tuning run is told. Rates are per update; lengths are tokens; `budget` is seconds.

    `evaluations_per_epoch` are validations, after each of which the best checkpoint may change; `patience`
    is how many without a better one end the run.
    """

    epochs: float = 3.0
    batch_size: int = 32
    gradient_accumulation_steps: int = 1
    learning_rate: float = 5e-5
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_ratio: float = 0.1
    lr_scheduler_type: str = "linear"
    optimizer: str = "adamw"
    max_grad_norm: float = 1.0
    hidden_dropout: float = 0.1
    attention_dropout: float = 0.0
    label_smoothing: float = 0.0
    class_weights: ClassWeights = None
    evaluations_per_epoch: float = 2.0
    patience: int = 6
    metric: str = "accuracy"
    max_length: int = 512
    budget: float | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Together:
    """How several processes train: they meet after `sync_every` steps of their own (None: all take every step
    together).
    """

    sync_every: int | None = None


# names of transformers' TrainingArguments, its scripts and its callbacks for the same things
ALIASES = {
    "num_train_epochs": "epochs",
    "per_device_train_batch_size": "batch_size",
    "max_seq_length": "max_length",
    "label_smoothing_factor": "label_smoothing",
    "metric_for_best_model": "metric",
    "early_stopping_patience": "patience",
    "hidden_dropout_prob": "hidden_dropout",
    "attention_probs_dropout_prob": "attention_dropout",
}
RANGES: Mapping[str, Range] = {
    "epochs": (0, 10_000, False),
    "learning_rate": (0, 10, False),
    "layer_decay": (0, 1, True),
    "weight_decay": (0, 10, True),
    "warmup_ratio": (0, 1, True),
    "max_grad_norm": (0, 1e9, False),
    "hidden_dropout": (0, 0.99, True),
    "attention_dropout": (0, 0.99, True),
    "label_smoothing": (0, 0.99, True),
    "evaluations_per_epoch": (0, 1000, False),
    "budget": (0, 1e9, False),
}
# a window holds two special tokens and at least one of the text
LEAST = {
    "batch_size": 1,
    "gradient_accumulation_steps": 1,
    "patience": 1,
    "max_length": 3,
    "seed": 0,
    "sync_every": 1,
}
CHOICES = {
    "optimizer": OPTIMIZERS,
    "lr_scheduler_type": tuple(DECAYS),
    "metric": METRICS,
}
OPTIONAL = ("budget", "class_weights", "sync_every")
DEFAULTS = {field.name: field.default for part in (Settings, Learnt, Together) for field in fields(part)}
"""Every setting: how training goes, what of the network learns, and how processes share the work."""


def plain_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same values under our names, numpy's numbers as Python's own. Raises UsageError for an unknown name
    and for one given twice.
    """
    known = list(DEFAULTS)
    named: dict[str, Any] = {}
    for name, value in given.items():
        plain = ALIASES.get(name, name)
        if plain not in known:
            close = difflib.get_close_matches(name, [*known, *ALIASES], n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise bad_setting(name, "is no setting", f"{hint}settings: {', '.join(known)}")
        if plain in named:
            raise bad_setting(name, "is given twice, under two names", f"keep {plain}")
        named[plain] = python_own(value)
    return named


def check(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for the first of these values that makes no sense; not all settings need be there."""
    for name, value in settings.items():
        if value is None and name in OPTIONAL:
            continue
        if name in Learnt.__dataclass_fields__:
            if problem := problem_of(name, value):
                raise bad_setting(name, *problem)
        elif name in RANGES:
            check_number(name, value, RANGES[name])
        elif name in LEAST:
            check_whole(name, value, LEAST[name])
        elif name in CHOICES:
            check_choice(name, value, CHOICES[name])
        elif name == "class_weights" and value != "balanced" and not isinstance(value, Mapping):
            raise bad_setting(
                name, f"is {value!r}", 'give "balanced", or a table of label = weight in --config'
            )
