"""An encoder with a head on it, and its random initialisation."""

from __future__ import annotations

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from glassbert.errors import Problem, UsageError
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.encoder import Encoder
from glassbert.model.heads import PretrainingLogits, build_head
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Noise
from glassbert.model.packed import Packed
from glassbert.model.tag_head import Crf


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
        with _Undrawn():
            self.encoder = Encoder(config)
            self.head = build_head(
                config, self.head_config, cast(nn.Parameter, self.encoder.embeddings.word.weight)
            )
        if seed is not None:
            initialise(self, seed=seed)

    def forward(
        self, packed: Packed, *, rows: Rows | None = None, noise: Noise | None = None
    ) -> Tensor | PretrainingLogits:
        return self.head(self.states(packed, rows=rows, noise=noise), packed.layout, rows, noise)

    def states(
        self, packed: Packed, *, rows: Rows | None = None, noise: Noise | None = None
    ) -> Float[Tensor, "R H"]:
        """What the head reads: the encoder's output at the rows that it asks for, given `rows`."""
        _check_layout(packed.layout, self.config)
        chosen = self.head.rows(packed.layout, rows)
        hidden: Tensor = self.encoder(packed, rows=chosen, noise=noise)
        return hidden


class _Undrawn(TorchFunctionMode):
    """Leaves out torch's own random numbers, which `initialise` or a checkpoint would overwrite at once.

    Building on the meta device leaves them out too, but its random kernels import torch's compiler and sympy:
    2.4 seconds before the first network stands.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__name__", "") in ("kaiming_uniform_", "uniform_", "normal_"):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _check_layout(layout: Layout, config: EncoderConfig) -> None:
    if layout.position_offset != config.position_offset:
        what = f"positions start at {layout.position_offset}, those of {config.model_type} at"
        fix = "pack with position_offset=network.config.position_offset"
        raise UsageError(Problem(code="wrong-positions", what=f"{what} {config.position_offset}", fix=fix))
    if layout.max_length > config.max_length:
        what = f"a sequence of {layout.max_length} tokens; the model has positions for {config.max_length}"
        raise UsageError(Problem(code="too-long", what=what, fix="cut the text into windows"))


def initialise(network: Network, *, seed: int, part: str = "") -> None:
    """Weights ~ N(0, initializer_range), biases 0, LayerNorm 1 and 0, a chain of tags 0, an LSTM of N units
    uniform within 1/sqrt(N), as torch draws it; a pure function of the seed.

    With norms before, 2 L matrices add to one residual sum: these are drawn narrower by sqrt(2 L), as GPT-2's
    and ModernBERT's are.

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
            elif isinstance(owner, nn.LSTM):
                bound = owner.hidden_size**-0.5
                parameter.uniform_(-bound, bound, generator=generator)
            elif name.endswith("bias") or isinstance(owner, Crf):
                parameter.zero_()
            else:
                width = std * _narrower(name, network.config)
                parameter.normal_(0.0, width, generator=generator)


def _narrower(name: str, config: EncoderConfig) -> float:
    """What the standard deviation of a weight is multiplied by."""
    summed = name.endswith((".attention.output.weight", ".feed_forward.down.weight"))
    return (2 * config.num_hidden_layers) ** -0.5 if summed and config.norm_placement == "pre" else 1.0
