"""Windows through a network for reading only: sorted by length, packed, a few thousand tokens at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from glassbert.model.encoder import Encoder
from glassbert.model.layout import Rows
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.text.order import sorted_batches
from glassbert.text.windows import Windows, ranges

# [2048, 1536] floats, MiniLM's widest activation, are 12 MB and stay in a last-level cache; an estimate
TOKENS_PER_BATCH = 2048
TOKENS_PER_DEVICE_BATCH = 65536
TOKEN_HEADS = ("token-classification", "span")


def head_logits(network: Network, windows: Windows) -> Float[np.ndarray, "R C"]:
    """What the head says of every window, or of every token where it reads tokens, in the order of `windows`.

    float32; deterministic for given windows. A head that reads tokens is "token-classification" or "span";
    one of kind "sentence" says a window's vector, over the tokens that no other window of the text counts.
    """
    if not len(windows):
        return np.empty((0, network.head_config.num_labels), dtype=np.float32)
    if network.head_config.kind == "sentence":
        return _sentence_vectors(windows, network)
    if network.head_config.kind in TOKEN_HEADS:
        return _gather_tokens(windows, network, lambda packed: network(packed))
    return _gather(windows, network, lambda packed: network(packed))


def first_states(network: Network, windows: Windows, *, layer: int) -> Float[np.ndarray, "W H"]:
    """The hidden state of every window's first token after `layer` blocks (0: the embeddings)."""
    return _gather(windows, network, lambda packed: states(network.encoder, packed, layer=layer, first=True))


def token_states(network: Network, windows: Windows, *, layer: int) -> Float[np.ndarray, "T H"]:
    """The hidden state of every token after `layer` blocks, in the order of the windows' tokens."""
    return _gather_tokens(
        windows, network, lambda packed: states(network.encoder, packed, layer=layer, first=False)
    )


def states(encoder: Encoder, packed: Packed, *, layer: int, first: bool) -> Tensor:
    """Hidden states after `layer` blocks, [T, H], or of the first tokens only, [B, H]: no block runs in
    vain.
    """
    rows: Rows | None = packed.layout.first_rows if first else None
    hidden: Tensor = encoder.embeddings(packed)
    for number, block in enumerate(list(encoder.blocks)[:layer], start=1):
        hidden = block(hidden, packed.layout, rows=rows if number == layer else None)
    return hidden.index_select(0, rows.index) if rows is not None and layer == 0 else hidden


def batches(network: Network, windows: Windows) -> Iterator[tuple[np.ndarray, Packed]]:
    """(numbers of the windows, the windows packed) until all have come, without gradients."""
    device = next(network.parameters()).device
    limit = TOKENS_PER_DEVICE_BATCH if device.type == "cuda" else TOKENS_PER_BATCH
    with torch.inference_mode(), half_precision(device):
        for chosen in sorted_batches(windows.lengths, max_tokens=limit):
            some = windows.select(chosen)
            yield (
                chosen,
                Packed.of(
                    some.input_ids,
                    some.token_type_ids,
                    some.lengths,
                    position_offset=network.config.position_offset,
                    device=device,
                ),
            )


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """bf16 autocast on CUDA; fp32 on the CPU, where bf16 without hardware for it is several times slower."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


def _gather(windows: Windows, network: Network, run: Callable[[Packed], Tensor]) -> np.ndarray:
    result: np.ndarray | None = None
    for chosen, packed in batches(network, windows):
        values = run(packed).float().cpu().numpy()
        if result is None:
            result = np.empty((len(windows.example), *values.shape[1:]), dtype=np.float32)
        result[chosen] = values
    return np.empty((0, 0), dtype=np.float32) if result is None else result


def _sentence_vectors(windows: Windows, network: Network) -> np.ndarray:
    result = np.empty((len(windows), network.config.hidden_size), dtype=np.float32)
    for chosen, packed in batches(network, windows):
        once = windows.once[ranges(windows.starts[chosen], windows.lengths[chosen])]
        rows = None if once.all() else Rows.of(packed.layout, np.flatnonzero(once))
        result[chosen] = network(packed, rows=rows).float().cpu().numpy()
    return result


def _gather_tokens(windows: Windows, network: Network, run: Callable[[Packed], Tensor]) -> np.ndarray:
    result: np.ndarray | None = None
    for chosen, packed in batches(network, windows):
        values = run(packed).float().cpu().numpy()
        if result is None:
            result = np.empty((len(windows.input_ids), *values.shape[1:]), dtype=np.float32)
        result[ranges(windows.starts[chosen], windows.lengths[chosen])] = values
    return np.empty((0, 0), dtype=np.float32) if result is None else result
