"""The processes of a run: from torchrun's environment, with what each of them may touch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Int64
from torch.distributed.rendezvous import rendezvous

from glassbert.errors import DataError, Problem, StorageError, UsageError
from glassbert.runs.claim import claimed
from glassbert.runs.devices import refuse_device
from glassbert.runs.directory import RunDirectory
from glassbert.tasks.similarity import SentenceSimilarity
from glassbert.tasks.task import Task
from glassbert.train.world import World, joined

T = TypeVar("T")
# what torchrun, and whoever starts processes as it does, tells each of them
TOLD = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
MEETING = timedelta(minutes=5)


@contextmanager
def world_of(environment: Mapping[str, str]) -> Iterator[World]:
    """The world that this process was started in, within the block: one of several under torchrun, else one.

    Raises UsageError where the environment contradicts itself, StorageError where the others do not come.
    """
    if not several(environment):
        yield World()
        return
    try:
        rank, size, local_rank = (int(environment[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    except ValueError as error:
        what = f"RANK, WORLD_SIZE or LOCAL_RANK is no number: {error}"
        raise UsageError(Problem(code="bad-world", what=what, fix="start with torchrun")) from error
    try:
        store, _, _ = next(iter(rendezvous("env://", rank, size, timeout=MEETING)))
    except RuntimeError as error:
        what = f"process {rank} did not meet the {size - 1} others: {str(error).splitlines()[0]}"
        fix = "see that MASTER_ADDR and MASTER_PORT can be reached by all"
        raise StorageError(Problem(code="no-meeting", what=what, fix=fix)) from error
    with joined(store, rank=rank, size=size, local_rank=local_rank) as world:
        yield world


def several(environment: Mapping[str, str]) -> bool:
    """Whether a launcher has started this process as one of several."""
    return all(name in environment for name in TOLD) and environment["WORLD_SIZE"] != "1"


def refuse_several(environment: Mapping[str, str], what: str) -> None:
    """Raise UsageError where several processes would all do what only one should."""
    if several(environment):
        fix = "start it without torchrun"
        raise UsageError(Problem(code="one-process", what=f"{what} runs in one process", fix=fix))


def device_in(world: World, device: str) -> str:
    """The device of this process: of several on CUDA each has its own, by its number on this machine.

    Raises UsageError where there are fewer devices than processes, or all are to share a named one.
    """
    if world.size > 1 and device.startswith("cuda:"):
        what = f"--device is {device!r}, and {world.size} processes have one device each"
        raise UsageError(Problem(code="one-device", what=what, fix="say --device cuda"))
    if world.size > 1 and device == "cuda":
        device = f"cuda:{world.local_rank}"
    refuse_device(device)
    return device


def refuse_whole_batches(task: Task) -> None:
    """Raise UsageError for a loss that compares every example of a batch with all others of it: a share of
    the batch has another loss.
    """
    if isinstance(task, SentenceSimilarity) and task.objective == "multiple-negatives":
        what = "--loss multiple-negatives compares all pairs of a batch, and several processes divide it"
        fix = "start it without torchrun, or choose another --loss"
        raise UsageError(Problem(code="whole-batches", what=what, fix=fix))


class Elsewhere(RunDirectory):
    """The run directory as all but the first process have it: what it says, and nothing is written."""

    def update(self, changes: Mapping[str, object] | None = None) -> None:
        self.document |= changes or {}


@contextmanager
def claimed_by_first(
    world: World, path: Path, *, resume: bool, overwrite: bool
) -> Iterator[RunDirectory | None]:
    """`claimed`, by the first process; the others are told what is recorded there."""
    if world.is_first:
        with claimed(path, resume=resume, overwrite=overwrite) as recorded:
            world.share(None if recorded is None else recorded.document)
            yield recorded
        return
    document = world.share(None)
    yield None if document is None else Elsewhere(path, document)


def recorded_by_first(world: World, path: Path, record: Callable[[], RunDirectory]) -> RunDirectory:
    """The run that the first process records."""
    if world.is_first:
        run = record()
        world.share(run.document)
        return run
    return Elsewhere(path, world.share(None))


def in_turns(world: World, work: Callable[[], T]) -> T:
    """What `work` gives: first in the first process, then in one of every other machine, then in the rest, so
    that each finds the files that one before it has made.
    """
    turn = 0 if world.is_first else 1 if world.local_rank == 0 else 2
    found = []
    for each in range(3):
        if each == turn:
            found.append(work())
        world.wait()
    return found[0]


def added_up(world: World, counts: Int64[np.ndarray, "N"]) -> Int64[np.ndarray, "N"]:
    """The sum of all processes' counts."""
    return world.gather(torch.from_numpy(counts)).sum(dim=0).numpy()


def refuse_differences(world: World, fingerprints: Mapping[str, str]) -> None:
    """Raise DataError in every process where what they are about to train with is not the same everywhere.

    `fingerprints` are hashes by what they are of; the problem names each that differs, and the process.
    """
    first, *others = world.gather_json(dict(fingerprints))
    problems = [
        Problem(
            code="processes-differ",
            what=f"the {name} of process {rank} is not that of process 0 "
            f"({digest[:12]}, not {first[name][:12]})",
            fix="give every process the same version, options, model and files",
        )
        for rank, other in enumerate(others, start=1)
        for name, digest in other.items()
        if digest != first[name]
    ]
    if problems:
        raise DataError(*problems)
