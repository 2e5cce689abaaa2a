"""One of the processes that tests/train/test_distributed.py starts: `together.py DIRECTORY RANK SIZE`.

All that needs several processes is done here in one start; what came of it is left in files for the tests.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from small_job import RUN_ID, WIDTH, Bag, SmallBatch, SmallJob, SmallRun, small_groups
from torch import Tensor, nn
from torch.distributed import FileStore

from glassbert.errors import GlassbertError
from glassbert.train.adamw import AdamW
from glassbert.train.distributed import Shared
from glassbert.train.first_writes import NoLog, SharedCheckpoints
from glassbert.train.local_sgd import Local, LocalSteps
from glassbert.train.plan import StepReport
from glassbert.train.stop import Stop
from glassbert.train.world import World, joined

ALL_FOR_ONE = 7  # in this step the first process gets the whole batch


@dataclass(frozen=True, kw_only=True)
class SharedBatch(SmallBatch):
    """`sample` says which examples of the global micro-batch of `size` these are."""

    sample: np.ndarray
    size: int


class SharedJob(SmallJob):
    """The small job cut into shares, with a dropout mask for each example and unequal weights."""

    def __init__(self, module: Bag, world: World, **options: Any) -> None:
        super().__init__(module, **options)
        self.world = world

    def batches(self, step: int) -> Sequence[SharedBatch]:
        rank, size = self.world.rank, self.world.size
        if step == ALL_FOR_ONE:
            rank, size = (0, 1) if rank == 0 else (9, 10)
        found = []
        for batch in super().batches(step):
            sample = np.arange(len(batch.labels))[rank::size]
            if len(sample):
                ids, labels = batch.ids[sample], batch.labels[sample]
                found.append(SharedBatch(ids=ids, labels=labels, sample=sample, size=len(batch.labels)))
        return found

    def weight(self, batch: SharedBatch) -> float:
        return float(self._weights(batch).sum())

    def _weights(self, batch: SharedBatch) -> Tensor:
        return 1.0 + (batch.ids[:, 0] % 4)

    def loss(self, batch: SharedBatch, step: int, micro: int) -> Tensor:
        draw = np.random.default_rng((self.seed, step, batch.size, 1))
        kept = torch.from_numpy((draw.random((batch.size, WIDTH)) > 0.1).astype(np.float32)) / 0.9
        losses = nn.functional.cross_entropy(
            self.module(batch.ids, kept[batch.sample]), batch.labels, reduction="none"
        )
        poison = torch.nan if step == self.poison and self.world.rank == self.world.size - 1 else 1.0
        return (losses * self._weights(batch)).sum() * poison


def shared_run(directory: Path, world: World, **options: Any) -> SmallRun:
    module = Bag(seed=world.rank)  # the first process's weights are what counts
    job = SharedJob(module, world, **options)
    run = SmallRun(
        directory=directory,
        module=module,
        job=job,
        optimizer=AdamW(small_groups(module), announced=True),
        checkpoints=SharedCheckpoints(directory / "checkpoints", world=world, run_id=RUN_ID),
        stop=Stop(),
    )
    if not world.is_first:
        run.open_log = lambda: NoLog(directory)
    return run


@dataclass(kw_only=True)
class Member:
    """A process, and where it leaves what it finds."""

    world: World
    place: Path

    def run(self, name: str, **options: Any) -> SmallRun:
        return shared_run(self.place / name, self.world, **options)

    def go(self, name: str, run: SmallRun, plan: Mapping[str, Any], **options: Any) -> None:
        """Train, and leave how it ended, every loss and norm, and the weights."""
        told: dict[str, Any] = {"steps": []}
        on_step = options.pop("on_step", lambda report: None)

        def hear(report: StepReport) -> None:
            told["steps"].append([report.loss, report.gradient_norm])
            if report.step in (1, 50):
                run.optimizer.settle()
                self.leave(f"{name}-{report.step}", run)
            on_step(report)

        options.setdefault("exchange", Shared(self.world, run.module))
        try:
            outcome = run.go(dict(plan), on_step=hear, **options)
            told |= {"ended": outcome.stopped_because, "tokens": outcome.tokens_seen, "at": outcome.steps}
            told |= {"best": outcome.best_step, "evaluations": run.job.evaluations}
        except GlassbertError as error:
            told |= {"exit_code": error.exit_code, "text": str(error)}
        self.leave(name, run)
        (self.place / f"{name}-{self.world.rank}.json").write_text(json.dumps(told))

    def leave(self, name: str, run: SmallRun) -> None:
        save_file(
            {key: each.clone() for key, each in run.module.state_dict().items()},
            self.place / f"{name}-{self.world.rank}.safetensors",
        )


def steps(member: Member) -> None:
    member.go("steps", member.run("steps"), {"total_steps": 50, "save_every_seconds": 1e9})


def resume(member: Member) -> None:
    """Go on from what one process left, until the second process alone is asked to stop."""
    run = member.run("resume")
    halt = lambda report: run.stop.request() if report.step == 24 and member.world.rank else None  # noqa: E731
    member.go("resume", run, {"save_every_seconds": 1e9}, resume=True, on_step=halt)


def poisoned(member: Member) -> None:
    member.go("poisoned", member.run("poisoned", poison=4), {"save_every_seconds": 1e9})


def unsaved(member: Member) -> None:
    """Saves fail, because only the first process's directory has a file where checkpoints should be."""
    if member.world.is_first:
        (member.place / "unsaved").mkdir()
        (member.place / "unsaved" / "checkpoints").write_text("")
    member.go("unsaved", member.run("unsaved"), {"save_every_seconds": 0.0, "max_failed_saves": 3})


