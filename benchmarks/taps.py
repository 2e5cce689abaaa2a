"""What it costs that a model can be watched, while nobody watches it.

    python benchmarks/taps.py [--model DIR] [--rounds 400]

The same network twice: as it is, and with every tap replaced by nothing that can be watched. Both run forward
in turns on one short text and on a full batch; the ratio is the time without taps over the time with them,
so 1 means that taps are free. Beside it stands what the unwatched taps take when they are called alone.
Figures: benchmarks/results/taps.jsonl.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from contest import finish, ratio
from torch import Tensor, nn

from glassbert.model.config import EncoderConfig
from glassbert.model.encoder import Encoder
from glassbert.model.packed import Packed
from glassbert.model.taps import Tap
from glassbert.runs.models import load, use_threads

# sequences, tokens of each, share of the rounds: a long pass needs fewer turns to be told apart
BATCHES = {"one text of 16 tokens": (1, 16, 1.0), "32 texts of 64 tokens": (32, 64, 0.1)}


class Nothing:
    """What stands where a tap stood."""

    watched = False

    def __call__(self, value: Tensor) -> Tensor:
        return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a model directory; random weights of MiniLM's shape if unsaid")
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    use_threads(options.threads)
    torch.manual_seed(0)
    encoder = load(options.model).network.encoder if options.model else Encoder(minilm_shape())
    encoder.eval()
    found = {
        name: contest(encoder, sequences, tokens, rounds=round(share * options.rounds))
        for name, (sequences, tokens, share) in BATCHES.items()
    }
    first = found["one text of 16 tokens"]
    finish(
        "taps",
        {
            **{key: first[key] for key in ("ours", "peer", "ratio", "ratio_spread")},
            # nothing can be tuned about doing nothing
            "peer_tuned": first["peer"],
            "ratio_tuned": first["ratio"],
            "unit": "s",
            "batches": found,
            "blocks": options.rounds,
            "threads": options.threads,
        },
    )


def minilm_shape() -> EncoderConfig:
    return EncoderConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, vocab_size=30522
    )


def contest(encoder: Encoder, sequences: int, tokens: int, *, rounds: int) -> dict[str, object]:
    """Seconds of a forward with taps and without, in turns, and of the taps alone."""
    bare = without_taps(encoder)
    ids = np.random.default_rng(0).integers(1000, 20000, sequences * tokens)
    packed = Packed.of(ids, np.zeros_like(ids), np.full(sequences, tokens))
    taps = [module for module in encoder.modules() if isinstance(module, Tap)]
    value = torch.zeros(1)

    def alone() -> None:
        for tap in taps:
            tap(value)

    times: dict[str, list[float]] = {"with": [], "without": [], "alone": []}
    works: dict[str, Callable[[], object]] = {
        "with": lambda: encoder(packed),
        "without": lambda: bare(packed),
        "alone": alone,
    }
    with torch.inference_mode():
        assert torch.equal(encoder(packed), bare(packed))
        for turn in range(rounds):
            # now one, now the other first: what the first leaves in the cache helps both alike
            for name in list(works)[:: 1 if turn % 2 else -1]:
                started = time.perf_counter()
                works[name]()
                times[name].append(time.perf_counter() - started)
    middle, low, high = ratio(times["without"], times["with"])
    return {
        "ours": statistics.median(times["with"]),
        "peer": statistics.median(times["without"]),
        "ratio": middle,
        "ratio_spread": [low, high],
        "taps": len(taps),
        "taps_alone": statistics.median(times["alone"]),
    }


def without_taps(encoder: Encoder) -> Encoder:
    """A copy that shares the weights and has no tap."""
    shared = {id(each): each for each in encoder.parameters()}
    bare = copy.deepcopy(encoder, shared)
    for module in list(bare.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Tap):
                delattr(module, name)
                nothing: nn.Module | Nothing = Nothing()
                object.__setattr__(module, name, nothing)
    return bare


if __name__ == "__main__":
    main()
