"""What is explained: one number made from the logits.

Where the classes exclude each other it is the log-odds of one of them, z_t - log sum over the others of
exp z: unlike its probability it does not saturate, unlike its logit alone it does not move when all logits
move together. Elsewhere (several labels at once, a number, the ends of a span) it is the logit itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Kind = Literal["log-odds", "sigmoid", "value"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One column of the logits; `position` is the token whose logits are read, None for a head of its own.

    kind "log-odds": one of several classes; "sigmoid": a label of its own; "value": a number.
    """

    label: str
    column: int
    kind: Kind
    position: int | None = None

    @property
    def unit(self) -> str:
        return "value" if self.kind == "value" else "probability"

    def explained(self, logits: Float[Tensor, "n C"]) -> Float[Tensor, "n"]:
        """The number that is attributed to the tokens."""
        chosen = logits[:, self.column]
        if self.kind != "log-odds":
            return chosen
        others = torch.cat([logits[:, : self.column], logits[:, self.column + 1 :]], dim=1)
        return chosen - torch.logsumexp(others, dim=1)

    def shown(self, explained: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The same as a probability where it is one; uncalibrated."""
        return explained if self.kind == "value" else 1 / (1 + np.exp(-np.clip(explained, -700, 700)))
