"""What a training step costs when only a part of the network learns, and what its checkpoint weighs.

    python benchmarks/frozen.py [--rounds 25] [--threads 2]

A classifier of MiniLM's shape, random weights, 32 sentences of 5 to 30 tokens a batch: forward, backward,
norm and AdamW, with word embeddings by rows, as `glassbert finetune` does it. All settings take turns, one
step each, so that a noisy neighbour hits all alike; a ratio is the median of the ratios of neighbouring
steps. The peer is the same network learning whole; ours is `--lora 8`.
Figures: benchmarks/results/frozen.jsonl.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch
from contest import finish, ratio
from stepping import SHAPE, optimizer_of, timed_update
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.runs.learnt import Learnt, count_learning, restrict
from glassbert.runs.models import use_threads
from glassbert.train.checkpoint import Checkpoints
from glassbert.train.weights import module_tensors

WHOLE, OURS = "whole", "lora 8"
SETTINGS = {
    WHOLE: Learnt(),
    "freeze embeddings": Learnt(freeze="embeddings"),
    "freeze 3": Learnt(freeze=3),
    "freeze encoder": Learnt(freeze="encoder"),
    OURS: Learnt(lora=8),
    "lora 8, all-linear": Learnt(lora=8, lora_targets="all-linear"),
    "lora 8, freeze 3": Learnt(lora=8, freeze=3),
}
BATCH, WARM_UP = 32, 3


class Contender:
    """One network with its optimiser; every step reads the batch of its number."""

    def __init__(self, learnt: Learnt) -> None:
        self.network = Network(SHAPE, HeadConfig(kind="sequence-classification", labels=("a", "b")), seed=1)
        restrict(self.network, learnt, seed=0)
        self.optimizer = optimizer_of(self.network)

    def step(self, number: int) -> float:
        """Seconds of one update."""
        packed, targets = batch(number)
        return timed_update(
            self.network,
            self.optimizer,
            packed,
            lambda logits: F.cross_entropy(logits, targets),
            number=number,
        )

    def saved_bytes(self) -> int:
        """What a checkpoint takes on the disk, optimiser included."""
        self.optimizer.write_back()
        with tempfile.TemporaryDirectory() as place:
            path = Checkpoints(Path(place), run_id="benchmark").save(
                1, module=module_tensors(self.network), optimizer=self.optimizer.state_tensors(), state={}
            )
            return sum(file.stat().st_size for file in path.iterdir())


def batch(number: int) -> tuple[Packed, Tensor]:
    rng = np.random.default_rng(number)
    lengths = np.sort(rng.integers(5, 31, BATCH))
    ids = rng.integers(1000, SHAPE.vocab_size, int(lengths.sum()))
    return Packed.of(ids, np.zeros_like(ids), lengths), torch.from_numpy(rng.integers(0, 2, BATCH))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    use_threads(options.threads)
    contenders = {name: Contender(learnt) for name, learnt in SETTINGS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in SETTINGS}
    for number in range(WARM_UP + options.rounds):
        for name, contender in contenders.items():
            took = contender.step(number)
            if number >= WARM_UP:
                seconds[name].append(took)
    rates = {name: [1 / each for each in took] for name, took in seconds.items()}
    table = {}
    for name, contender in contenders.items():
        middle, *spread = ratio(rates[name], rates[WHOLE])
        table[name] = {
            "steps_per_second": statistics.median(rates[name]),
            "ratio": middle,
            "ratio_spread": spread,
            "num_learning": count_learning(contender.network),
            "checkpoint_bytes": contender.saved_bytes(),
        }
    ours, peer = table[OURS], table[WHOLE]
    finish(
        "frozen",
        {
            "ours": ours["steps_per_second"],
            "peer": peer["steps_per_second"],
            "ratio": ours["ratio"],
            "ratio_spread": ours["ratio_spread"],
            # the same loop: nothing about it can be tuned for one and not for the other
            "peer_tuned": peer["steps_per_second"],
            "ratio_tuned": ours["ratio"],
            "unit": "steps/s",
            "settings": table,
            "batch": BATCH,
            "blocks": options.rounds,
            "threads": options.threads,
        },
    )


if __name__ == "__main__":
    main()
