"""What ModernBERT has between the encoder and the logits of every head: LayerNorm(act(W h + b)), [R, H]."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from glassbert.model.config import EncoderConfig
from glassbert.model.encoder import ACTIVATION, norm_of
from glassbert.products import Linear


class Transform(nn.Module):
    """LayerNorm(act(W h + b)), row by row."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size, bias=config.use_bias)
        self.activation = ACTIVATION[config.hidden_act]
        self.norm = norm_of(config)

    def forward(self, hidden: Float[Tensor, "R H"]) -> Float[Tensor, "R H"]:
        changed: Tensor = self.norm(self.activation(self.dense(hidden)))
        return changed


def transform_of(config: EncoderConfig) -> Transform | None:
    """The transform of ModernBERT's heads; None in the other families."""
    return Transform(config) if config.model_type == "modernbert" else None
