"""`glassbert tune`: from a file to a model with searched settings, or with the defaults if they do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from glassbert.errors import DataError, Problem, UsageError
from glassbert.runs.comparing.answers import refuse_kind
from glassbert.runs.data import Dataset
from glassbert.runs.finetune import FinetuneOptions, Watchers, read_run
from glassbert.runs.prepare import Prepared
from glassbert.runs.provenance import hardware, versions
from glassbert.runs.resume import as_recorded
from glassbert.runs.settings import check
from glassbert.runs.tuning.noting import note_search
from glassbert.runs.tuning.search import Budget, Search
from glassbert.runs.tuning.space import Space, refuse_missing
from glassbert.runs.tuning.state import FILE, Tuning, refuse_held
from glassbert.runs.tuning.trial_runs import TRIALS, FinetuneRunner
from glassbert.tasks.names import find_task
from glassbert.train.lock import RunLock
from glassbert.train.stop import Stop

SEARCHED = ("learning_rate", "layer_decay", "epochs", "max_length")
SETTLED = (*SEARCHED, "batch_size", "patience")
MOST_SEEDS = 10


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """What to search on and for how long.

    `finetune` says of data, model and place what a run would be told; its settings, and those of its
    configuration file, are fixed and not searched, but for the budget, which is `budget` seconds for all.
    At most `trials` points are tried (None: as many as the budget has room for), and both recipes are trained
    in full with up to `seeds` seeds.
    """

    finetune: FinetuneOptions
    budget: float
    trials: int | None = None
    seeds: int = 3


def tune(
    options: TuneOptions,
    *,
    stop: Stop,
    watchers: Watchers = Watchers(),  # noqa: B008 - frozen
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Search, train both recipes in full, compare; what tune.json says.

    The rows of the score take no part in the search. Raises what `finetune` raises; UsageError where optuna
    is missing, or for senseless numbers; Interrupted (75) after a requested stop, with all saved.
    """
    refuse_missing()
    _refuse_senseless(options)
    request = options.finetune
    refuse_held(request.out, resume=bool(request.resume), overwrite=request.overwrite)
    if request.resume:
        Tuning.open(request.out)
    dataset, prepared = read_run(request, watchers)
    defaults = {name: prepared.settings[name].value for name in SETTLED}
    fixed = {name: value for name, value in request.request.said().items() if name != "budget"}
    space = Space.around(
        {name: defaults[name] for name in SEARCHED},
        fixed=[name for name in SEARCHED if name in fixed],
        longest=_longest(dataset, prepared),
    )
    with RunLock(request.out):
        refuse_held(request.out, resume=bool(request.resume), overwrite=request.overwrite)
        if request.overwrite:
            _clear(request.out)
        facts = _facts(options, dataset, prepared)
        tuning = _tuning(request, facts)
        if tuning.status == "finished":
            watchers.say("this search is finished: nothing is left to do")
            return _document(tuning)
        tuning.status = "running"
        search = Search(
            tuning=tuning,
            space=space,
            runner=FinetuneRunner(
                options=request,
                settled={**defaults, **fixed},
                fixed=fixed,
                metric=prepared.settings["metric"].value,
                seed=facts["seed"],
                stop=stop,
                watchers=watchers,
            ),
            budget=Budget(total=float(tuning.document["budget_seconds"]), spent=tuning.spent, clock=clock),
            seed=facts["seed"],
            most=tuning.document["most_trials"],
            seeds=tuning.document["most_seeds"],
            say=watchers.say,
            requested=lambda: stop.requested,
        )
        search.complete()
        note_search(tuning)
        return _document(tuning)


def _document(tuning: Tuning) -> dict[str, Any]:
    return {
        **tuning.document,
        "status": tuning.status,
        "spent_seconds": tuning.spent,
        "trials": [asdict(each) for each in tuning.trials],
        "ending": tuning.ending,
    }


def _refuse_senseless(options: TuneOptions) -> None:
    check({"budget": options.budget})
    for option, value, low, high in (
        ("--trials", options.trials, 2, 10_000),
        ("--seeds", options.seeds, 1, MOST_SEEDS),
    ):
        if value is not None and not low <= value <= high:
            what, fix = f"{option} is {value}", f"give a number from {low} to {high:,}"
            raise UsageError(Problem(code="bad-setting", what=what, fix=fix))
    request = options.finetune
    if request.resume and request.overwrite:
        what, fix = "--resume and --overwrite are both given", "keep the one that is meant"
        raise UsageError(Problem(code="contradiction", what=what, fix=fix))
    said = request.request.said()
    if "budget" in said:
        what = "--config says a budget, and that of a search is for all its runs"
        raise UsageError(Problem(code="two-budgets", what=what, fix="leave it out of --config"))
    check(said)
    refuse_kind(find_task(request.data.task).answer)


def _longest(dataset: Dataset, prepared: Prepared) -> int:
    model = prepared.model
    windows = dataset.task.windows(dataset.train, model.tokenizer, max_length=model.max_length)
    return int(windows.lengths.max(initial=0))


def _facts(options: TuneOptions, dataset: Dataset, prepared: Prepared) -> dict[str, Any]:
    request = options.finetune
    return {
        "task": request.data.task,
        "metric": prepared.settings["metric"].value,
        "seed": prepared.settings["seed"].value,
        "budget_seconds": options.budget,
        "most_trials": options.trials,
        "most_seeds": options.seeds,
        "command": list(request.command),
        "versions": versions(),
        "hardware": hardware(),
        "request": as_recorded(request),
        "data": {name: dataset.facts[name] for name in ("train", "evaluation", "columns", "sizes")},
        "defaults": {name: prepared.settings[name].value for name in SETTLED},
    }


SAME = ("task", "metric", "seed", "most_trials", "most_seeds", "request", "data", "defaults")


def _tuning(request: FinetuneOptions, facts: dict[str, Any]) -> Tuning:
    """The recorded search, where it is to be continued and is the same; else a new one."""
    if not request.resume:
        tuning = Tuning(path=request.out, document=facts)
        tuning.write()
        return tuning
    tuning = Tuning.open(request.out)
    for name in SAME:
        before, now = _comparable(tuning.document.get(name)), _comparable(facts[name])
        if before == now:
            continue
        if name == "data":
            what, fix = "the data is not what the search began with", "bring the files back, or start anew"
            raise DataError(Problem(code="changed-data", what=what, fix=fix, file=str(request.out / FILE)))
        what = f"{name.replace('_', ' ')} is not what the search began with"
        fix = "give the options that it was begun with, or start a new search"
        raise UsageError(Problem(code="changed-setting", what=what, fix=fix, file=str(request.out / FILE)))
    tuning.document["budget_seconds"] = facts["budget_seconds"]
    return tuning


def _comparable(value: Any) -> Any:
    """As JSON would give it back, and without where files lie: their content is compared."""
    if isinstance(value, Mapping):
        hidden = ("path", "train", "evaluation") if "split_seed" in value else ("path",)
        return {str(name): _comparable(each) for name, each in value.items() if name not in hidden}
    return [_comparable(each) for each in value] if isinstance(value, list | tuple) else value


def _clear(place: Any) -> None:
    """Remove an earlier search: its own directories and tune.json, and nothing else."""
    for found in sorted(place.iterdir()):
        if found.is_dir() and (
            found.name == TRIALS or found.name.startswith(("default-seed-", "tuned-seed-"))
        ):
            shutil.rmtree(found)
    (place / FILE).unlink(missing_ok=True)
