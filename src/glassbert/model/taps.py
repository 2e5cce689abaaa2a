"""Taps: named points of the forward pass that can be watched, and cost nothing while nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from glassbert.errors import Problem, UsageError


class Tap(nn.Module):
    """An identity without parameters, named for what passes through it.

    Unwatched it returns its argument after one attribute look-up; watched, its forward hooks run (and may
    replace the value, which is how a playground silences a head).
    """

    @property
    def watched(self) -> bool:
        return bool(self._forward_hooks)

    def forward(self, value: Tensor) -> Tensor:
        return value

    def __call__(self, value: Tensor) -> Tensor:
        return super().__call__(value) if self._forward_hooks else value


class Tapped(nn.Module):
    """A module whose taps are found as fast as plain attributes.

    torch looks children up in Python, ten times slower than an attribute: with the taps of 6 layers that was
    0.9 % of a forward pass over 16 tokens (docs/log.md), where nobody watches.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, Tap):
            self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self.__dict__.pop(name, None)


def tap_names(module: nn.Module) -> list[str]:
    """The names of all taps in a module, in the order of the forward pass."""
    return [name for name, child in module.named_modules() if isinstance(child, Tap)]


@contextmanager
def capture(module: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Collect what passes through the taps whose names match (shell patterns) while the block runs.

    Yields a dict that the forward pass fills: tap name -> tensor, detached only if the forward ran without
    gradients. Patterns match at the end of a name, so "blocks.0.output" finds "encoder.blocks.0.output".
    Raises UsageError when a pattern matches no tap, and when a tap is passed a second time: attention weights
    pass once per group of equally long sequences, and the last one alone would mislead.
    """
    taps = {name: child for name, child in module.named_modules() if isinstance(child, Tap)}
    chosen = [name for name in taps if any(_matches(name, pattern) for pattern in names)]
    for pattern in names:
        if not any(_matches(name, pattern) for name in taps):
            fix = "taps: " + ", ".join(list(taps)[:40])
            raise UsageError(Problem(code="unknown-tap", what=f"no tap matches {pattern!r}", fix=fix))
    seen: dict[str, Tensor] = {}
    handles = [taps[name].register_forward_hook(_keep(seen, name)) for name in chosen]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, "*." + pattern)


def _keep(seen: dict[str, Tensor], name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if name in seen:
            fix = "capture one forward pass; for attention weights, of sequences of one length"
            raise UsageError(Problem(code="tap-passed-twice", what=f"{name} was passed twice", fix=fix))
        seen[name] = output

    return hook
