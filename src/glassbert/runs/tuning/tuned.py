"""`glassbert.tune`: settings searched within a budget, and claimed to be better only where that is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from glassbert.runs.data import DataOptions
from glassbert.runs.finetune import FinetuneOptions
from glassbert.runs.models import Model, load
from glassbert.runs.settings import plain_names
from glassbert.runs.tuning.tune import TuneOptions
from glassbert.runs.tuning.tune import tune as search
from glassbert.train.stop import Stop

OF_DATA = {
    "eval_data": "evaluation",
    **{
        name: name
        for name in (
            "task", "text_column", "pair_column", "label_column", "read", "allow_degenerate",
            "fail_on_leak", "loss", "pooling", "crf", "lstm_size",
        )
    },
}  # fmt: skip
OF_RUNS = ("base", "device", "resume", "overwrite")


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """A finished search: `document` is its tune.json, `path` the directory that holds it."""

    path: Path
    document: Mapping[str, Any]

    @property
    def better(self) -> bool:
        """Whether the found settings are proved to be better than the defaults."""
        return bool(self.document["ending"]["claim"]["outcome"] == "better")

    @property
    def claim(self) -> str:
        """What is claimed, with its figures, in a sentence or two."""
        return str(self.document["ending"]["claim"]["text"])

    @property
    def winner(self) -> Path:
        """The run that is handed over: of the found settings where they are better, else of the defaults."""
        return self.path / self.document["ending"]["winner"]

    @property
    def settings(self) -> dict[str, Any]:
        """Of what was searched the values that the winner was trained with."""
        best = self.document["ending"]["best"] if self.better else 0
        return dict(self.document["trials"][best]["settings"])

    def load(self) -> Model:
        """The winner's model."""
        return load(self.winner)


def tune(
    data: str | Path | pd.DataFrame,
    out: str | Path,
    *,
    budget: float = 1800.0,
    trials: int | None = None,
    seeds: int = 3,
    model: str | None = None,
    **given: Any,
) -> Tuned:
    """Search learning rate, layer decay, epochs and length for `budget` seconds; train both recipes in full.

    `given` are options of `glassbert tune` by their names with underscores: what says of the data how to read
    it (`task`, `eval_data`, `label_column`, `crf`, ...), `device`, `resume`, `overwrite`, and settings of a
    run (`seed`, `metric`, `batch_size`, `lora`, ...), which are then fixed and not searched.

    Raises what `glassbert tune` ends with: UsageError for a name that is none and for senseless values,
    DataError for bad data, OutputError where `out` holds something, MissingInputError.
    """
    of_data = {ours: given.pop(name) for name, ours in OF_DATA.items() if name in given}
    of_runs = {name: given.pop(name) for name in OF_RUNS if name in given}
    plain_names(given)
    request = FinetuneOptions(
        data=DataOptions(train=data, **of_data),
        out=Path(out),
        model=model,
        settings=given,
        command=("glassbert.tune",),
        **cast(Any, of_runs),
    )
    options = TuneOptions(finetune=request, budget=budget, trials=trials, seeds=seeds)
    return Tuned(path=Path(out), document=search(options, stop=Stop()))
