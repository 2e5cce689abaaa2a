"""What a landscape of a finished run stands on: its rows read again, its loss, and the weights it passed
through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open
from torch import Tensor

from glassbert.errors import GlassbertError, MissingInputError, Problem, UsageError
from glassbert.model.network import Network
from glassbert.runs.data import DataOptions, Dataset, Learning, read_dataset
from glassbert.runs.directory import RunDirectory
from glassbert.runs.inference import TOKENS_PER_BATCH
from glassbert.runs.learnt import refuse_changed_base, release
from glassbert.runs.models import Model, load
from glassbert.runs.options import FinetuneOptions
from glassbert.runs.prepare import prepare_model
from glassbert.runs.pretrained_only import refuse_pretraining
from glassbert.runs.resume import refuse_changed_data, resumed
from glassbert.tasks.binding import bound
from glassbert.tasks.task import Batch, Examples
from glassbert.text.order import sorted_batches
from glassbert.train.checkpoint import MODULE, Checkpoints
from glassbert.train.manifest import verify
from glassbert.train.weights import load_module

Source = str | Path | pd.DataFrame | None
Weights = Mapping[str, Tensor]
# a plane needs three models that differ
FEWEST_STEPS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class RowLosses:
    """Some rows of a run, and parts whose sum over `weight` is their mean training loss, in float64."""

    name: str
    rows: int
    total_rows: int
    weight: float
    parts: tuple[Callable[[], Tensor], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """A finished run, opened again: its model, its task, and the rows that taught it and judged it."""

    run: RunDirectory
    model: Model
    dataset: Dataset
    options: FinetuneOptions

    def losses(self, *, rows: int, seed: int = 0) -> tuple[RowLosses, RowLosses]:
        """(training, held-out): at most so many rows of each, drawn by the seed, without dropout.

        The loss is the one that was trained, class weights and label smoothing included.
        """
        sets = {"training": self.dataset.train, "held-out": self.dataset.evaluation}
        drawn = (
            self._row_losses(name, examples, rows=rows, seed=[seed, number])
            for number, (name, examples) in enumerate(sets.items())
        )
        training, held_out = drawn
        return training, held_out

    def _row_losses(self, name: str, examples: Examples, *, rows: int, seed: list[int]) -> RowLosses:
        total = len(examples)
        chosen = np.sort(np.random.default_rng(seed).permutation(total)[:rows])
        some, network = examples.select(chosen), self.model.network
        task = bound(self.dataset.task, network)
        windows = task.windows(some, self.model.tokenizer, max_length=self.model.max_length)
        where = {
            "position_offset": network.config.position_offset,
            "device": next(network.parameters()).device,
        }
        batches = [
            task.batch(windows, some_windows, some, **where)  # type: ignore[arg-type]
            for some_windows in sorted_batches(windows.lengths, max_tokens=TOKENS_PER_BATCH)
        ]

        def part(batch: Batch) -> Callable[[], Tensor]:
            return lambda: task.loss(network(batch.packed, rows=batch.rows).double(), batch)

        weight = sum(batch.weight for batch in batches)
        return RowLosses(
            name=name, rows=len(some), total_rows=total, weight=weight, parts=tuple(map(part, batches))
        )

    @cached_property
    def _checkpoints(self) -> Checkpoints:
        return Checkpoints(self.run.checkpoints, run_id=self.run.run_id)

    def steps(self) -> dict[int, Weights]:
        """The checkpoints that are kept, and the model that training began with as step 0.

        Raises UsageError, naming the option to train with, where there are fewer than three.
        """
        found: dict[int, Weights] = {step: self._checkpoint(step) for step in self._checkpoints.steps()}
        if 0 not in found:
            found[0] = self.weights("pretrained")
        if len(found) < FEWEST_STEPS:
            kept = ", ".join(str(step) for step in sorted(found))
            what = f"the run keeps too few checkpoints for a trajectory (steps {kept})"
            fix = "train with --keep-checkpoints 8, or look at --plane random or --plane between"
            raise UsageError(Problem(code="too-few-checkpoints", what=what, fix=fix, file=str(self.run.path)))
        return dict(sorted(found.items()))

    @property
    def best_step(self) -> int | None:
        """The step whose weights the run's model has."""
        step = self.run.document["result"].get("best_step")
        return step if isinstance(step, int) else None

    def weights(self, name: str) -> Weights:
        """The weights of a model by its name: what the run passed through, or any other model.

        final: the run's model; pretrained: what training began with, the new head included; scratch: the same
        architecture, random; step-N: a checkpoint; else a run, model directory, bundled name or hub id.
        """
        if name == "final":
            return _copied(self.model.network)
        if name == "pretrained":
            if 0 in self._checkpoints.steps():
                return self._checkpoint(0)
            network = self._begun()
            release(network)
            return _copied(network)
        if name == "scratch":
            seed = int(self.options.request.said().get("seed", 0))
            return _copied(Network(self.model.network.config, self.model.network.head_config, seed=seed))
        step = name.removeprefix("step-")
        if name.startswith("step-") and step.isdecimal():
            return self._checkpoint(int(step))
        other = load(name).network
        if other.head_config == self.model.network.head_config:
            self.dataset.task.as_trained(other)
        return _copied(other)

    def _checkpoint(self, step: int) -> Weights:
        path = self.run.checkpoints / f"step-{step}"
        if step not in self._checkpoints.steps():
            kept = ", ".join(map(str, self._checkpoints.steps())) or "none"
            what, fix = f"there is no checkpoint of step {step}", f"the run keeps {kept}"
            raise MissingInputError(Problem(code="no-checkpoint", what=what, fix=fix, file=str(path)))
        verify(path)
        held = FileTensors(path / MODULE)
        if "frozen_sha256" not in self.run.document["model"]:
            return held
        network = self._begun()
        load_module(network, held)
        release(network)
        return _copied(network)

    def _begun(self) -> Network:
        """The network that training began with; DataError where what it froze has changed since."""
        rows = len(self.dataset.train)
        model = prepare_model(self.options.request, self.dataset.task, num_rows=rows).model
        recorded = self.run.document["model"].get("frozen_sha256")
        refuse_changed_base(recorded, model.network, file=str(model.name))
        return model.network


