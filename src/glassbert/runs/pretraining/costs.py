"""What a token of pre-training costs in arithmetic, and how much arithmetic the machine can do.

Model FLOPs utilisation (MFU) is the arithmetic that the formula says over the arithmetic that the machine
could have done in the same seconds. The formula counts real tokens and masked rows only, whoever computes
more; one multiplication and addition is 2 FLOPs.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from glassbert.model.config import EncoderConfig
from glassbert.products import product
from glassbert.tasks.pretraining import MaskedBatch

# dense bf16 of the data sheets; H200 has the same cores
DATA_SHEET = {"H100": 989e12, "H200": 989e12}
# small and often: on a busy machine one of them runs without a break, which a longer product never does
SIDE, TRIALS = 512, 40
SIDE_OF_GPU = 4096


def training_flops(config: EncoderConfig, batch: MaskedBatch) -> float:
    """FLOPs of forward and backward (3 times forward) on a batch.

    Per token and block 8 h^2 + 4 h f (projections and feed-forward; 6 h f with gates) and 4 l h (attention in
    a sequence of l tokens); per masked row 2 h^2 + 2 h V; per pair 2 h^2.
    """
    h, f = config.hidden_size, config.intermediate_size
    lengths = batch.packed.layout.lengths.astype(float)
    inner = (6 if config.feed_forward_type == "gated" else 4) * h * f
    blocks = lengths.sum() * (8 * h * h + inner) + 4 * h * (lengths**2).sum()
    masked = batch.num_masked * (2 * h * h + 2 * h * config.vocab_size)
    pairs = 2 * h * h * batch.num_sequences if batch.next_sentence is not None else 0
    return float(3 * (config.num_hidden_layers * blocks + masked + pairs))


def machine_peak(device: torch.device) -> dict[str, Any]:
    """FLOPs a second that count as all there is, and where the number comes from.

    A known GPU's is its data sheet's; else the fastest of some products of square matrices, by the library
    that multiplies the encoder's.
    """
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        for known, flops in DATA_SHEET.items():
            if known in name:
                return {"flops_per_second": flops, "from": f"data sheet of {known}, dense bf16"}
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    side = SIDE_OF_GPU if device.type == "cuda" else SIDE
    matrix = torch.ones(side, side, device=device, dtype=kind)
    with torch.no_grad():
        best = min(_seconds(matrix) for _ in range(TRIALS))
    how = f"measured: product of {side} x {side} matrices, {str(kind).removeprefix('torch.')}"
    return {"flops_per_second": 2 * side**3 / best, "from": f"{how}, {torch.get_num_threads()} threads"}


def _seconds(matrix: torch.Tensor) -> float:
    started = time.perf_counter()
    float(product(matrix, matrix)[0, 0])  # reading a number waits for a GPU
    return time.perf_counter() - started
