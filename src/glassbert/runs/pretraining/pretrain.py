"""Pre-training from plain text to a finished run directory: tokenise, train, judge, save."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.runs.directory import RunDirectory, clear
from glassbert.runs.export import save_model
from glassbert.runs.fingerprints import code_fingerprint, digest
from glassbert.runs.fit import Place
from glassbert.runs.learnt import digest_of_frozen
from glassbert.runs.models import Model
from glassbert.runs.notes import ModelNotes
from glassbert.runs.pretrained_only import TASK
from glassbert.runs.pretraining.batch_fit import NAMES, as_begun, entries, fitted, probing
from glassbert.runs.pretraining.card import pretraining_card
from glassbert.runs.pretraining.costs import machine_peak
from glassbert.runs.pretraining.fit import SHARE_KEPT, fit, planned_steps, sequences_per_second
from glassbert.runs.pretraining.held_out import HeldOut
from glassbert.runs.pretraining.job import PretrainingJob
from glassbert.runs.pretraining.networks import Begun, begin_network, refuse_unfit, transformers_class
from glassbert.runs.pretraining.options import PretrainOptions, refuse_contradictions
from glassbert.runs.pretraining.resume import resumed
from glassbert.runs.pretraining.settings import RECIPES, Settings, check, check_length, settled, size_of
from glassbert.runs.pretraining.texts import Texts, make_samples, read_texts, refuse_changed_texts
from glassbert.runs.provenance import hardware, versions
from glassbert.runs.reserve import SECONDS_PER_PARAMETER
from glassbert.runs.resume import other_surroundings
from glassbert.runs.training_memory import check_training_memory
from glassbert.runs.watchers import Watchers
from glassbert.runs.world import (
    added_up,
    claimed_by_first,
    device_in,
    in_turns,
    recorded_by_first,
    refuse_differences,
)
from glassbert.text.text_files import find_texts
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.log import NAME as LOG
from glassbert.train.memory import peak_rss_mb
from glassbert.train.plan import Outcome
from glassbert.train.stop import Stop
from glassbert.train.world import World

__all__ = ["PretrainOptions", "Watchers", "pretrain"]

# what is wrong with what a person brought: a new run that meets it leaves no directory behind
BROUGHT = (UsageError, DataError, MissingInputError)


def pretrain(
    options: PretrainOptions,
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
    check(options.said)
    refuse_contradictions(options)
    device_in(world, options.device_name)
    watchers = watchers if world.is_first else Watchers()
    claim = claimed_by_first(world, options.out, resume=options.resume, overwrite=options.overwrite)
    with claim as recorded:
        if recorded is not None:
            options = resumed(options, recorded.document)
            device_in(world, options.device_name)
            if recorded.is_finished:
                watchers.say("this run is finished: nothing is left to do")
                return recorded
            now = {"versions": versions(), "hardware": hardware(processes=world.size)}
            for sentence in other_surroundings(recorded.document, now):
                watchers.say(f"note: {sentence}")
            return _Run(options, recorded, watchers, world).complete(stop=stop, started=started)
        check_length(options.said)
        directory = recorded_by_first(world, options.out, lambda: _begin(options, world))
        try:
            return _Run(options, directory, watchers, world).complete(stop=stop, started=started)
        except BROUGHT:
            if world.is_first and "data" not in directory.document:
                clear(options.out)
            raise


def _begin(options: PretrainOptions, world: World) -> RunDirectory:
    """The directory of a new run. Texts are looked for first: an earlier run is not replaced for nothing."""
    find_texts(options.texts)
    if options.size is not None:
        size_of(options.size)
    settings = settled(options.said)
    refuse_unfit(options, settings)
    facts = {
        "task": TASK,
        "command": list(options.command),
        "seed": settings.seed,
        "versions": versions(),
        "hardware": hardware(processes=world.size),
        "request": options.recorded(),
        "config": _config(options, settings),
    }
    clear(options.out)
    return RunDirectory.create(options.out, facts)


@dataclass(frozen=True, eq=False)
class _Run:
    """A run that is recorded; its text is read, and its network made, when it is completed."""

    options: PretrainOptions
    directory: RunDirectory
    watchers: Watchers
    world: World

    def complete(self, *, stop: Stop, started: float) -> RunDirectory:
        """Read, train, judge and save; a run that fails or is stopped says so in run.json."""
        run, world = self.directory, self.world
        settings = as_begun(settled(self.options.said), run.document["config"])
        with run.at_work():
            texts = in_turns(world, lambda: self._texts(stop))
            begun = begin_network(self.options, settings, texts.tokenizer)
            if world.size > 1:
                refuse_differences(world, fingerprints_of(settings, begun, texts))
            for warning in begun.warnings:
                self.watchers.say(f"note: {warning}")
            if begun.newly_initialised:
                names = ", ".join(begun.newly_initialised)
                self.watchers.say(f"note: new and random, for the checkpoint has none: {names}")
            job = self._job(texts, begun, settings)
            kept = self._record(texts, begun, job)
            decides = settings.budget is not None and world.is_first
            deadline = started + (settings.budget or 0.0) - kept if decides else None
            self._fit_batch(job, deadline)
            steps = self._steps(job, deadline)
            outcome = fit(
                job,
                Place(directory=run.path, run_id=run.run_id, world=world, sync_every=settings.sync_every),
                total_steps=steps,
                deadline=deadline,
                stop=stop,
                resume=world.share(world.is_first and self._has_checkpoints()),
                watchers=self.watchers,
            )
            if not outcome.steps:
                self.watchers.say("warning: the budget left no time for a step: the model has learnt nothing")
            if not world.is_first:
                return run
            self._save(texts, job, outcome, started=started)
        return run

    def _texts(self, stop: Stop) -> Texts:
        texts = read_texts(self.options, say=self.watchers.say, stop=stop)
        if "data" in self.directory.document:
            refuse_changed_texts(self.directory.document["data"], texts.facts)
        for warning in texts.tokenizer.warnings:
            self.watchers.say(f"note: {warning}")
        return texts

    def _job(self, texts: Texts, begun: Begun, settings: Settings) -> PretrainingJob:
        objective, max_length = settings.objective, settings.max_length
        held_out = HeldOut(texts.held_out, texts.tokenizer, objective=objective, max_length=max_length)
        device = device_in(self.world, self.options.device_name)
        # processes that take steps of their own ask nobody in between
        asked = World() if settings.sync_every is not None else self.world
        network = begun.network.to(device)
        check_training_memory(network, optimizer=settings.optimizer, file=begun.source)
        return PretrainingJob(
            network,
            make_samples(texts.train, objective=objective, max_length=max_length),
            texts.tokenizer,
            settings,
            held_out=held_out,
            peak=machine_peak(next(network.parameters()).device),
            teacher=None if begun.teacher is None else begun.teacher.to(device),
            fresh=begun.fresh,
            rank=self.world.rank,
            ranks=self.world.size,
            across=partial(added_up, asked),
        )

    def _record(self, texts: Texts, begun: Begun, job: PretrainingJob) -> float:
        """Write down what is run on what; seconds that the end of a budget needs for judging and saving."""
        config = begun.network.config
        model = {
            "source": begun.source,
            "family": config.model_type,
            "num_parameters": config.num_parameters + begun.network.head_config.num_parameters(config),
            "hidden_size": config.hidden_size,
            "num_hidden_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "newly_initialised": list(begun.newly_initialised),
            "transformers": transformers_class(config, begun.network.head_config),
        }
        samples = {"samples": len(job.lengths), "evaluated_masks": job.held_out.num_masked}
        self.directory.update({"data": {**texts.facts, **samples}, "model": model, "peak": job.peak})
        if job.settings.budget is None or not self.world.is_first:
            return 0.0
        reading = job.held_out.seconds_to_hide(begun.network.eval())
        parameters = sum(each.numel() for each in begun.network.parameters())
        return 1.5 * reading + parameters * SECONDS_PER_PARAMETER + SHARE_KEPT * job.settings.budget

    def _fit_batch(self, job: PretrainingJob, deadline: float | None) -> None:
        """Smaller batches where a budget would have too few of the recipe's, and nobody said how many."""
        before, said = job.settings, self.options.said
        if before.budget is None or any(name in said for name in NAMES):
            return
        if "planned_steps" in self.directory.document:
            return
        job.take(probing(before))
        seconds = max(deadline - time.monotonic(), 0.0) if deadline is not None else 0.0
        # all of them take the steps that are measured, and the first one's measure counts
        sequences = self.world.share(seconds * sequences_per_second(job))
        settings = fitted(before, sequences=sequences)
        job.take(settings)
        if settings != before:
            config = {**self.directory.document["config"], **entries(settings, before, sequences=sequences)}
            self.directory.update({"config": config})
            self.watchers.say(
                f"note: updates of {settings.batch_size} sequences: {config['batch_size']['reason']}"
            )

    def _steps(self, job: PretrainingJob, deadline: float | None) -> int:
        """How many steps are planned: as said, else as many as fit, which is recorded for a resume."""
        if job.settings.steps is not None:
            return job.settings.steps
        planned = self.directory.document.get("planned_steps")
        if planned is None:
            # all of them take the steps that are measured, and the first one's measure counts
            seconds = max(deadline - time.monotonic(), 0.0) if deadline is not None else 0.0
            planned = self.world.share(planned_steps(job, seconds=seconds))
            self.directory.update({"planned_steps": planned})
        return int(planned)

    def _has_checkpoints(self) -> bool:
        run = self.directory
        Checkpoints(run.checkpoints, run_id=run.run_id).collect()
        if any(run.checkpoints.glob("step-*")):
            return True
        if (run.path / LOG).exists():
            self.watchers.say("note: no checkpoint was written yet: the run starts from its first step")
        return False

    def _save(self, texts: Texts, job: PretrainingJob, outcome: Outcome, *, started: float) -> None:
        """Judge once more, with the pseudo-perplexity, and write model and, last of all, the result."""
        run, network = self.directory, job.network
        last = {name: value for name, value in outcome.history[-1].items() if name != "step"}
        metrics = {**last, "pseudo_perplexity": job.held_out.pseudo_perplexity(network)}
        result = {
            "metrics": metrics,
            "tokens_seen": outcome.tokens_seen,
            "tokens_per_second": outcome.tokens_seen / max(outcome.seconds, 1e-9),
            "seconds": time.monotonic() - started,
            "training_seconds": outcome.seconds,
            "peak_rss_mb": peak_rss_mb(),
            "total_steps": outcome.steps,
            "stopped_because": outcome.stopped_because,
        }
        model = Model(
            network=network,
            tokenizer=texts.tokenizer,
            name=str(run.path),
            notes=ModelNotes(max_length=job.settings.max_length),
        )
        card = pretraining_card({**run.document, "result": result})
        save_model(model, run.model, card=card, more={"run_id": run.run_id})
        run.update({"status": "finished", "result": {**result, "seconds": time.monotonic() - started}})


