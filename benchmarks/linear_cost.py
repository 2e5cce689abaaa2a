"""What a training step costs as windows grow from 16 to 512 tokens, for tags and for answers.

    python benchmarks/linear_cost.py [--rounds 15] [--threads 2]

A tagger and a question answerer of MiniLM's shape, random weights, four windows of S tokens a step: forward,
loss over tokens, backward, norm and AdamW, with word embeddings by rows, as `glassbert finetune` does it.
Sizes take turns, one step each, so that a noisy neighbour hits all alike. Were the cost linear in tokens, the
microseconds of a token would be equal for all sizes; the products of attention add a share that grows with S,
and what a step costs whatever its size (the optimiser's) is spread over more tokens. docs/make_plots.py
draws the row.
"""

from __future__ import annotations

import argparse
import statistics

import numpy as np
import torch
from contest import finish
from stepping import SHAPE, optimizer_of, timed_update
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.config import HeadConfig
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.runs.devices import use_threads

LENGTHS = (16, 32, 64, 128, 192, 256, 384, 512)
WINDOWS, WARM_UP, QUARTER = 4, 2, 4
HEADS = {
    "token-classification": HeadConfig(kind="token-classification", labels=tuple("ABCDEFGHI")),
    "question-answering": HeadConfig(kind="span"),
}


class Learner:
    """A network with its optimiser."""

    def __init__(self, head: HeadConfig) -> None:
        self.network = Network(SHAPE, head, seed=1)
        self.optimizer = optimizer_of(self.network)

    def step(self, number: int, length: int) -> float:
        """Seconds of one update from WINDOWS windows of `length` tokens."""
        rng = np.random.default_rng(number)
        ids = rng.integers(1000, SHAPE.vocab_size, WINDOWS * length)
        packed = Packed.of(ids, np.zeros_like(ids), np.full(WINDOWS, length))
        return timed_update(
            self.network,
            self.optimizer,
            packed,
            lambda logits: self.loss(logits, rng, length),
            number=number,
        )

    def loss(self, logits: Tensor, rng: np.random.Generator, length: int) -> Tensor:
        """Of every token its tag; of every window the place where the answer begins and where it ends."""
        if logits.shape[1] > 2:
            return F.cross_entropy(logits, torch.from_numpy(rng.integers(0, logits.shape[1], len(logits))))
        places = torch.from_numpy(rng.integers(0, length, (2, WINDOWS)))
        sides = logits.T.reshape(2, WINDOWS, length)
        return F.cross_entropy(sides[0], places[0]) + F.cross_entropy(sides[1], places[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    use_threads(options.threads)
    learners = {task: Learner(head) for task, head in HEADS.items()}
    seconds: dict[str, dict[int, list[float]]] = {task: {size: [] for size in LENGTHS} for task in HEADS}
    for number in range(WARM_UP + options.rounds):
        for size in LENGTHS:
            for task, learner in learners.items():
                took = learner.step(number, size)
                if number >= WARM_UP:
                    seconds[task][size].append(took)
    table = {
        task: [
            {"tokens": WINDOWS * size, "length": size, "seconds": quartiles(of_size[size])}
            for size in LENGTHS
        ]
        for task, of_size in seconds.items()
    }
    tags = {row["length"]: row["seconds"][1] / row["tokens"] for row in table["token-classification"]}
    finish(
        "linear_cost",
        {
            # seconds of a token in windows of 512 over those in windows of 128
            "ours": tags[512],
            "peer": tags[128],
            "ratio": tags[512] / tags[128],
            "unit": "s/token",
            "steps": table,
            "windows": WINDOWS,
            "blocks": options.rounds,
            "threads": options.threads,
        },
    )


def quartiles(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=QUARTER)


if __name__ == "__main__":
    main()