def late(member: Member) -> None:
    """Only the first process has a deadline, as it is the one that decides."""
    run = member.run("late")
    deadline = time.monotonic() + 1.0 if member.world.is_first else None
    member.go("late", run, {"total_steps": 10**6, "eval_every": 10**5, "deadline": deadline})


def words(member: Member) -> None:
    world = member.world
    found = world.gather_json({"rank": world.rank, "text": "é" * (1 + 50 * world.rank)})
    assert [each["rank"] for each in found] == list(range(world.size)) and len(found[1]["text"]) == 51
    assert world.share("from the first" if world.is_first else None) == "from the first"
    sent = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7), "c": torch.ones(2, dtype=torch.bool)}
    received = world.share_tensors(sent if world.is_first else {})
    assert all(
        torch.equal(received[name], each) and received[name].dtype == each.dtype
        for name, each in sent.items()
    )


def local(member: Member) -> None:
    """Rounds of four steps; the second process alone is asked to stop in the middle of the third."""
    for name, steps in (("local", 8), ("local-stopped", 40)):
        run = member.run(name)
        run.optimizer = LocalSteps(run.optimizer, member.world, every=4)
        exchange = Local(member.world, run.module, run.optimizer)
        halt = partial(_halt, run, at=9 if name == "local-stopped" and member.world.rank else 0)
        plan = {"total_steps": steps, "eval_every": 8, "save_every_seconds": 1e9}
        member.go(name, run, plan, exchange=exchange, on_step=halt)


def _halt(run: SmallRun, report: StepReport, *, at: int) -> None:
    if report.step == at:
        run.stop.request()


def killed(member: Member) -> None:
    """The last one dies without a word; a run that waits for it must end, and say why."""
    run = member.run("killed")

    def die(report: StepReport) -> None:
        if member.world.rank and report.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    member.go("killed", run, {"save_every_seconds": 1e9}, on_step=die)


WORK: tuple[Callable[[Member], None], ...] = (words, steps, resume, poisoned, unsaved, late, local, killed)

if __name__ == "__main__":
    place, rank, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    store = FileStore(str(place / "store"), size)
    with joined(store, rank=rank, size=size, timeout=timedelta(seconds=60)) as world:
        for work in WORK:
            work(Member(world=world, place=place))
