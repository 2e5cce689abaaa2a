"""Several runs of one recipe: with other seeds on the same split, or judged on one fold after another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.runs.comparing.answers import compare_answers, refuse_kind
from glassbert.runs.comparing.judged import JudgedRun, Shared, judged_run
from glassbert.runs.directory import RunDirectory
from glassbert.runs.finetune import FinetuneOptions, Watchers, finetune
from glassbert.runs.predictions import plain_line
from glassbert.runs.several_place import FOLDS, POOLED, SEEDS, begin, drop
from glassbert.tasks.names import find_task
from glassbert.train.stop import Stop

LONGER, LONGEST_WARMUP = 3.0, 0.5
"""A collapsed run is started again with so many times the warm-up, at most half of the steps."""
MOST = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Runner:
    """What to run, who hears of it, and which earlier runs go once the first is whole."""

    options: FinetuneOptions
    stop: Stop
    watchers: Watchers
    replaced: list[Path]

    def run(self, name: str, *, count: int, data: dict[str, Any], settings: dict[str, Any]) -> RunDirectory:
        """One of `count` runs, in a directory of its own within `out`, with its share of the budget."""
        said = self.options.request.said()
        if said.get("budget") is not None:
            settings = {**settings, "budget": said["budget"] / count}
        out = self.options.out / name
        resume = "auto" if self.options.resume else False
        options = replace(
            self.options,
            out=out,
            data=replace(self.options.data, **data),
            settings={**said, **settings},
            config={},
            resume=resume,  # type: ignore[arg-type]
            overwrite=self.options.overwrite and out.exists(),
        )
        self.watchers.say(f"{name}:")
        run = finetune(options, stop=self.stop, watchers=self.watchers)
        drop(self.replaced, kept=out)
        return run


def train_seeds(options: FinetuneOptions, count: int, *, stop: Stop, watchers: Watchers) -> dict[str, Any]:
    """Train with `count` seeds, from the given one on, on one split; what seeds.json says.

    A run that answers the same for every row has collapsed: it is named, and started once again with a longer
    warm-up, whose scores then count. Raises what `finetune` raises; UsageError for a senseless count.
    """
    replaced = _begin(options, count, "--seeds", SEEDS)
    runner = Runner(options=options, stop=stop, watchers=watchers, replaced=replaced)
    first = int(options.request.said().get("seed", 0))
    rows = [_seed(runner, first + i, count=count, split=first) for i in range(count)]
    document = {
        "kind": "seeds",
        "task": options.data.task,
        "split_seed": first,
        "runs": rows,
        "collapsed": sum(row["collapsed"] for row in rows),
        **spread([row["metrics"] for row in rows]),
    }
    _write(options.out / SEEDS, document)
    return document


def _seed(runner: Runner, seed: int, *, count: int, split: int) -> dict[str, Any]:
    data = {"split_seed": split}
    name = f"seed-{seed}"
    run = runner.run(name, count=count, data=data, settings={"seed": seed})
    row = {"seed": seed, "run": str(run.path), "collapsed": collapsed(judged_run(run.path))}
    if row["collapsed"]:
        before = float(run.document["config"]["warmup_ratio"]["value"])
        longer = min(LONGEST_WARMUP, round(max(before * LONGER, 0.1), 6))
        runner.watchers.say(
            f"warning: {name} has collapsed: it gives one answer for every row; it is started once again, "
            f"with a warm-up of {longer:.0%} of the steps instead of {before:.0%}"
        )
        settings = {"seed": seed, "warmup_ratio": longer}
        run = runner.run(f"{name}-again", count=count, data=data, settings=settings)
        again = collapsed(judged_run(run.path))
        row |= {"again": str(run.path), "warmup_ratio": longer, "collapsed_again": again}
        if again:
            runner.watchers.say(f"warning: {name} has collapsed again; it counts as it is")
    return {**row, "metrics": run.document["result"]["metrics"]}


def train_folds(options: FinetuneOptions, count: int, *, stop: Stop, watchers: Watchers) -> dict[str, Any]:
    """Cross-validate: each of `count` runs is judged on its fold, so that every row is judged exactly once.

    What folds.json says: the scores of every fold, their spread, and those of all rows together, which are in
    predictions.csv. Raises as `train_seeds` does, and UsageError for an evaluation file.
    """
    refuse_kind(find_task(options.data.task).answer)
    if options.data.evaluation is not None:
        what = "--folds judges every row of DATA, and --eval-data names other rows"
        raise UsageError(Problem(code="folds-and-file", what=what, fix="leave one of them out"))
    replaced = _begin(options, count, "--folds", FOLDS)
    runner = Runner(options=options, stop=stop, watchers=watchers, replaced=replaced)
    judged, rows = [], []
    for fold in range(1, count + 1):
        run = runner.run(f"fold-{fold}", count=count, data={"fold": fold, "folds": count}, settings={})
        judged.append(judged_run(run.path))
        rows.append(
            {
                "fold": fold,
                "run": str(run.path),
                "rows": len(judged[-1].rows),
                "collapsed": collapsed(judged[-1]),
                "metrics": run.document["result"]["metrics"],
            }
        )
    everything = tuple(row for each in judged for row in each.rows)
    whole = Shared(first=everything, second=everything, labels=judged[0].labels)
    pooled = compare_answers(judged[0].answer, whole).scores[0]
    document = {
        "kind": "folds",
        "task": options.data.task,
        "runs": rows,
        "rows": len(everything),
        "pooled": pooled,
        **spread([row["metrics"] for row in rows]),
    }
    _pool(options.out / POOLED, [each.path / POOLED for each in judged])
    _write(options.out / FOLDS, document)
    return document


def collapsed(run: JudgedRun) -> bool:
    """Whether a model gives one answer for all rows although their labels differ."""
    said, truth = ({getattr(row, name) for row in run.rows} for name in ("prediction", "label"))
    if run.answer == "number" and len(truth) > 1:
        numbers, wanted = (
            np.array([float(getattr(row, name)) for row in run.rows]) for name in ("prediction", "label")
        )
        return bool(numbers.std() < 1e-3 * wanted.std())
    if run.answer == "tags":
        said, truth = ({tag for each in tags for tag in json.loads(each)} for tags in (said, truth))
    return len(said) == 1 and len(truth) > 1


def spread(metrics: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Mean, standard deviation (of a sample: n - 1; None of one run), least and largest of every score that
    all runs have; tables, such as those by type, have none.
    """
    shared = [name for name in metrics[0] if all(isinstance(each.get(name), int | float) for each in metrics)]
    found: dict[str, dict[str, float | None]] = {}
    for part, of in (("mean", np.mean), ("std", None), ("min", np.min), ("max", np.max)):
        found[part] = {}
        for name in shared:
            values = np.array([each[name] for each in metrics], dtype=np.float64)
            if of is not None:
                found[part][name] = float(of(values))
            else:
                found[part][name] = float(values.std(ddof=1)) if len(values) > 1 else None
    return found


def _begin(options: FinetuneOptions, count: int, option: str, summary: str) -> list[Path]:
    """Make the directory of the runs; what is replaced in it."""
    if not 2 <= count <= MOST:
        fix = f"give a number from 2 to {MOST}"
        raise UsageError(Problem(code="bad-setting", what=f"{option} is {count}", fix=fix))
    return begin(options.out, summary, resume=bool(options.resume), overwrite=options.overwrite)


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_file(path, [text.encode(), b"\n"])


def _pool(path: Path, parts: Sequence[Path]) -> None:
    """The rows of all folds by their numbers, with the columns that all of them have."""
    tables = [list(csv.reader(io.StringIO(part.read_text(encoding="utf-8"), newline=""))) for part in parts]
    header = [name for name in tables[0][0] if all(name in table[0] for table in tables)]
    lines = [[cells[table[0].index(name)] for name in header] for table in tables for cells in table[1:]]
    lines.sort(key=lambda cells: int(cells[header.index("row")]))
    write_file(path, (plain_line(cells).encode() for cells in [header, *lines]))
