"""What the tests of runs share: a tiny random BERT, texts that it can learn, and one finished run of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from glassbert.runs.data import DataOptions
from glassbert.runs.directory import RunDirectory
from glassbert.runs.finetune import FinetuneOptions, Watchers, finetune
from glassbert.train.stop import Stop
from tests.contract.workbench import tiny_config, tiny_tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# one word decides; the rest is noise
OPINIONS = {"good": ("fine", "warm"), "bad": ("dull", "cold")}
OWN = ("base", "resume", "overwrite", "device", "config", "keep_checkpoints")
QUICK: Mapping[str, Any] = {"epochs": 3, "learning_rate": 8e-3, "batch_size": 16, "layer_decay": 1.0}


def texts_and_labels(count: int = 120, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """Distinct short texts, half of them of each label, in random order."""
    draw = np.random.default_rng(seed)
    labels = [list(OPINIONS)[i % 2] for i in draw.permutation(count)]
    texts = []
    for number, label in enumerate(labels):
        noise = "".join(draw.choice(list(LETTERS), int(draw.integers(1, 5))))
        texts.append(f"{noise}{number} the film is {draw.choice(OPINIONS[label])} .")
    return texts, labels


def write_rows(path: Path, count: int = 120, *, seed: int = 0) -> Path:
    """A CSV of such texts."""
    rows = zip(*texts_and_labels(count, seed=seed), strict=True)
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    return path


def make_encoder(directory: Path, model_type: str = "bert") -> Path:
    """A random encoder of 15,000 parameters with its tokenizer, as a Hugging Face directory."""
    tokenizer = tiny_tokenizer(directory)
    tokenizer.save(directory)
    head = HeadConfig(kind="none" if model_type in ("distilbert", "modernbert") else "pooling")
    save_pretrained(Network(tiny_config(tokenizer.vocab_size, model_type), head, seed=1), directory)
    return directory


def options(data: Path, model: Path, out: Path, **changes: Any) -> FinetuneOptions:
    """A quick run; `changes` are settings, or options by their own names."""
    own = {name: changes.pop(name) for name in OWN if name in changes}
    of_data = {name: changes.pop(name) for name in DataOptions.__dataclass_fields__ if name in changes}
    return FinetuneOptions(
        data=DataOptions(**{"train": data, **of_data}),
        out=out,
        model=str(model),
        settings={**QUICK, **changes},
        command=("glassbert", "finetune"),
        **own,
    )


def run(data: Path, model: Path, out: Path, **changes: Any) -> RunDirectory:
    """Such a run, done."""
    return finetune(options(data, model, out, **changes), stop=Stop())


def said_by(wanted: FinetuneOptions) -> tuple[RunDirectory, list[str]]:
    """A run, done, and every sentence that it said."""
    said: list[str] = []
    return finetune(wanted, stop=Stop(), watchers=Watchers(say=said.append)), said


def read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _shared(place: Path) -> Path:
    """Made once a session, whichever room asks first: encoder/, rows.csv, other.csv, finished/."""
    make_encoder(place / "encoder")
    write_rows(place / "rows.csv")
    write_rows(place / "other.csv", 40, seed=9)
    run(place / "rows.csv", place / "encoder", place / "finished")
    return place


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _shared(tmp_path_factory.getbasetemp() / "shared-runs")


@pytest.fixture(scope="session")
def encoder(shared: Path) -> Path:
    return shared / "encoder"


@pytest.fixture(scope="session")
def rows(shared: Path) -> Path:
    return shared / "rows.csv"


@pytest.fixture(scope="session")
def other(shared: Path) -> Path:
    return shared / "other.csv"


@pytest.fixture(scope="session")
def finished(shared: Path) -> Path:
    """A finished run; to be read, never written."""
    return shared / "finished"
