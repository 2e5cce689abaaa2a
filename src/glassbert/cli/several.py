"""`glassbert finetune --seeds N` and `--folds K`: several runs and their table."""

from __future__ import annotations

import os
import sys
from typing import Any

from glassbert.cli.console import emit, emit_json, hear, progress, say
from glassbert.errors import Problem, UsageError
from glassbert.tasks.wording import METRIC_NAMES

SHOWN = 4


def train_several(
    data: dict[str, Any],
    request: dict[str, Any],
    *,
    threads: int | None,
    seeds: int | None,
    folds: int | None,
    as_json: bool,
) -> None:
    """Run all of them with a progress bar, and print the table or the document."""
    if seeds is not None and folds is not None:
        fix = "give one of them; each run of --folds has the same --seed"
        raise UsageError(Problem(code="seeds-and-folds", what="--seeds and --folds are both given", fix=fix))
    if request["out"] is None:
        raise UsageError(
            Problem(code="no-output", what="--out is missing", fix="name a directory: --out RUNS")
        )
    # torch and pandas load here, not for --help
    from glassbert.runs.data import DataOptions
    from glassbert.runs.devices import use_threads
    from glassbert.runs.finetune import FinetuneOptions, Watchers
    from glassbert.runs.several import train_folds, train_seeds
    from glassbert.runs.world import refuse_several
    from glassbert.train.stop import stop_on_signals

    refuse_several(os.environ, "--seeds" if seeds is not None else "--folds")
    hear(use_threads(threads))
    options = FinetuneOptions(data=DataOptions(**data), command=("glassbert", *sys.argv[1:]), **request)
    with stop_on_signals() as stop, progress() as on_step:
        watchers = Watchers(say=say, on_step=on_step)
        if seeds is not None:
            found = train_seeds(options, seeds, stop=stop, watchers=watchers)
        else:
            found = train_folds(options, folds or 0, stop=stop, watchers=watchers)
    if as_json:
        emit_json(found)
    else:
        emit("\n".join(table(found)) + "\n")


def table(found: dict[str, Any]) -> list[str]:
    """A line for every run, and their mean, spread and range."""
    names = [name for name in found["mean"] if name in METRIC_NAMES][:SHOWN]
    kind = "seed" if found["kind"] == "seeds" else "fold"
    lines = ["", f"{kind:<10}" + "".join(f"{METRIC_NAMES[name]:>16}" for name in names)]
    for row in found["runs"]:
        lines.append(_line(str(row[kind]), row["metrics"], names) + _remark(row))
    lines.append("")
    if kind == "fold":
        lines.append(_line(f"all {found['rows']:,}", found["pooled"], names))
    lines += [_line(part, found[part], names) for part in ("mean", "std", "min", "max")]
    return [*lines, ""]


def _line(name: str, scores: dict[str, Any], names: list[str]) -> str:
    cells = (scores.get(each) for each in names)
    return f"{name:<10}" + "".join(f"{'-' if each is None else f'{each:.4f}':>16}" for each in cells)


def _remark(row: dict[str, Any]) -> str:
    if not row["collapsed"]:
        return ""
    if "again" not in row:
        return "  collapsed"
    return "  collapsed twice" if row["collapsed_again"] else "  after a restart"
