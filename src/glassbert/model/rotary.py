"""Rotary positions (Su et al. 2021, arXiv 2104.09864): queries and keys turned by angles that grow with the
position.

    (x_i, x_{i + D/2}) is turned by p theta^(-2 i / D),      i = 0 ... D/2 - 1, p the position

A product of a query at p and a key at p' then depends on p - p' alone, and no table of positions is learnt.
The halves of a head are paired, as transformers does, not neighbours, as the paper does.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def rotation(
    position_ids: Int64[Tensor, "T"], num_positions: int, head_size: int, theta: float
) -> tuple[Float[Tensor, "T D2"], Float[Tensor, "T D2"]]:
    """Cosine and sine of every token's angles, in single precision, as transformers computes them.

    Every position is below `num_positions`, which the host knows.
    """
    with torch.inference_mode(False), torch.no_grad():
        exponents = torch.arange(0, head_size, 2, dtype=torch.float32) / head_size
        frequencies = (1.0 / theta**exponents).to(position_ids.device)
        # a table of the positions that occur: many tokens share each
        table = torch.arange(num_positions, device=position_ids.device).float()
        angles = table[:, None] * frequencies
        places = position_ids.clone()  # an inference tensor may not be an index of a training step
        return angles.cos()[places], angles.sin()[places]


def rotated(
    heads: Float[Tensor, "R N D"], cosine: Float[Tensor, "R D2"], sine: Float[Tensor, "R D2"]
) -> Float[Tensor, "R N D"]:
    """Every head's two halves turned against one another."""
    one, other = heads.chunk(2, dim=-1)
    cosine, sine = (each[:, None].to(heads.dtype) for each in (cosine, sine))
    return torch.cat((one * cosine - other * sine, other * cosine + one * sine), dim=-1)
