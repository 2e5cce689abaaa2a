"""An encoder with a head on it, and its random initialisation."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from glassbert.errors import Problem, UsageError
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.encoder import Encoder, sinusoidal_positions
from glassbert.model.heads import MaskedHead, PretrainingLogits, build_head
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise
from glassbert.model.packed import Packed


class Network(nn.Module):
    """packed tokens -> logits of the head; the encoder computes only the rows that the head reads.

    `rows` narrows a token-level head (masked words) to chosen positions. Without `noise` nothing is
    dropped, whatever the training flag says. Raises UsageError for a sequence longer than `max_length` and
    for positions that were counted for another family.
    """

    def __init__(
        self, config: EncoderConfig, head: HeadConfig | None = None, *, seed: int | None = 0
    ) -> None:
        """A random network; `seed` None leaves the memory as it is, for whoever loads weights into it at
        once.
        """
        super().__init__()
        self.config = config
        self.head_config = head or HeadConfig()
        with torch.device("meta"):
            self.encoder = Encoder(config)
            self.head = build_head(
                config, self.head_config, cast(nn.Parameter, self.encoder.embeddings.word.weight)
            )
        self.to_empty(device="cpu")
        restore_ties(self)
        if seed is not None:
            initialise(self, seed=seed)

    def forward(
        self, packed: Packed, *, rows: Rows | None = None, noise: Noise | None = None
    ) -> Tensor | PretrainingLogits:
        _check_layout(packed.layout, self.config)
        chosen = self.head.rows(packed.layout, rows)
        hidden = self.encoder(packed, rows=chosen, noise=noise)
        return self.head(hidden, packed.layout, rows, noise)


def _check_layout(layout: Layout, config: EncoderConfig) -> None:
    if layout.position_offset != config.position_offset:
        what = f"positions start at {layout.position_offset}, those of {config.model_type} at"
        fix = "pack with position_offset=network.config.position_offset"
        raise UsageError(Problem(code="wrong-positions", what=f"{what} {config.position_offset}", fix=fix))
    if layout.max_length > config.max_length:
        what = f"a sequence of {layout.max_length} tokens; the model has positions for {config.max_length}"
        raise UsageError(Problem(code="too-long", what=what, fix="cut the text into windows"))


def restore_ties(network: Network) -> None:
    """Point tied decoders at the word embedding again and recompute the sinusoids (both are lost off the meta
    device).
    """
    embeddings = network.encoder.embeddings
    if embeddings.position is None:
        shape = embeddings.get_buffer("sinusoids").shape
        embeddings.sinusoids = sinusoidal_positions(shape[0], shape[1])
    for module in network.modules():
        if isinstance(module, MaskedHead) and network.config.tie_word_embeddings:
            module.decoder.weight = embeddings.word.weight


def initialise(network: Network, *, seed: int, part: str = "") -> None:
    """Weights ~ N(0, initializer_range), biases 0, LayerNorm 1 and 0; a pure function of the seed.

    Only parameters whose names begin with `part` are drawn: "head." leaves the encoder and ties to it alone.
    """
    generator = torch.Generator().manual_seed(seed)
    std = network.config.initializer_range
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.startswith(part):
                continue
            owner = network.get_submodule(name.rpartition(".")[0])
            if isinstance(owner, nn.LayerNorm):
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.normal_(0.0, std, generator=generator)
