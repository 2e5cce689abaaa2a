"""The tensors of a module by name, each once, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from glassbert.errors import DataError, Problem


def module_tensors(module: nn.Module) -> dict[str, Tensor]:
    """The parameters that learn and the persistent buffers, not copied; a tied tensor stands under its first
    name. What is frozen is left out: whoever builds the module has it.
    """
    frozen = {
        name
        for name, parameter in module.named_parameters(remove_duplicate=False)
        if not parameter.requires_grad
    }
    seen: set[tuple[int, tuple[int, ...], tuple[int, ...]]] = set()
    tensors = {}
    for name, tensor in module.state_dict().items():
        place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride())
        if name in frozen or (tensor.numel() and place in seen):
            continue
        seen.add(place)
        tensors[name] = tensor
    return tensors


@torch.no_grad()
def load_module(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy `tensors` into `module`, bit for bit; tied tensors follow their first name.

    Errors: DataError listing what is missing, unexpected or of another shape; the module is then unchanged.
    """
    own = module_tensors(module)
    wrong = [f"{name} is missing" for name in own if name not in tensors]
    wrong += [f"{name} is unexpected" for name in tensors if name not in own]
    wrong += [
        f"{name} has shape {list(tensors[name].shape)}, the model has {list(tensor.shape)}"
        for name, tensor in own.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if wrong:
        fix = "load it into the model that it was saved from"
        raise DataError(*(Problem(code="checkpoint-mismatch", what=what, fix=fix) for what in wrong))
    for name, tensor in own.items():
        tensor.copy_(tensors[name])
