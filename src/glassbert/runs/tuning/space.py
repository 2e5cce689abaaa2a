"""What is searched: four settings round the recipe's own values, and which point to try next."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from glassbert.errors import Problem, UsageError

LENGTHS = (128, 256, 512)
RATE_FACTOR = 5.0
DECAY = (0.7, 1.0)
EPOCHS = (0.5, 2.0)
MOST_RATE = 10.0
STARTUP = 6
"""Points drawn at random before the sampler learns from them."""
ROUNDING = 4

Point = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Space:
    """The settings to search with their ranges (low, high), or their choices, and the recipe's point.

    Learning rate and epochs are drawn on a logarithmic scale, layer decay evenly, the length of windows among
    a few. What a person has fixed is not searched.
    """

    defaults: Point
    ranges: Mapping[str, tuple[float, float]]
    choices: Mapping[str, tuple[int, ...]]

    @classmethod
    def around(cls, defaults: Point, *, fixed: Sequence[str], longest: int) -> Space:
        """The space round `defaults`; `longest` is the longest training window at the recipe's length.

        Shorter windows are tried only where texts are longer than they. Raises UsageError where nothing is
        left to search.
        """
        rate, epochs = float(defaults["learning_rate"]), float(defaults["epochs"])
        ranges = {
            "learning_rate": (rate / RATE_FACTOR, min(rate * RATE_FACTOR, MOST_RATE)),
            "layer_decay": (min(DECAY[0], defaults["layer_decay"]), DECAY[1]),
            "epochs": (EPOCHS[0] * epochs, EPOCHS[1] * epochs),
        }
        lengths = tuple(each for each in LENGTHS if each < longest)
        choices = {"max_length": (*lengths, int(defaults["max_length"]))} if lengths else {}
        found = cls(
            defaults=dict(defaults),
            ranges={name: each for name, each in ranges.items() if name not in fixed},
            choices={name: each for name, each in choices.items() if name not in fixed},
        )
        if not found.ranges and not found.choices:
            what = "every setting that could be searched is given, and so fixed"
            raise UsageError(Problem(code="nothing-to-search", what=what, fix="leave one of them out"))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.ranges, *self.choices)

    @property
    def first(self) -> dict[str, Any]:
        """The recipe's own point."""
        return {name: self.defaults[name] for name in self.names}


def refuse_missing() -> None:
    """Raise UsageError where optuna is not installed."""
    if find_spec("optuna") is None:
        what = "the search needs the package optuna, which is not installed"
        fix = "pip install 'glassbert[tune]'"
        raise UsageError(Problem(code="optuna-missing", what=what, fix=fix))


def propose(space: Space, tried: Sequence[tuple[Point, float | None]], *, seed: int) -> dict[str, Any]:
    """The next point by a tree-structured Parzen estimator (Bergstra et al. 2011).

    `tried` are the points so far with their scores (more is better; None for what failed). A pure function of
    its arguments: the sampler is made anew for every point, so that a search that is continued proposes what
    one that was never stopped would have.
    """
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spread = optuna.distributions
    kinds: dict[str, Any] = {
        name: spread.FloatDistribution(low, high, log=name != "layer_decay")
        for name, (low, high) in space.ranges.items()
    }
    kinds |= {name: spread.CategoricalDistribution(each) for name, each in space.choices.items()}
    digest = hashlib.sha256(f"{seed} {len(tried)}".encode()).digest()
    sampler = optuna.samplers.TPESampler(seed=int.from_bytes(digest[:4], "big"), n_startup_trials=STARTUP)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    states = optuna.trial.TrialState
    for point, score in tried:
        told = score is not None and math.isfinite(score)
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(point),
                distributions=kinds,
                value=score if told else None,
                state=states.COMPLETE if told else states.FAIL,
            )
        )
    asked = study.ask(kinds).params
    return {
        name: float(f"{value:.{ROUNDING}g}") if name in space.ranges else int(value)
        for name, value in asked.items()
    }