class FileTensors(Mapping[str, Tensor]):
    """The tensors of a safetensors file, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._file: Any = safe_open(path, framework="pt")
        self._names = list(self._file.keys())

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def open_ground(
    path: str | Path, *, data: Source = None, eval_data: Source = None, device: str = "cpu"
) -> Ground:
    """A finished run with its rows; `data` and `eval_data` say where the files lie now, if they were moved.

    Raises MissingInputError for what is not a finished run and for files that are gone, DataError for rows
    that are not those of the run.
    """
    run = _run_at(Path(path))
    refuse_pretraining(run.document, path=str(path), lacks="keeps no labelled rows to take a landscape over")
    model = load(path, device=device)
    moved = DataOptions(train=data, evaluation=eval_data)
    options = resumed(FinetuneOptions(data=moved, out=Path(path), resume=True), run.document)
    said = options.request.said()
    try:
        dataset = read_dataset(options.data, Learning.of(said))
    except MissingInputError as error:
        fix = "say where the file lies now with --data (and --eval-data)"
        problems = [
            Problem(code=each.code, what=each.what, fix=fix, file=each.file) for each in error.problems
        ]
        raise MissingInputError(*problems) from error
    refuse_changed_data(run.document["data"], dataset.facts)
    if dataset.task.head.labels != model.labels:
        what = "the model's labels are not those of the data"
        raise GlassbertError(Problem(code="other-labels", what=what, fix="train the run again"))
    dataset.task.as_trained(model.network)
    return Ground(run=run, model=model, dataset=dataset, options=options)


def _run_at(path: Path) -> RunDirectory:
    """The run here; raises MissingInputError for anything else, whatever other verbs could do with it."""
    try:
        return RunDirectory.open(path)
    except (MissingInputError, OSError) as error:  # OSError: a name longer than a file may have
        reason = error.strerror if isinstance(error, OSError) else "no run.json"
        what = f"there is no run here ({reason}), and a landscape needs the rows and weights of one"
        fix = "give the directory of a finished run, as `glassbert finetune DATA --out RUN` leaves it"
        raise MissingInputError(Problem(code="no-run", what=what, fix=fix, file=str(path))) from error


def _copied(network: Network) -> Weights:
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
