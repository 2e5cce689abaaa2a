"""The settings of a fine-tuning run: defaults that fit the model and the data, each with its reason.

Small encoders want larger rates than large ones (published grids: 1e-4 to 3e-4 up to 30 M parameters, 2e-5
to 5e-5 for base models); layer-wise decay, warm-up and validation twice an epoch follow AutoGluon's recipe,
the strongest found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from glassbert.errors import Problem, UsageError
from glassbert.tasks.labels import ClassWeights
from glassbert.train.optimizer import NAMES as OPTIMIZERS
from glassbert.train.schedule import DECAYS

Origin = Literal["default", "recipe", "option", "config file"]
METRICS = ("accuracy", "macro_f1", "mcc", "loss")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a fine-tuning run is told. Rates are per update; lengths are tokens; `budget` and saving are
    seconds.

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
class Setting:
    """One value, where it came from, and why it is what it is."""

    value: Any
    origin: Origin
    reason: str


def recipe(*, num_parameters: int, num_rows: int, max_length: int) -> dict[str, tuple[Any, str]]:
    """Settings that depend on the model's size and the number of training rows, with reasons."""
    millions = num_parameters / 1e6
    rate, size = _rate(millions)
    epochs, rows = _epochs(num_rows)
    return {
        "learning_rate": (rate, f"{size}: the model has {millions:.1f} M parameters"),
        "epochs": (epochs, f"{rows}: {num_rows:,} training rows, and the best checkpoint is kept"),
        "batch_size": (32 if num_rows >= 1000 else 16, f"{num_rows:,} training rows"),
        "max_length": (max_length, "the model's positions; longer texts are read in windows"),
    }


def settle(
    given: Mapping[str, Any], file: Mapping[str, Any], advice: Mapping[str, tuple[Any, str]]
) -> dict[str, Setting]:
    """Every setting with its origin: an option wins over the configuration file, that over the recipe.

    Raises UsageError for unknown names and for values that make no sense.
    """
    known = {field.name: field.default for field in fields(Settings)}
    for name in file:
        if name not in known:
            raise _bad(name, "is no setting", f"settings: {', '.join(known)}")
    settings = {}
    for name, default in known.items():
        if given.get(name) is not None:
            settings[name] = Setting(
                value=given[name], origin="option", reason="given on the command line or in the call"
            )
        elif file.get(name) is not None:
            settings[name] = Setting(
                value=file[name], origin="config file", reason="given in the configuration file"
            )
        elif name in advice:
            settings[name] = Setting(value=advice[name][0], origin="recipe", reason=advice[name][1])
        else:
            settings[name] = Setting(
                value=default, origin="default", reason=DEFAULT_REASONS.get(name, "the default")
            )
    check({name: setting.value for name, setting in settings.items()})
    return settings


def values(settings: Mapping[str, Setting]) -> Settings:
    """The plain values."""
    return Settings(**{name: setting.value for name, setting in settings.items()})


DEFAULT_REASONS = {
    "layer_decay": "each block learns 0.9 times as fast as the one above: lower layers change less",
    "warmup_ratio": "a tenth of the steps lets Adam's second moments settle before the full rate",
    "attention_dropout": "attention weights are not dropped: dropping them takes the slow path of attention",
    "weight_decay": "matrices only; biases, norms and word embeddings are not decayed",
    "patience": "validations without improvement before stopping",
}


def check(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for the first value that is out of range."""
    ranges = {
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
    for name, (low, high, inclusive) in ranges.items():
        value = settings[name]
        if value is None and name == "budget":
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not (low <= value <= high if inclusive else low < value <= high):
            raise _bad(
                name, f"is {value!r}", f"give a number {'from' if inclusive else 'above'} {low} to {high:g}"
            )
    for name in ("batch_size", "gradient_accumulation_steps", "patience", "max_length", "seed"):
        value, least = settings[name], 0 if name == "seed" else 1
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
            raise _bad(name, f"is {value!r}", f"give a whole number from {least} to 2147483647")
    choices = {"optimizer": OPTIMIZERS, "lr_scheduler_type": tuple(DECAYS), "metric": METRICS}
    for name, known in choices.items():
        if settings[name] not in known:
            raise _bad(name, f"is {settings[name]!r}", f"choose one of {', '.join(known)}")


def _rate(millions: float) -> tuple[float, str]:
    if millions <= 15:
        return 3e-4, "tiny encoders learn at up to 3e-4"
    if millions <= 40:
        return 2e-4, "small encoders learn at 1e-4 to 3e-4"
    if millions <= 150:
        return 5e-5, "base encoders learn at 2e-5 to 5e-5"
    return 2e-5, "large encoders learn at 1e-5 to 3e-5"


def _epochs(num_rows: int) -> tuple[float, str]:
    if num_rows < 1000:
        return 10.0, "few rows need more passes"
    if num_rows < 10_000:
        return 4.0, "some thousand rows"
    return 3.0, "three passes are enough for many rows"


def _bad(name: str, what: str, fix: str) -> UsageError:
    option = "--" + name.replace("_", "-")
    return UsageError(Problem(code="bad-setting", what=f"{option} {what}", fix=fix))
