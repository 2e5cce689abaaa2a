"""Floating-point operations of one call: matrix products and convolutions, 2 m n k each, as torch counts
them.

Additions, norms and activations are not counted: they are a few per cent, and no two people count them alike.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

FUSED_ON_CPU = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


def flops_of(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> int:
    """The operations of a call of torch's `function`; 0 for one that multiplies no matrices."""
    packet = function.overloadpacket
    if packet is FUSED_ON_CPU:  # torch's own table lacks it
        query, key, value = args[:3]
        pairs = math.prod(query.shape[:-1]) * key.shape[-2]
        return 2 * pairs * (query.shape[-1] + value.shape[-1])
    formula = flop_registry.get(packet)
    count: int = 0 if formula is None else formula(*args, **kwargs, out_val=result)
    return count
