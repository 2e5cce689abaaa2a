"""Fine-tuning from files to a finished run directory: read, split, train, judge, calibrate, save."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from glassbert.runs.begun_facts import config_facts, model_facts
from glassbert.runs.check.finding import refuse_mistakes
from glassbert.runs.data import Dataset, Learning, read_dataset
from glassbert.runs.directory import FILE, REJECTED, RunDirectory, clear
from glassbert.runs.fingerprints import fingerprints
from glassbert.runs.fit import Place, fit, make_plan, refuse_kept
from glassbert.runs.job import FinetuneJob, Split
from glassbert.runs.judge import Judging, judge_and_save, rivals
from glassbert.runs.learnt import refuse_changed_base
from glassbert.runs.options import FinetuneOptions
from glassbert.runs.override import changed_config
from glassbert.runs.prepare import Prepared, prepare_model
from glassbert.runs.provenance import hardware, versions
from glassbert.runs.recipe import values
from glassbert.runs.reserve import reserve
from glassbert.runs.resume import (
    as_recorded,
    other_surroundings,
    refuse_changed_data,
    refuse_changed_files,
    refuse_contradictions,
    refuse_late,
    resumed,
)
from glassbert.runs.rows import write_rejected
from glassbert.runs.settings import check
from glassbert.runs.watchers import Watchers
from glassbert.runs.world import (
    claimed_by_first,
    device_in,
    recorded_by_first,
    refuse_differences,
    refuse_whole_batches,
)
from glassbert.tasks.remarks import remarks
from glassbert.tasks.task import Examples
from glassbert.text.windows import Windows
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import NAME as LOG
from glassbert.train.plan import Outcome
from glassbert.train.stop import Stop
from glassbert.train.world import World

__all__ = ["FinetuneOptions", "Watchers", "finetune", "read_run"]

# what `check` calls a mistake and a person may still want to train on: it is only said
WARNED = ("leak", "contradictory-labels")


def finetune(
    options: FinetuneOptions,
    *,
    stop: Stop,
    watchers: Watchers = Watchers(),  # noqa: B008 - frozen
    started: float | None = None,
    world: World = World(),  # noqa: B008 - frozen
) -> RunDirectory:
    """Run it all, or continue where it stopped, and return the finished run directory.

    Of several processes in `world` the first alone writes, judges and is watched; the others return once
    training is over. A wall-clock budget counts from `started` (monotonic; now, if unsaid). Raises every
    error of failures.md by its class; Interrupted (75) after a requested stop, with all saved.
    """
    started = time.monotonic() if started is None else started
    check(options.request.said())
    refuse_kept(options.keep_checkpoints)
    refuse_contradictions(options)
    device_in(world, options.device_name)
    watchers = watchers if world.is_first else Watchers()
    resume = _continues(options, watchers)
    with claimed_by_first(world, options.out, resume=resume, overwrite=options.overwrite) as recorded:
        if recorded is None:
            run = _Run.begin(options, watchers, world)
            return run.complete(stop=stop, watchers=watchers, started=started)
        options = resumed(options, recorded.document)
        device_in(world, options.device_name)
        if recorded.is_finished:
            refuse_late(options)
            refuse_changed_files(recorded.document["data"], options.data)
            watchers.say("this run is finished: nothing is left to do")
            return recorded
        run = _Run.resume(options, recorded, watchers, world)
        return run.complete(stop=stop, watchers=watchers, started=started)


def _continues(options: FinetuneOptions, watchers: Watchers) -> bool:
    """Whether there is a run to go on with; a fresh start where one was looked for is said."""
    if options.resume != "auto" or (options.out / FILE).is_file():
        return bool(options.resume)
    watchers.say(f"note: there is no run in {options.out} yet: starting fresh")
    return False


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """A run that is recorded and ready to train: its directory, its data and its model."""

    directory: RunDirectory
    dataset: Dataset
    prepared: Prepared
    world: World
    keep_checkpoints: int = 0

    @classmethod
    def begin(cls, options: FinetuneOptions, watchers: Watchers, world: World) -> _Run:
        """Read and check everything; only then replace an earlier run and write down what is run on what."""
        dataset, prepared = read_run(options, watchers, world)
        facts = {
            "task": options.data.task,
            "command": list(options.command),
            "seed": prepared.settings["seed"].value,
            "versions": versions(),
            "hardware": hardware(processes=world.size),
            "request": as_recorded(options),
            "config": config_facts(prepared),
            "data": dataset.facts,
            "labels": list(dataset.task.head.labels),
            "model": model_facts(prepared),
        }

        def record() -> RunDirectory:
            clear(options.out)
            directory = RunDirectory.create(options.out, facts)
            if options.data.read.on_bad_rows != "error":
                write_rejected(options.out / REJECTED, dataset.rejected)
            return directory

        return cls(
            directory=recorded_by_first(world, options.out, record),
            dataset=dataset,
            prepared=prepared,
            world=world,
            keep_checkpoints=options.keep_checkpoints or 0,
        )

    @classmethod
    def resume(
        cls, options: FinetuneOptions, recorded: RunDirectory, watchers: Watchers, world: World
    ) -> _Run:
        """Read everything again; raises DataError when the data is not what it was."""
        now = {"versions": versions(), "hardware": hardware(processes=world.size)}
        for sentence in other_surroundings(recorded.document, now):
            watchers.say(f"note: {sentence}")
        dataset, prepared = read_run(options, watchers, world)
        refuse_changed_data(recorded.document["data"], dataset.facts)
        base = recorded.document["model"].get("frozen_sha256")
        refuse_changed_base(base, prepared.model.network, file=str(prepared.model.name))
        recorded.update({"config": changed_config(recorded.document["config"], options.settings)})
        kept = options.keep_checkpoints or 0
        return cls(directory=recorded, dataset=dataset, prepared=prepared, world=world, keep_checkpoints=kept)

    def complete(self, *, stop: Stop, watchers: Watchers, started: float) -> RunDirectory:
        """Train, judge and save; a run that fails or is stopped says so in run.json."""
        run, job = self.directory, self._job()
        if not self.world.is_first:
            self._fit(job, stop=stop)
            return run
        with run.at_work():
            evaluation = self._windows(self.dataset.evaluation)
            for remark in remarks(job.task, job.train.windows, job.train.examples):
                watchers.say(f"note: {remark}")
            found = rivals(job, Split(self.dataset.evaluation, evaluation))
            deadline = _deadline(job, evaluation, started)
            outcome = self._fit(job, stop=stop, deadline=deadline, watchers=watchers)
            _say_budget(outcome, make_plan(job).total_steps, watchers)
            watchers.say("judging on the evaluation rows")
            judging = Judging(
                job=job,
                evaluation=Split(self.dataset.evaluation, evaluation),
                others=self.dataset.others,
                baselines=found,
                outcome=outcome,
                started=started,
            )
            judge_and_save(run, self.prepared.model, judging)
        return run

    def _fit(
        self,
        job: FinetuneJob,
        *,
        stop: Stop,
        deadline: float | None = None,
        watchers: Watchers = Watchers(),  # noqa: B008 - frozen
    ) -> Outcome:
        run = self.directory
        begun = self.world.share(self.world.is_first and _has_checkpoints(run, watchers))
        place = Place(
            directory=run.path,
            run_id=run.run_id,
            keep_checkpoints=self.keep_checkpoints,
            world=self.world,
            sync_every=self.prepared.settings["sync_every"].value,
        )
        return fit(job, place, stop=stop, deadline=deadline, resume=begun, watchers=watchers)

    def _windows(self, examples: Examples) -> Windows:
        model = self.prepared.model
        return self.dataset.task.windows(examples, model.tokenizer, max_length=model.max_length)

    def _job(self) -> FinetuneJob:
        return FinetuneJob(
            self.prepared.model.network,
            self.dataset.task,
            values(self.prepared.settings),
            train=Split(self.dataset.train, self._windows(self.dataset.train)),
            validation=Split(self.dataset.validation, self._windows(self.dataset.validation)),
            world=self.world,
        )


def read_run(
    options: FinetuneOptions,
    watchers: Watchers,
    world: World = World(),  # noqa: B008 - frozen
) -> tuple[Dataset, Prepared]:
    """The data and the model that a run begins with, the same in all processes; what speaks against it is
    raised, or said.
    """
    dataset = read_dataset(options.data, Learning.of(options.request.said()))
    for warning in dataset.warnings:
        watchers.say(f"note: {warning}")
    if not options.data.allow_degenerate:
        strict = [each for each in dataset.findings if each.code not in WARNED]
        refuse_mistakes(strict, dataset.facts["train"]["path"])
    request = replace(options.request, device=device_in(world, options.device_name))
    prepared = prepare_model(request, dataset.task, num_rows=len(dataset.train))
    if world.size > 1:
        refuse_whole_batches(dataset.task)
        refuse_differences(world, fingerprints(dataset, prepared))
    for warning in prepared.model.warnings:
        watchers.say(f"note: {warning}")
    return dataset, prepared


def _say_budget(outcome: Outcome, planned: int, watchers: Watchers) -> None:
    """Say how much of the training a budget left: a score after no step at all must surprise nobody."""
    if outcome.stopped_because == "budget":
        took = f"the budget left time for {outcome.steps:,} of {planned:,} steps"
        watchers.say(f"note: {took}" if outcome.steps else f"warning: {took}: the model has learnt nothing")


def _has_checkpoints(run: RunDirectory, watchers: Watchers) -> bool:
    """Whether there is something to go on from; a run killed before its first checkpoint begins again."""
    Checkpoints(run.checkpoints, run_id=run.run_id).collect()
    if any(run.checkpoints.glob("step-*")):
        return True
    if (run.path / LOG).exists():
        watchers.say("note: no checkpoint was written yet: the recorded run starts from its first step")
    return False


def _deadline(job: FinetuneJob, evaluation: Windows, started: float) -> float | None:
    """When training has to be over so that judging and saving still fit into the budget."""
    budget = job.settings.budget
    if budget is None:
        return None
    kept = reserve(job.network, (evaluation, job.validation.windows), budget=budget)
    return started + budget - kept