def fingerprints_of(settings: Settings, begun: Begun, texts: Texts) -> dict[str, str]:
    """Hashes of what all processes must have in common, by name; weights to begin with are sent to all."""
    network = begun.network
    teacher = None if begun.teacher is None else digest_of_frozen(begun.teacher)
    return {
        **({} if teacher is None else {"teacher": teacher}),
        "code": code_fingerprint(),
        "configuration": digest([asdict(settings), asdict(network.config), asdict(network.head_config)]),
        "vocabulary": texts.tokenizer.fingerprint,
        "data": digest([texts.facts[name]["corpus"] for name in ("train", "evaluation")]),
    }


def _config(options: PretrainOptions, settings: Settings) -> dict[str, dict[str, Any]]:
    """Every setting with where it comes from."""
    said = options.said
    paper = ("default", "the BERT paper's, as far as it has one")
    chosen = ("recipe", f"the {settings.recipe} recipe's")
    unsaid = {name: chosen if name in RECIPES[settings.recipe] else paper for name in asdict(settings)}
    recipe = RECIPES[settings.recipe]
    if settings.batch_ramp != recipe.get("batch_ramp", settings.batch_ramp):
        unsaid["batch_ramp"] = ("recipe", f"the recipe's {recipe['batch_ramp']}, made to divide the batch")
    origins = {name: ("option", "") if name in said else origin for name, origin in unsaid.items()}
    return {
        name: {"value": getattr(settings, name), "from": origin, "reason": reason}
        for name, (origin, reason) in origins.items()
    }
