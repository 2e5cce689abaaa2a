"""An adapter's base model: by option, or by the name in its own configuration where that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glassbert.errors import DataError, MissingInputError, Problem, UsageError
from glassbert.model.config import HeadConfig
from glassbert.model.peft.reading import Adapter, is_adapter, read_adapter
from glassbert.model.peft.writing import CONFIG
from glassbert.runs.notes import FILE as NOTES
from glassbert.runs.resolve import BUNDLED, ModelSource, resolve_model
from glassbert.strict_json import read_json

HERE = f"write its directory into {CONFIG} as base_model_name_or_path"
# what notes beside an adapter say of its head, which peft's files do not
OF_HEAD = ("labels", "problem_type", "crf", "lstm_size")


def open_adapter(source: ModelSource, base: str | None) -> tuple[Path, Adapter | None]:
    """The directory of the model itself, and the adapter where `source` is one.

    Errors: those of `read_adapter`; UsageError for a base that is given to a whole model; MissingInputError
    for one that is not here: what a file names is never fetched, only what a person names.
    """
    if not is_adapter(source.directory):
        if base is not None:
            what = f"--base is given, and {source.name} is a whole model"
            raise UsageError(Problem(code="no-adapter", what=what, fix="leave --base out"))
        return source.directory, None
    adapter = read_adapter(source.directory)
    found = resolve_model(_named(adapter, source) if base is None else base).directory
    if is_adapter(found):
        what = f"the base model {found} is an adapter itself"
        raise DataError(Problem(code="base-is-adapter", what=what, fix="name its base", file=source.name))
    return found, adapter


def _named(adapter: Adapter, source: ModelSource) -> str:
    if adapter.base and (adapter.base in BUNDLED or _is_here(adapter.base)):
        return adapter.base
    what, fix = "the adapter does not name its base model", f"give it with --base MODEL, or {HERE}"
    if adapter.base:
        what = f"the adapter's base model {adapter.base!r} is no directory here"[:300]
        fix = f"give it with --base MODEL (a hub id is fetched only when the command names it), or {HERE}"
    raise MissingInputError(Problem(code="no-base", what=what, fix=fix, file=source.name))


def _is_here(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long, or no name at all
        return False


def unread(directory: Path) -> list[str]:
    """What to say of an adapter that lies in the directory of a whole model."""
    both = (directory / CONFIG).exists() and not is_adapter(directory)
    return [f"{CONFIG} was not read: the directory holds a whole model"] if both else []


def own_head(directory: Path, adapter: Adapter | None) -> HeadConfig | None:
    """The head that our notes beside an adapter tell of, labels included; None where they tell of none."""
    path = directory / NOTES
    if adapter is None or adapter.head_kind is None or not path.exists():
        return None
    named: Any = read_json(path).get("head")
    if not isinstance(named, dict) or not isinstance(named.get("labels"), list):
        return None
    known = {name: named[name] for name in OF_HEAD if name in named}
    return HeadConfig(kind=adapter.head_kind, **{**known, "labels": tuple(named["labels"])})
