"""What a person asks of a fine-tuning run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from glassbert.runs.data import DataOptions
from glassbert.runs.prepare import Request
from glassbert.runs.resolve import DEFAULT_MODEL


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions:
    """What to learn from, where to write it, and how; the rest follows the recipe, or the recorded run.

    `base` is the base of a model that is an adapter. `settings` win over `config` (those of a file), and both
    over the recipe of the model and the data. `resume` continues the run in `out`; "auto" begins one where
    there is none. `resume_override` names the settings that may then differ from the recorded ones.
    `keep_checkpoints` stay for good, from the first step to the last (None: those that were recorded, else
    none but the newest two and the best).
    """

    data: DataOptions
    out: Path
    model: str | None = None
    base: str | None = None
    device: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    resume: bool | Literal["auto"] = False
    resume_override: tuple[str, ...] = ()
    overwrite: bool = False
    command: tuple[str, ...] = ()
    keep_checkpoints: int | None = None

    @property
    def model_name(self) -> str:
        return self.model or DEFAULT_MODEL

    @property
    def device_name(self) -> str:
        return self.device or "cpu"

    @property
    def request(self) -> Request:
        return Request(
            model=self.model_name,
            settings=self.settings,
            config=self.config,
            device=self.device_name,
            base=self.base,
        )
