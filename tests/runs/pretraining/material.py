"""What the tests of pre-training share: text that says little in few words, and one finished run of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassbert.runs.directory import RunDirectory
from glassbert.runs.pretraining.pretrain import PretrainOptions, Watchers, pretrain
from glassbert.text.tokenizer_training import TrainingOptions
from glassbert.train.log import read_metrics
from glassbert.train.stop import Stop

WORDS = "the a film cat dog is was warm cold fine dull and of it sat ran on mat tree sky".split()
QUICK: Mapping[str, Any] = {"steps": 4, "batch_size": 6, "max_length": 24, "evaluations": 1}
VOCABULARY = TrainingOptions(vocab_size=80, lowercase=True)
OWN = set(PretrainOptions.__dataclass_fields__)
# of a log row, what the clock says
CLOCK = ("time", "tokens_per_second", "data_wait_seconds", "mfu")


def write_text(path: Path, documents: int = 40, *, seed: int = 0) -> Path:
    """Documents of random sentences, with a word after every other that follows from it."""
    draw = np.random.default_rng(seed)
    sentence = lambda: " ".join(draw.choice(WORDS, draw.integers(3, 10))) + " ."  # noqa: E731
    texts = ["\n".join(sentence() for _ in range(draw.integers(3, 8))) for _ in range(documents)]
    path.write_text("\n\n".join(texts), encoding="utf-8")
    return path


def options(text: Path, out: Path, **changes: Any) -> PretrainOptions:
    """A quick run; `changes` are settings, or options by their own names."""
    own = {name: changes.pop(name) for name in OWN & set(changes)}
    if not {"model", "tokenizer", "vocabulary", "resume"} & set(own):
        own["vocabulary"] = VOCABULARY
    size = {} if "model" in own or "resume" in own else {"size": "tiny"}
    given = {} if own.get("resume") else QUICK
    return PretrainOptions(
        **{"texts": (str(text),), "out": out, **size, **own, "settings": {**given, **changes}}
    )


def run(wanted: PretrainOptions, watchers: Watchers = Watchers()) -> RunDirectory:  # noqa: B008
    return pretrain(wanted, stop=Stop(), watchers=watchers)


def rows_of(place: Path) -> list[dict[str, Any]]:
    """The rows of a log without what the clock says."""
    rows = read_metrics(place / "metrics.jsonl")
    return [{name: value for name, value in row.items() if name not in CLOCK} for row in rows]


@cache
def _shared(place: Path) -> Path:
    place.mkdir()
    run(options(write_text(place / "text.txt"), place / "run"))
    return place


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _shared(tmp_path_factory.getbasetemp() / "pretraining") / "text.txt"


@pytest.fixture(scope="session")
def pretrained(text: Path) -> Path:
    """A finished run; to be read, never written."""
    return text.parent / "run"
