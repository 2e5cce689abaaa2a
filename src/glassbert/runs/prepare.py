"""An encoder under a new head, with settings that fit both: what a run and an estimator begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glassbert.errors import Problem, UsageError
from glassbert.model.pretrained import load_pretrained
from glassbert.runs.bases import open_adapter, own_head
from glassbert.runs.groups import hidden_matrices
from glassbert.runs.learnt import restrict
from glassbert.runs.models import Model
from glassbert.runs.notes import ModelNotes
from glassbert.runs.recipe import Setting, learnt, metric_for, recipe, settle
from glassbert.runs.resolve import resolve_model
from glassbert.runs.settings import plain_names
from glassbert.runs.training_memory import check_training_memory
from glassbert.tasks.task import Task
from glassbert.text.tokenizer import Tokenizer
from glassbert.train.muon import refuse_no_matrices


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for: settings given one by one, and those of a configuration file; None is not given.

    `base` is the base model where `model` is an adapter of peft.
    """

    model: str
    settings: Mapping[str, Any]
    config: Mapping[str, Any]
    device: str = "cpu"
    base: str | None = None

    def said(self) -> dict[str, Any]:
        """Every setting that was given, under its plain name."""
        both = (plain_names(self.config), plain_names(self.settings))
        return {name: value for part in both for name, value in part.items() if value is not None}


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The model before training, its settings, the tensors that are new and random, and the directory of its
    base where it is an adapter's.
    """

    model: Model
    settings: dict[str, Setting]
    newly_initialised: tuple[str, ...]
    base: Path | None = None


def prepare_model(request: Request, task: Task, *, num_rows: int) -> Prepared:
    """Load the encoder, put the task's head on it, and settle everything that was not asked for.

    An adapter of peft is merged into its base, and training goes on from there. Raises what loading raises,
    and UsageError for settings that do not fit the model or the task.
    """
    source = resolve_model(request.model)
    said = request.said()
    directory, adapter = open_adapter(source, request.base)
    if adapter is not None:
        _refuse_second(said, source.name)
        adapter = replace(adapter, head=own_head(source.directory, adapter))
    loaded = load_pretrained(
        directory, head=task.head, replace_head=True, seed=said.get("seed", 0), adapter=adapter
    )
    config = loaded.network.config
    tokenizer = Tokenizer.load(directory, vocab_size=config.vocab_size)
    advice = recipe(
        num_parameters=config.num_parameters,
        num_rows=num_rows,
        max_length=config.max_length,
        optimizer=str(said.get("optimizer", "adamw")),
        lora=said.get("lora"),
        freeze=said.get("freeze"),
    )
    settings = settle(request.settings, request.config, {**advice, **metric_for(task.best_by)})
    _refuse_metric(settings["metric"].value, task)
    max_length = settings["max_length"].value
    if max_length > config.max_length:
        what = f"--max-length {max_length}: the model has positions for {config.max_length} tokens"
        raise UsageError(Problem(code="too-long", what=what, fix=f"give at most {config.max_length}"))
    restrict(loaded.network, learnt(settings), seed=settings["seed"].value)
    if settings["optimizer"].value == "muon":
        refuse_no_matrices(hidden_matrices(loaded.network))
    network = loaded.network.to(request.device)
    check_training_memory(network, optimizer=settings["optimizer"].value, file=str(source.name))
    model = Model(
        network=network,
        tokenizer=tokenizer,
        name=source.name,
        notes=ModelNotes(task=task.name, max_length=max_length),
        warnings=(*loaded.warnings, *tokenizer.warnings),
    )
    return Prepared(
        model=model,
        settings=settings,
        newly_initialised=loaded.assigned.newly_initialised,
        base=None if adapter is None else directory,
    )


def _refuse_second(said: Mapping[str, Any], name: str) -> None:
    """New adapters are saved for a base that can be named, and a merged one lies nowhere."""
    if said.get("lora") is not None:
        what = "--lora adds adapters, and the model is an adapter itself"
        fix = "name the merged model (of our own runs it is model/, beside adapter/), or leave --lora out"
        raise UsageError(Problem(code="adapter-on-adapter", what=what, fix=fix, file=name))


def _refuse_metric(metric: str, task: Task) -> None:
    known = (*task.metrics, "loss")
    if metric not in known:
        what = f"--metric is {metric!r}, which {task.name} does not have"
        raise UsageError(Problem(code="bad-setting", what=what, fix=f"choose one of {', '.join(known)}"))
