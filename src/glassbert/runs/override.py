"""Settings that a resumed run is given anew: only those that say how the next steps are taken, and each by
name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.runs.settings import plain_names

# the others number the steps, divide the data or compare the checkpoints: a change would belie what was done
FREE = (
    "learning_rate", "layer_decay", "weight_decay", "warmup_ratio", "lr_scheduler_type", "max_grad_norm",
    "hidden_dropout", "attention_dropout", "label_smoothing", "evaluations_per_epoch", "patience", "budget",
)  # fmt: skip
REASON = "changed on a resume with --resume-override"


def overridden(keys: Sequence[str], said: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the named settings, which may differ from the recorded ones.

    A name may be written as an option ("--lr-scheduler-type") or as transformers has it. Raises UsageError
    for one that is no setting, may not change, or is given no value.
    """
    plain = {name: key for key in keys for name in plain_names({_underscored(key): None})}
    for name, key in plain.items():
        if name not in FREE:
            what, fix = f"{key} cannot change within a run", f"start a new run; what can: {', '.join(FREE)}"
        elif name not in said:
            what, fix = f"{key} is given no value", "give the setting itself too, or leave this out"
        else:
            continue
        raise UsageError(Problem(code="bad-override", what=f"--resume-override {what}", fix=fix))
    return {name: said[name] for name in plain}


def changed_config(config: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """run.json's `config` with the values that have changed since, and what they were."""
    return {
        name: {
            "value": settings[name],
            "from": "option",
            "reason": f"{REASON}; it was {entry['value']!r}",
        }
        if settings[name] != entry["value"]
        else entry
        for name, entry in config.items()
    }


def _underscored(key: str) -> str:
    name = key.removeprefix("--").replace("-", "_")
    return "learning_rate" if name == "lr" else name
