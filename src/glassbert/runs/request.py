"""A request as the command line makes it, completed from the recorded run where it is resumed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.errors import OutputError, Problem, UsageError
from glassbert.runs.data import DataOptions
from glassbert.runs.directory import RunDirectory, refuse_full
from glassbert.runs.finetune import FinetuneOptions
from glassbert.runs.resolve import DEFAULT_MODEL
from glassbert.text.options import ReadOptions

RECORDED = ("option", "config file")
SAID = ("train", "evaluation", "text_column", "label_column")


def make_options(
    data: Mapping[str, Any], request: Mapping[str, Any], *, command: tuple[str, ...] = ()
) -> FinetuneOptions:
    """Options of a new run, or of a recorded one: what is not said again is as it was recorded.

    Raises UsageError for what is missing, OutputError when the output is taken.
    """
    out = request["out"]
    if out is None:
        raise UsageError(
            Problem(code="no-output", what="--out is missing", fix="name a directory: --out RUN")
        )
    given = {name: value for name, value in request["settings"].items() if value is not None}
    if request["resume"]:
        data, request, given = _recorded(RunDirectory.open(out).document, data, request, given)
    else:
        _clear(out, overwrite=bool(request.get("overwrite")))
    if data.get("train") is None:
        raise UsageError(
            Problem(code="no-data", what="TRAIN is missing", fix="name a file of labelled texts")
        )
    seed = given.get("seed", request["config"].get("seed", 0))
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31:
        fix = "give a whole number from 0 to 2147483647"
        raise UsageError(Problem(code="bad-setting", what=f"--seed is {seed!r}", fix=fix))
    weights = given.get("class_weights", request["config"].get("class_weights"))
    smoothing = float(request["config"].get("label_smoothing", 0.0))
    return FinetuneOptions(
        data=DataOptions(**data, seed=seed, class_weights=weights, label_smoothing=smoothing),
        out=Path(out),
        model=request.get("model") or DEFAULT_MODEL,
        device=request.get("device") or "cpu",
        settings=given,
        config=request["config"],
        resume=bool(request["resume"]),
        command=command,
    )


def _recorded(
    document: Mapping[str, Any], data: Mapping[str, Any], request: Mapping[str, Any], given: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Fill what is unsaid from run.json; what is said stays, and is compared with the record later."""
    asked = document["request"]
    settings = {
        name: entry["value"]
        for name, entry in document.get("config", {}).items()
        if entry["from"] in RECORDED
    }
    said = {name: data[name] for name in SAID if data.get(name) is not None}
    merged = {**asked["data"], **said, "read": ReadOptions(**asked["read"]), "task": document["task"]}
    rest = {**request, "model": request.get("model") or asked["model"], "config": {}}
    return merged, rest, {**(settings or asked["settings"]), **given}


def _clear(out: Path, *, overwrite: bool) -> None:
    """Make room for a new run; only a directory that is a run is ever removed."""
    if not overwrite or not out.exists():
        refuse_full(out)
        return
    if not (out / "run.json").is_file() and any(out.iterdir()):
        what = "the directory is not a run of glassbert, and is not removed"
        raise OutputError(Problem(code="not-a-run", what=what, fix="choose another --out", file=str(out)))
    try:
        shutil.rmtree(out)
    except OSError as error:
        what = f"the earlier run cannot be removed: {error.strerror}"
        raise OutputError(
            Problem(code="cannot-remove", what=what, fix="choose another --out", file=str(out))
        ) from error
