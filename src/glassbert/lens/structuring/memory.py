"""Whether a forward pass fits into the memory that is free, asked before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from glassbert.model.config import EncoderConfig
from glassbert.model.memory import free_memory, refuse_beyond
from glassbert.model.network import Network
from glassbert.model.packed import Packed

BYTES_PER_NUMBER = 4


def refuse_without_memory(
    module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[str, ...]:
    """Raise DataError when the pass needs more than is free; notes, where that could not be found out.

    Of our own networks the estimate is a closed form; of others, one pass is made with tensors that have
    shapes and no numbers (1 to 2 seconds, once), and the largest of them counts.
    """
    try:
        if isinstance(module, Network) and args and isinstance(args[0], Packed):
            needed = network_bytes(module.config, args[0])
        else:
            needed = largest_tensor(module, args, kwargs)
    except RuntimeError as error:  # code that branches on numbers, which shapes alone do not give
        return (f"the memory was not estimated beforehand: {str(error).splitlines()[0][:200]}",)
    fix = "give a shorter text or smaller inputs, or use a machine with more memory"
    refuse_beyond(_free(module), needed, what="the forward pass needs at least", fix=fix)
    return ()


def network_bytes(config: EncoderConfig, packed: Packed) -> int:
    """What one block of the encoder holds at its widest: residual, queries, keys, values and context, or
    residual and the feed-forward's two inner activations (three, gated); additive attention also forms
    B N S S D numbers.
    """
    hidden, tokens = config.hidden_size, packed.layout.num_tokens
    inner = 3 if config.feed_forward_type == "gated" else 2
    widest = tokens * max(5 * hidden, 2 * hidden + inner * config.intermediate_size)
    if config.attention_type == "additive":
        widest += hidden * max(group.count * group.length**2 for group in packed.layout.groups)
    return BYTES_PER_NUMBER * widest


def largest_tensor(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """The bytes of the largest tensor that one operation makes: the pass needs more, never less."""
    meter = _Meter()
    with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True) as fake, meter:
        del fake
        module(*args, **kwargs)
    return meter.most


class _Meter(TorchDispatchMode):
    """Keeps the size of the largest fresh tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not any(each.alias_info for each in func._schema.returns):  # views and writes make nothing
            made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor) and not leaf.is_meta]
            self.most = max([self.most, *(tensor.nbytes for tensor in made)])
        return result


def _free(module: nn.Module) -> int | None:
    device = next((each.device for each in module.parameters()), torch.device("cpu"))
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory() if device.type == "cpu" else None
