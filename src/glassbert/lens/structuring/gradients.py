"""How the largest output changes with what each module passes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from glassbert.lens.structuring.graph import Statistics
from glassbert.lens.structuring.recorder import evaluating, tensors_in
from glassbert.lens.structuring.statistics import statistics_of
from glassbert.model.taps import Tap

Key = tuple[str, int]


def gradients_of(
    module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[Key, Statistics]:
    """Statistics of d(sum over rows of the largest output of each row) / d(first output of a module).

    The key is the module's name and how many calls of it came before. No `.grad` is touched.
    """
    seen: dict[Key, Tensor] = {}
    calls: Counter[str] = Counter()
    handles = [
        each.register_forward_hook(_keep(seen, calls, path))
        for path, each in module.named_modules()
        if not isinstance(each, Tap)
    ]
    try:
        with torch.enable_grad(), evaluating(module):
            output = module(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    goal = _goal(output)
    if goal is None:
        return {}
    found = torch.autograd.grad(goal, list(seen.values()), allow_unused=True)
    described = {key: statistics_of(gradient) for key, gradient in zip(seen, found, strict=True)}
    return {key: each for key, each in described.items() if each is not None}


def _keep(seen: dict[Key, Tensor], calls: Counter[str], path: str) -> Callable[..., None]:
    def hook(_module: nn.Module, _args: Any, output: Any) -> None:
        first = next(iter(tensors_in(output)), None)
        if first is not None and first.requires_grad:
            seen[path, calls[path]] = first
        calls[path] += 1

    return hook


def _goal(output: Any) -> Tensor | None:
    first = next((each for each in tensors_in(output) if each.requires_grad), None)
    if first is None:
        return None
    return first.sum() if first.dim() == 0 else first.amax(-1).sum()
