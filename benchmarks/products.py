"""Matrix products in float32 by the two libraries that torch brings, in GFLOP/s, at the shapes of encoders.

    python benchmarks/products.py [--threads 2] [--rounds 15]

Forward, of the inputs and of the weight, by MKL and by oneDNN in turns; medians. src/glassbert/products.py
chooses by processor, with these figures as its reason: on another processor they may say something else.
Each run adds a row to benchmarks/results/products.jsonl.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from contest import finish

from glassbert import products
from glassbert.products import linear, product, product_of_columns

# tokens of a batch, inputs, outputs: 2 x 128, 4 x 256, MiniLM, 12 x 768
SHAPES = (
    (2048, 128, 384), (2048, 128, 512), (2048, 256, 1024), (640, 384, 384), (640, 384, 1536),
    (640, 1536, 384), (1024, 768, 768), (1024, 768, 3072),
)  # fmt: skip
BLOCK_SECONDS = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    chosen, found = products.onednn_is_quicker(), []
    for shape in SHAPES:
        speeds = compared(shape, options.rounds)
        found.append({"shape": shape, **speeds})
        print(
            shape, *(f"{name} {mkl:.0f} -> {onednn:.0f}" for name, (mkl, onednn) in speeds.items()), sep="  "
        )
    finish("products", {"threads": options.threads, "chosen": "onednn" if chosen else "mkl", "shapes": found})


def compared(shape: tuple[int, int, int], rounds: int) -> dict[str, tuple[float, float]]:
    """GFLOP/s by MKL and by oneDNN of the three products of a layer."""
    rows, width, out = shape
    given, weight, grad = torch.randn(rows, width), torch.randn(out, width), torch.randn(rows, out)
    works: dict[str, Callable[[], torch.Tensor]] = {
        "forward": lambda: linear(given, weight),
        "inputs": lambda: product(grad, weight),
        "weight": lambda: product_of_columns(grad, given),
    }
    operations = 2 * rows * width * out
    return {name: by_both(work, operations, rounds) for name, work in works.items()}


def by_both(work: Callable[[], torch.Tensor], operations: int, rounds: int) -> tuple[float, float]:
    speeds: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(rounds + 1):
        for quicker, found in speeds.items():
            products.onednn_is_quicker = lambda quicker=quicker: quicker  # type: ignore[misc, assignment]
            speed = speed_of(work, operations)
            if turn:  # the first block of each is a warm-up
                found.append(speed)
    return round(statistics.median(speeds[False]), 1), round(statistics.median(speeds[True]), 1)


@torch.no_grad()
def speed_of(work: Callable[[], torch.Tensor], operations: int) -> float:
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < BLOCK_SECONDS:
        work()
        count += 1
    return count * operations / (time.perf_counter() - started) / 1e9


if __name__ == "__main__":
    main()
