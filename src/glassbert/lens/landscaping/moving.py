"""A module whose weights are moved about, and that is afterwards what it was, to the bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from glassbert.errors import DataError, GlassbertError, Problem

Weights = Mapping[str, Tensor]


def digest(module: nn.Module) -> str:
    """SHA-256 of the names, types, shapes and bytes of all parameters and buffers."""
    hashed = hashlib.sha256()
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        hashed.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        hashed.update(plain.numpy().data)
    return hashed.hexdigest()


def movable(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that a landscape moves: all that are real numbers, a tied one once."""
    return {name: each for name, each in module.named_parameters() if each.is_floating_point()}


@contextmanager
def borrowed(module: nn.Module) -> Iterator[str]:
    """Within the block the module is in evaluation mode and its weights may be changed; yields its digest.

    Afterwards, whatever happened, weights, buffers and modes are those of before. Raises GlassbertError if
    the digest says otherwise.
    """
    before = digest(module)
    tensors = [*module.parameters(), *module.buffers()]
    kept = [tensor.detach().clone() for tensor in tensors]
    modes = {each: each.training for each in module.modules()}
    module.eval()
    try:
        yield before
    finally:
        with torch.no_grad():
            for tensor, value in zip(tensors, kept, strict=True):
                tensor.copy_(value)
        for each, mode in modes.items():
            each.training = mode
        if digest(module) != before:
            what = "the weights are not what they were before the landscape"
            raise GlassbertError(Problem(code="weights-changed", what=what, fix="load the model again"))


def refuse_other_shapes(module: nn.Module, models: Mapping[str, Weights]) -> None:
    """Raise DataError for weights of another model: a name that is missing, or a tensor of another shape."""
    wrong = []
    for model, weights in models.items():
        for name, parameter in movable(module).items():
            if name not in weights:
                wrong.append(f"{model} has no {name}")
            elif weights[name].shape != parameter.shape:
                shapes = f"{list(weights[name].shape)}, not {list(parameter.shape)}"
                wrong.append(f"{name} of {model} has shape {shapes}")
    if wrong:
        fix = "only models of one shape lie in one space: choose those that share config and labels"
        raise DataError(*(Problem(code="other-shape", what=what, fix=fix) for what in wrong))
