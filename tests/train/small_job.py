"""A small job for the tests of the loop: a bag of embeddings that learns whether most of its words are odd.

It has what is hard to continue exactly: row-sparse gradients, two micro-batches of unequal weight, dropout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassbert.train.adamw import AdamW
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.group import Optimizer, ParameterGroup
from glassbert.train.log import MetricsLog
from glassbert.train.loop import Outcome, Plan, train
from glassbert.train.schedule import warmup_decay
from glassbert.train.stop import Stop

VOCABULARY, WIDTH, LENGTH = 211, 13, 7
RUN_ID = "small"


class Bag(nn.Module):
    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.words = nn.Parameter(torch.randn(VOCABULARY, WIDTH, generator=draw) * 0.1)
        self.head = nn.Parameter(torch.randn(2, WIDTH, generator=draw) * 0.1)

    def forward(self, ids: Tensor, kept: Tensor | None = None) -> Tensor:
        bag = nn.functional.embedding(ids, self.words, sparse=True).mean(dim=1)
        return nn.functional.linear(bag if kept is None else bag * kept, self.head)


@dataclass(frozen=True, kw_only=True)
class SmallBatch:
    ids: Tensor
    labels: Tensor


class SmallJob:
    """`poison` is the step whose loss is not a number."""

    def __init__(self, module: Bag, *, seed: int = 3, poison: int | None = None) -> None:
        self.module = module
        self.seed = seed
        self.poison = poison
        self.evaluations = 0

    def batches(self, step: int) -> Sequence[SmallBatch]:
        draw = np.random.default_rng((self.seed, step))
        return [self._batch(draw, size) for size in (5, 3)]

    def _batch(self, draw: np.random.Generator, size: int) -> SmallBatch:
        ids = (draw.random((size, LENGTH)) ** 3 * VOCABULARY).astype(np.int64)
        return SmallBatch(
            ids=torch.from_numpy(ids),
            labels=torch.from_numpy(((ids % 2).sum(axis=1) > LENGTH // 2).astype(np.int64)),
        )

    def weight(self, batch: SmallBatch) -> float:
        return float(len(batch.labels))

    def reads(self, batch: SmallBatch) -> Mapping[str, Tensor]:
        return {"words": batch.ids}

    def loss(self, batch: SmallBatch, step: int, micro: int) -> Tensor:
        draw = np.random.default_rng((self.seed, step, micro, 1))
        kept = torch.from_numpy((draw.random((len(batch.labels), WIDTH)) > 0.1).astype(np.float32)) / 0.9
        loss = nn.functional.cross_entropy(self.module(batch.ids, kept), batch.labels, reduction="sum")
        return loss * torch.nan if step == self.poison else loss

    def tokens(self, batch: SmallBatch) -> int:
        return batch.ids.numel()

    def telemetry(self, step: int, seconds: float) -> dict[str, float]:
        return {}

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        self.evaluations += 1
        batch = self._batch(np.random.default_rng(99), 64)
        logits = self.module(batch.ids)
        right = (logits.argmax(dim=1) == batch.labels).float().mean()
        return {"loss": float(nn.functional.cross_entropy(logits, batch.labels)), "accuracy": float(right)}

    def replay(self, step: int) -> dict[str, Any]:
        return {"seed": self.seed, "ids": [batch.ids.tolist() for batch in self.batches(step)]}


def small_groups(module: Bag) -> list[ParameterGroup]:
    words = ParameterGroup(name="words", parameters=[("words", module.words)], lr_scale=0.5, weight_decay=0.1)
    return [words, ParameterGroup(name="head", parameters=[("head", module.head)], weight_decay=0.0)]


SMALL_PLAN: dict[str, Any] = {
    "total_steps": 40,
    "learning_rate": 0.03,
    "eval_every": 10,
    "metric": "loss",
    "greater_is_better": False,
    "save_every_seconds": 0.0,
}


@dataclass(kw_only=True)
class SmallRun:
    """Everything that `train` needs, in `directory`; what a test wants otherwise it replaces before `go`."""

    directory: Path
    module: Bag
    job: SmallJob
    optimizer: Optimizer
    checkpoints: Checkpoints
    stop: Stop

    def open_log(self) -> MetricsLog:
        return MetricsLog(self.directory, tensorboard=False)

    def go(self, plan: dict[str, Any] | None = None, **options: Any) -> Outcome:
        with self.open_log() as log:
            self.log = log
            return train(
                self.module,
                self.optimizer,
                self.job,
                Plan(**(SMALL_PLAN | (plan or {}))),
                schedule=warmup_decay("linear"),
                checkpoints=self.checkpoints,
                log=log,
                stop=self.stop,
                **options,
            )


def small_run(
    directory: Path, *, announced: bool = False, poison: int | None = None, keep: int = 2
) -> SmallRun:
    module = Bag()
    job = SmallJob(module, poison=poison)
    optimizer = AdamW(small_groups(module), announced=announced)
    checkpoints = Checkpoints(directory / "checkpoints", run_id=RUN_ID, keep=keep)
    return SmallRun(
        directory=directory, module=module, job=job, optimizer=optimizer, checkpoints=checkpoints, stop=Stop()
    )


def reference(directory: Path, *, announced: bool = False) -> dict[str, Tensor]:
    """The weights of a run that nothing disturbed."""
    run = small_run(directory, announced=announced)
    run.go({"save_every_seconds": 1e9})
    return {name: tensor.clone() for name, tensor in run.module.state_dict().items()}
