"""Going on with a recorded run: what is not said again is as recorded, and what is said must be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.pretrained_only import TASK
from glassbert.runs.pretraining.options import PretrainOptions
from glassbert.text.documents import TextOptions
from glassbert.text.tokenizer_training import TrainingOptions

# files may lie elsewhere by now: their content is compared instead, once they are read
MAY_MOVE = ("texts", "eval_text", "tokenizer", "chinese_words", "cache")
FIXED = ("model", "teacher", "size", "max_positions")


def resumed(options: PretrainOptions, document: Mapping[str, Any]) -> PretrainOptions:
    """The options of the recorded run, with the files where they lie now.

    Raises UsageError with a line for every setting that is said again and differs, DataError for a run of
    another kind.
    """
    if document.get("task") != TASK:
        what = f"this is a run of {document.get('task')}, not of pre-training"
        raise DataError(Problem(code="other-run", what=what, fix="name another --out", file=str(options.out)))
    try:
        asked = {"teacher": None, **document["request"]}  # runs of earlier versions have none
        recorded = {name: asked[name] for name in (*MAY_MOVE, *FIXED, "device", "settings")}
        reading = TextOptions(**asked["reading"])
        learnt = asked["vocabulary"]
        vocabulary = None if learnt is None else TrainingOptions(**{**learnt, "reading": reading})
    except (KeyError, TypeError) as error:
        what = f"run.json does not say what was asked for: {error} is missing or wrong"
        problem = Problem(code="not-a-run", what=what, fix="start a new run", file=str(options.out))
        raise DataError(problem) from error
    said = {name: getattr(options, name) for name in FIXED}
    said |= {"device": options.device, "reading": _unless(options.reading, TextOptions())}
    said |= {"vocabulary": options.vocabulary}
    before = {**recorded, "reading": reading, "vocabulary": vocabulary}
    changed = {name: value for name, value in said.items() if value is not None and value != before[name]}
    changes = [_change(name, before[name], value) for name, value in changed.items()]
    settings = document["config"]
    for name, value in options.said.items():
        if value != settings[name]["value"]:
            changes.append(_change(name, settings[name]["value"], value))
    if changes:
        raise UsageError(*changes)
    moved = {name: getattr(options, name) or recorded[name] for name in MAY_MOVE}
    return replace(
        options,
        **{name: recorded[name] for name in (*FIXED, "device", "settings")},
        **{**moved, "texts": tuple(moved["texts"]), "cache": moved["cache"] and Path(moved["cache"])},
        reading=reading,
        vocabulary=vocabulary,
    )


def _unless(value: Any, silent: Any) -> Any:
    return None if value == silent else value


def _change(name: str, before: Any, now: Any) -> Problem:
    what = f"{name}: recorded {before!r}, asked for {now!r}"
    fix = "leave the option out to go on with what is recorded, or start a new run"
    return Problem(code="changed-setting", what=what, fix=fix)
