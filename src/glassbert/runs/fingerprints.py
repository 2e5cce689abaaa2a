"""Hashes of all that processes must have in common to train one model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import glassbert
from glassbert.runs.data import Dataset
from glassbert.runs.prepare import Prepared
from glassbert.runs.provenance import versions


def fingerprints(dataset: Dataset, prepared: Prepared) -> dict[str, str]:
    """SHA-256 of code, configuration, vocabulary and data, by these names.

    Code: every module of this package, and the versions of what it computes with. Configuration: all settings
    and the network's shape. Data: the files' bytes, the columns and the split.
    """
    model, facts = prepared.model, dataset.facts
    settings = {name: setting.value for name, setting in prepared.settings.items()}
    shape = [asdict(model.network.config), asdict(model.network.head_config), str(dataset.task.name)]
    files = [facts[name]["sha256"] for name in ("train", "evaluation")]
    return {
        "code": code_fingerprint(),
        "configuration": digest([settings, shape]),
        "vocabulary": model.tokenizer.fingerprint,
        "data": digest([files, facts["columns"], facts["split"], facts["sizes"]]),
    }


def code_fingerprint() -> str:
    """Of every module of this package, by its path within it, and of the libraries' versions."""
    root = Path(glassbert.__file__).parent
    modules = sorted(root.rglob("*.py"))
    sources = {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in modules}
    return digest([sources, versions()])


def digest(value: Any) -> str:
    """SHA-256 of a value as JSON, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
