"""The files by which sentence-transformers knows how a model makes one vector of a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from glassbert.durable import make_directory, write_file
from glassbert.errors import DataError, Problem
from glassbert.model.config import POOLINGS
from glassbert.strict_json import read_json

TRANSFORMER = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
POOLING = {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}
FILE = "1_Pooling/config.json"
# the words of sentence-transformers up to version 5; 6 reads them and writes one word
MODES = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
}


def write_pooling(directory: Path, *, pooling: str, width: int, max_length: int) -> None:
    """modules.json, 1_Pooling/config.json and sentence_bert_config.json; OutputError or StorageError."""
    modes = {word: mode == pooling for mode, word in MODES.items()}
    make_directory(directory / "1_Pooling")
    _write_json(directory / "modules.json", [TRANSFORMER, POOLING])
    _write_json(directory / FILE, {"word_embedding_dimension": width, **modes})
    _write_json(
        directory / "sentence_bert_config.json", {"max_seq_length": max_length, "do_lower_case": False}
    )


def read_pooling(directory: Path) -> str:
    """How the directory says that tokens become one vector: mean, cls or max; "mean" where it says nothing.

    Raises DataError for a pooling that is none of these, or several of them at once.
    """
    path = directory / FILE
    if not path.is_file():
        return "mean"
    raw = read_json(path)
    named = raw.get("pooling_mode")
    said = [named] if isinstance(named, str) else [mode for mode, word in MODES.items() if raw.get(word)]
    others = [name for name, value in raw.items() if name.startswith("pooling_mode_") and value is True]
    if len(said) != 1 or said[0] not in POOLINGS or set(others) - set(MODES.values()):
        what = f"the pooling is {', '.join([*map(str, said), *others]) or 'not said'}"
        fix = f"one of {', '.join(POOLINGS)} is supported"
        raise DataError(Problem(code="unknown-pooling", what=what, fix=fix, file=str(path)))
    return str(said[0])


def _write_json(path: Path, value: Any) -> None:
    write_file(path, [json.dumps(value, indent=2).encode() + b"\n"])
