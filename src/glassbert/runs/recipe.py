"""The settings of a fine-tuning run: defaults that fit the model and the data, each with its reason.

Small encoders want larger rates than large ones (published grids: 1e-4 to 3e-4 up to 30 M parameters, 2e-5
to 5e-5 for base models); layer-wise decay, warm-up and validation twice an epoch follow AutoGluon's recipe,
the strongest found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glassbert.runs.learnt import Learnt
from glassbert.runs.settings import DEFAULTS, Settings, check, plain_names

Origin = Literal["default", "recipe", "option", "config file"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value, where it came from, and why it is what it is."""

    value: Any
    origin: Origin
    reason: str


GIVEN: dict[Origin, str] = {
    "option": "given on the command line or in the call",
    "config file": "given in the configuration file",
}
DEFAULT_REASONS = {
    "gradient_accumulation_steps": "one batch fits into memory",
    "layer_decay": "each block learns 0.9 times as fast as the one above: lower layers change less",
    "weight_decay": "matrices only; biases, norms and word embeddings are not decayed",
    "warmup_ratio": "a tenth of the steps lets Adam's second moments settle before the full rate",
    "lr_scheduler_type": "the rate falls to nothing, so that the last steps settle",
    "optimizer": "Adam's scaling copes with gradients that differ by orders of magnitude between layers",
    "max_grad_norm": "BERT's own bound on the norm of the gradient",
    "hidden_dropout": "the rate that BERT was trained with",
    "attention_dropout": "attention weights are not dropped: dropping them takes the slow path of attention",
    "label_smoothing": "the labels are taken at their word",
    "class_weights": "every row counts the same",
    "evaluations_per_epoch": "twice an epoch catches the best step without costing much",
    "metric": "the share of right answers chooses the best step",
    "budget": "no limit was asked for",
    "seed": "fixed, so that the same command gives the same model",
    "sync_every": "every step is by the gradient of all processes",
    "freeze": "nothing was asked to stay as it is",
    "lora": "no adapters were asked for",
    "lora_alpha": "no adapters were asked for",
    "lora_targets": "no adapters were asked for",
    "lora_dropout": "adapters hold few numbers, and hidden states are dropped already",
}
FEW_ROWS = 1000
# without Adam's scaling the step is the gradient itself, whose norm is at most `max_grad_norm`
PLAIN_RATES = {"sgd": 0.1, "momentum": 0.01}
# an adapter's change is a product of which one factor begins at zero: it has a longer way to go
LORA_FACTOR, LORA_MOST = 10, 2e-3
HEAD_RATE = 2e-3


def recipe(
    *,
    num_parameters: int,
    num_rows: int,
    max_length: int,
    optimizer: str = "adamw",
    lora: int | None = None,
    freeze: int | str | None = None,
) -> dict[str, tuple[Any, str]]:
    """Settings that depend on the model's size, the number of rows, the optimiser and what learns, with
    reasons.
    """
    millions = num_parameters / 1e6
    epochs, rows = _epochs(num_rows)
    return {
        "learning_rate": _rate_for(millions, optimizer, lora=lora, freeze=freeze),
        "epochs": (epochs, f"{rows}: {num_rows:,} training rows, and the best checkpoint is kept"),
        "patience": _patience(num_rows),
        "batch_size": (16 if num_rows < FEW_ROWS else 32, f"{num_rows:,} training rows"),
        "max_length": (max_length, "the model's positions; longer texts are read in windows"),
        **({} if lora is None else _of_adapters(lora)),
    }


def _of_adapters(rank: int) -> dict[str, tuple[Any, str]]:
    return {
        "lora_alpha": (2.0 * rank, "twice the rank: an adapter counts twice, whatever its rank"),
        "lora_targets": ("query,value", "the layers that Hu et al. 2021 found to need adapters most"),
        "layer_decay": (1.0, "the adapters of all blocks begin at nothing, and learn alike"),
    }


def _rate_for(
    millions: float, optimizer: str, *, lora: int | None, freeze: int | str | None
) -> tuple[float, str]:
    rate, reason = _rate(millions, optimizer)
    if optimizer in PLAIN_RATES:
        return rate, reason
    if lora is not None:
        change = "adapters begin at nothing and learn at ten times the rate of whole weights, up to 2e-3"
        return min(LORA_FACTOR * rate, LORA_MOST), f"{change}; {reason}"
    if freeze == "encoder":
        return HEAD_RATE, "only the head learns, and it begins at random: no weight can be unlearnt"
    return rate, reason


def metric_for(best_by: str) -> dict[str, tuple[Any, str]]:
    """Which score chooses the best step, where the task prefers another than the default."""
    if best_by == Settings.metric:
        return {}
    return {"metric": (best_by, "the task's own measure chooses the best step")}


def settle(
    given: Mapping[str, Any], file: Mapping[str, Any], advice: Mapping[str, tuple[Any, str]]
) -> dict[str, Setting]:
    """Every setting with its origin: an option wins over the configuration file, that over the recipe.

    None counts as not given. Raises UsageError for unknown names and for values that make no sense.
    """
    said: dict[Origin, dict[str, Any]] = {"option": plain_names(given), "config file": plain_names(file)}
    settings = {}
    for name, default in DEFAULTS.items():
        origin = next((origin for origin, values in said.items() if values.get(name) is not None), None)
        if origin is not None:
            settings[name] = Setting(value=said[origin][name], origin=origin, reason=GIVEN[origin])
        elif name in advice:
            value, reason = advice[name]
            settings[name] = Setting(value=value, origin="recipe", reason=reason)
        else:
            settings[name] = Setting(value=default, origin="default", reason=DEFAULT_REASONS[name])
    check({name: setting.value for name, setting in settings.items()})
    return settings


def values(settings: Mapping[str, Setting]) -> Settings:
    """The plain values."""
    return Settings(**{name: settings[name].value for name in Settings.__dataclass_fields__})


def learnt(settings: Mapping[str, Setting]) -> Learnt:
    """What of the network learns."""
    return Learnt.of({name: setting.value for name, setting in settings.items()})


def _rate(millions: float, optimizer: str) -> tuple[float, str]:
    if optimizer in PLAIN_RATES:
        return PLAIN_RATES[optimizer], f"{optimizer} has no scaling of its own, and gradients are clipped"
    for limit, rate, size in (
        (15, 3e-4, "tiny encoders learn at up to 3e-4"),
        (40, 2e-4, "small encoders learn at 1e-4 to 3e-4"),
        (150, 5e-5, "base encoders learn at 2e-5 to 5e-5"),
    ):
        if millions <= limit:
            return rate, f"{size}: the model has {millions:.1f} M parameters"
    return 2e-5, f"large encoders learn at 1e-5 to 3e-5: the model has {millions:.1f} M parameters"


def _patience(num_rows: int) -> tuple[int, str]:
    if num_rows < FEW_ROWS:
        return 20, "few validation rows are a poor judge of when to stop"
    return 6, "validations without improvement before stopping"


def _epochs(num_rows: int) -> tuple[float, str]:
    if num_rows < FEW_ROWS:
        return 10.0, "few rows need more passes"
    if num_rows < 10_000:
        return 4.0, "some thousand rows"
    return 3.0, "three passes are enough for many rows"
