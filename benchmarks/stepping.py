"""One update as `glassbert finetune` makes it, on random tokens and the clock: what step benchmarks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from glassbert.model.config import EncoderConfig
from glassbert.model.network import Network
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.packed import Packed
from glassbert.runs.groups import parameter_groups
from glassbert.train.clip import clip_factor, global_norm
from glassbert.train.group import named_parameters
from glassbert.train.optimizer import make_optimizer

# MiniLM's
SHAPE = EncoderConfig(
    hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, vocab_size=30522
)
RATE = 1e-4


def optimizer_of(network: Network) -> Any:
    """AdamW with the recipe's groups; the word table learns by rows."""
    groups = parameter_groups(network, layer_decay=0.9, weight_decay=0.01)
    network.encoder.embeddings.word.sparse = True
    network.train()
    return make_optimizer("adamw", groups, announced=True)


def timed_update(
    network: Network,
    optimizer: Any,
    packed: Packed,
    loss_of: Callable[[Tensor], Tensor],
    *,
    number: int,
) -> float:
    """Seconds of forward, loss, backward, norm and AdamW for the step of this number."""
    noise = SampleNoise(Rates(), np.arange(packed.layout.num_sequences), seed=0, step=number)
    started = time.perf_counter()
    optimizer.will_read("encoder.embeddings.word.weight", packed.input_ids)
    logits = network(packed, noise=noise)
    assert isinstance(logits, Tensor)
    loss_of(logits).backward()
    norm = float(global_norm(parameter for _, parameter in named_parameters(optimizer.groups)))
    optimizer.step(RATE, scale=clip_factor(norm, 1.0))
    network.zero_grad(set_to_none=True)
    return time.perf_counter() - started
