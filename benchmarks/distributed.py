"""What two processes cost beside one: steps a second of the same global batches, gradients through gloo.

Command:   python benchmarks/distributed.py [--hidden 256 --layers 4 --tokens 1024 --steps 20 --sync-every 10]
Hardware:  any; each process has one thread. Where one process leaves cores free, two are faster; where the
           cores are taken, the figures say what the exchange costs.
Time:      a minute.
Prints:    JSON, a line for one process, for two that share every step, and for two that meet now and then:
           steps a second, and the ratio to one process.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

import torch
from torch import Tensor, nn

from glassbert.runs.world import world_of
from glassbert.train.adamw import AdamW
from glassbert.train.distributed import Shared
from glassbert.train.exchange import Alone, Exchange, Sums
from glassbert.train.group import Optimizer, ParameterGroup
from glassbert.train.local_sgd import Local, LocalSteps
from glassbert.train.world import World

RATE, WARM_UP = 1e-4, 3


class Blocks(nn.Module):
    """The matrices of so many blocks, which is where the time and the gradients of an encoder are."""

    def __init__(self, hidden: int, layers: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU(), nn.Linear(4 * hidden, hidden))
            for _ in range(layers)
        )

    def forward(self, states: Tensor) -> Tensor:
        for block in self.blocks:
            states = states + block(states)
        return states


def measure(world: World, asked: argparse.Namespace, *, every: int | None) -> float:
    """Steps a second on this process's share of batches of `tokens` rows."""
    torch.manual_seed(0)
    module = Blocks(asked.hidden, asked.layers)
    batch = torch.randn(asked.tokens, asked.hidden)[world.rank :: world.size]
    optimizer: Optimizer = AdamW([ParameterGroup(name="all", parameters=list(module.named_parameters()))])
    exchange: Exchange = Alone() if world.size == 1 else Shared(world, module)
    if every is not None:
        optimizer = LocalSteps(optimizer, world, every=every)
        exchange = Local(world, module, optimizer)
    started = 0.0
    for step in range(WARM_UP + asked.steps):
        if step == WARM_UP:
            started = time.perf_counter()
        loss = module(batch).square().sum() / exchange.divisor(float(len(batch)))
        loss.backward()
        exchange.reduce(Sums(loss=loss.detach(), weight=float(len(batch)), tokens=len(batch)), optimizer)
        optimizer.step(RATE)
        module.zero_grad(set_to_none=True)
    exchange.meet()
    return asked.steps / (time.perf_counter() - started)


def member(asked: argparse.Namespace) -> None:
    """One of the processes; the first one prints what it measured."""
    torch.set_num_threads(1)
    with world_of(os.environ) as world:
        found = {"every step": measure(world, asked, every=None)}
        if world.size > 1:
            found[f"every {asked.sync_every} steps"] = measure(world, asked, every=asked.sync_every)
    if world.is_first:
        print(json.dumps(found))


def measured(size: int) -> dict[str, float]:
    """What the first of so many processes printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    told = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, *sys.argv[1:], "--member"],
            env={**os.environ, **told, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"a process failed: {[process.returncode for process in processes]}")
    found: dict[str, float] = json.loads(printed[0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (
        ("hidden", 256),
        ("layers", 4),
        ("tokens", 1024),
        ("steps", 20),
        ("sync-every", 10),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--member", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.member:
        member(asked)
        return
    alone = measured(1)["every step"]
    rows: list[dict[str, Any]] = [{"processes": 1, "exchange": "none", "steps_per_second": round(alone, 2)}]
    for name, rate in measured(2).items():
        rows.append(
            {
                "processes": 2,
                "exchange": name,
                "steps_per_second": round(rate, 2),
                "ratio": round(rate / alone, 2),
            }
        )
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
