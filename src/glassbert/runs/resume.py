"""Continuing a recorded run: what is not said again is as recorded, and what is said must be the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.data import OWN, DataOptions
from glassbert.runs.options import FinetuneOptions
from glassbert.runs.override import FREE, overridden
from glassbert.runs.prepare import Request
from glassbert.runs.pretrained_only import refuse_pretraining
from glassbert.text.options import ReadOptions

# which of the data's options are recorded; `task` and `read` are recorded elsewhere
DATA = (
    "train", "evaluation", "text_column", "pair_column", "label_column", "allow_degenerate", "fail_on_leak",
    "split_seed", "fold", "folds", "rehearsal", *OWN,
)  # fmt: skip
# what runs of earlier versions do not say
UNSAID = {**dict.fromkeys(("pair_column", "split_seed", "fold", "folds", *OWN)), "rehearsal": False}
# files may lie elsewhere by now: their content is compared instead, once they are read
MAY_MOVE = ("train", "evaluation")
FRAME = "DataFrame"


def as_recorded(options: FinetuneOptions) -> dict[str, Any]:
    """What was asked for, so that a resume need not say it again."""
    data = {name: getattr(options.data, name) for name in DATA}
    for name in MAY_MOVE:
        if isinstance(data[name], pd.DataFrame):
            data[name] = FRAME
        elif data[name] is not None:
            data[name] = str(data[name])
    return {
        "data": data,
        "read": asdict(options.data.read),
        "model": options.model_name,
        "base": options.base,
        "device": options.device_name,
        "settings": options.request.said(),
        "keep_checkpoints": options.keep_checkpoints,
    }


def resumed(options: FinetuneOptions, document: Mapping[str, Any]) -> FinetuneOptions:
    """The options of the recorded run, with the files where they lie now and the settings to override.

    Raises UsageError with a line for every setting, option or model that is said again and differs.
    """
    lacks = "goes on with `glassbert pretrain --resume`, not with `finetune`"
    refuse_pretraining(document, path=str(options.out), lacks=lacks)
    try:
        asked, config = document["request"], document["config"]
        recorded_read = ReadOptions(**asked["read"])
        settings = {name: entry["value"] for name, entry in config.items()}
        recorded = {name: {**UNSAID, **asked["data"]}[name] for name in DATA}
        model, device = asked["model"], asked["device"]
        # runs of earlier versions do not say
        kept, base = asked.get("keep_checkpoints"), asked.get("base")
    except (KeyError, TypeError) as error:
        what = f"run.json does not say what was asked for: {error} is missing or wrong"
        problem = Problem(code="not-a-run", what=what, fix="start a new run", file=str(options.out))
        raise DataError(problem) from error
    said = {**_said_data(options.data), **_said_model(options)}
    before = {**recorded, "task": document["task"], "read": recorded_read, "model": model, "device": device}
    before["base"] = base
    asked_for = Request(model="", settings=options.settings, config=options.config).said()
    anew = overridden(options.resume_override, asked_for)
    _refuse({**_changes(before, said), **_changes({**settings, **anew}, asked_for)})
    moved = {name: said.get(name, recorded[name]) for name in MAY_MOVE}
    if FRAME in (value for value in moved.values() if isinstance(value, str)):
        what = "the run learns from a DataFrame, which is not recorded"
        raise UsageError(Problem(code="no-data", what=what, fix="give the same DataFrame again"))
    data = DataOptions(**{**recorded, **moved}, task=document["task"], read=recorded_read)
    options = replace(options, data=data, model=model, base=base, device=device)
    keep = kept if options.keep_checkpoints is None else options.keep_checkpoints
    return replace(options, settings={**settings, **anew}, config={}, keep_checkpoints=keep)


def _said_data(data: DataOptions) -> dict[str, Any]:
    """The options that differ from what is taken when nothing is said."""
    silent = DataOptions()
    names = [field.name for field in fields(DataOptions)]
    return {
        name: value
        for name in names
        if isinstance(value := getattr(data, name), pd.DataFrame) or value != getattr(silent, name)
    }


def _said_model(options: FinetuneOptions) -> dict[str, Any]:
    said = {"model": options.model, "base": options.base, "device": options.device}
    return {name: value for name, value in said.items() if value is not None}


def _changes(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, str]:
    """By its name each value that is said and is not what was recorded, in words."""
    return {
        name: f"{name}: recorded {_shown(before.get(name))}, asked for {_shown(value)}"
        for name, value in said.items()
        if name not in MAY_MOVE and value != before.get(name)
    }


def _shown(value: Any) -> str:
    if not isinstance(value, ReadOptions):
        return repr(value)
    silent = asdict(ReadOptions())
    return repr({name: each for name, each in asdict(value).items() if each != silent[name]})


def _refuse(changes: Mapping[str, str]) -> None:
    if changes:
        raise UsageError(
            *(Problem(code="changed-setting", what=what, fix=_remedy(name)) for name, what in changes.items())
        )


def _remedy(name: str) -> str:
    other = f"add --resume-override {name}" if name in FREE else "start a new run"
    return f"leave the option out to go on with what is recorded, or {other}"


def refuse_contradictions(options: FinetuneOptions) -> None:
    """Raise UsageError when the run shall be both continued and replaced, or changed without being
    continued.
    """
    if options.resume and options.overwrite:
        what, fix = "--resume and --overwrite are both given", "keep the one that is meant"
    elif options.resume_override and not options.resume:
        what, fix = "--resume-override changes a run that is continued", "add --resume"
    else:
        return
    raise UsageError(Problem(code="contradiction", what=what, fix=fix))


def refuse_late(options: FinetuneOptions) -> None:
    """Raise UsageError when a run that is finished shall be changed."""
    if options.resume_override:
        what = "the run is finished: no step is left that --resume-override could change"
        raise UsageError(
            Problem(code="run-finished", what=what, fix="start a new run", file=str(options.out))
        )


def refuse_changed_data(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise DataError when the data, its columns or its split are not what the run began with."""
    for name in MAY_MOVE:
        if recorded[name]["sha256"] != now[name]["sha256"]:
            raise _changed(name, now[name]["path"])
    for name in ("columns", "split", "sizes"):
        if recorded[name] != now[name]:
            what = f"the {name} of the data are not those that the run began with"
            fix = "continue with the version of glassbert that began it, or start a new run"
            raise DataError(Problem(code="changed-data", what=what, fix=fix, file=now["train"]["path"]))


def refuse_changed_files(recorded: Mapping[str, Any], data: DataOptions) -> None:
    """Raise DataError when a data file that is still there has another content; reads the bytes only."""
    for name in MAY_MOVE:
        source = getattr(data, name)
        if not isinstance(source, str | Path) or not Path(source).is_file():
            continue
        with open(source, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != recorded[name]["sha256"]:
            raise _changed(name, str(source))


def _changed(name: str, path: str | None) -> DataError:
    what = f"the {name} data is not what the run began with (its SHA-256 differs)"
    fix = "bring the file back, or start a new run"
    return DataError(Problem(code="changed-data", what=what, fix=fix, file=path))


def other_surroundings(document: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Sentences about what may make the continuation differ in its last bits from an uninterrupted run."""
    pairs = [
        ("torch", document["versions"].get("torch"), now["versions"]["torch"]),
        ("processor", document["hardware"].get("processor"), now["hardware"]["processor"]),
        ("threads", document["hardware"].get("threads"), now["hardware"]["threads"]),
        ("processes", document["hardware"].get("processes", 1), now["hardware"].get("processes", 1)),
    ]
    return [
        f"the run began with {name} {before} and goes on with {after}: weights may differ in their last bits"
        for name, before, after in pairs
        if before != after
    ]
