"""Tensors of a Hugging Face checkpoint to a network's state and back, exactly; nothing is skipped in
silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.model.aliases import (
    BIAS_ALIASES,
    POSITIONS,
    canonical,
    check_copies,
    key_of,
    without_aliases,
)
from glassbert.model.config import BARE, EncoderConfig, HeadConfig
from glassbert.model.names import (
    PREFIX,
    Name,
    encoder_names,
    foreign_head_stems,
    head_names,
    tag_names,
)
from glassbert.model.network import Network

LISTED = 8
_FIX = "the configuration and the weights do not belong together: take both from one place"


@dataclass(frozen=True)
class Assigned:
    """What became of a checkpoint: head parameters it lacked (left as they were), by its names and by the
    network's own, and tensors of other heads it had.
    """

    newly_initialised: tuple[str, ...]
    left_out: tuple[str, ...]
    fresh: tuple[str, ...] = ()


@dataclass
class _Faults:
    """Names by what is wrong with them."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    shape: list[str] = field(default_factory=list)
    dtype: list[str] = field(default_factory=list)

    def problems(self, file: str | None) -> list[Problem]:
        lists = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "wrong-shape": self.shape,
            "wrong-dtype": self.dtype,
        }
        return [
            Problem(code=f"{kind}-tensors", what=f"{len(names)} {kind}: {_some(names)}", fix=_FIX, file=file)
            for kind, names in lists.items()
            if names
        ]


def assign(
    network: Network, tensors: Mapping[str, Tensor], *, replace_head: bool = False, file: str | None = None
) -> Assigned:
    """Copy a checkpoint's tensors into a network.

    Every encoder tensor must be there, floating point and of the right shape, and none may be unknown;
    DataError lists what is missing, unexpected and wrong. Head tensors may be missing: they stay as they are
    and are named. With `replace_head`, head tensors of another shape (another label set) count as missing.
    """
    config = network.config
    found = canonical(tensors, config, file=file)
    state = dict(network.named_parameters(remove_duplicate=False))
    faults, new, fresh, used = _Faults(), list[str](), list[str](), set[str]()
    for name in [*encoder_names(config), *_head_names(config, network.head_config)]:
        in_head = name.ours.startswith("head.")
        keys = [key_of(theirs, config) for theirs in name.theirs]
        used.update(keys)
        absent = [theirs for theirs, key in zip(name.theirs, keys, strict=True) if key not in found]
        if absent:
            if not _is_tied_decoder(name, config):
                (new if in_head else faults.missing).extend(absent)
                fresh.append(name.ours)
            continue
        sources = {found[key]: tensors[found[key]] for key in keys}
        if in_head and replace_head and _wrong_shapes(state[name.ours], sources):
            new.extend(name.theirs)
            fresh.append(name.ours)
        else:
            _copy(state[name.ours], sources, faults)
    used |= check_copies(tensors, found, config, file=file)
    left = sorted(found[key] for key in found if key not in used)
    foreign = foreign_head_stems(config)
    other = tuple(name for name in left if key_of(name, config).startswith(foreign))
    faults.unexpected = [name for name in left if name not in other]
    if problems := faults.problems(file):
        raise DataError(*problems)
    return Assigned(newly_initialised=tuple(new), left_out=other, fresh=tuple(fresh))


def export(network: Network) -> dict[str, Tensor]:
    """The network's tensors under Hugging Face names; what `assign` reads back to the same bits."""
    config = network.config
    state = {name: value.detach() for name, value in network.named_parameters(remove_duplicate=False)}
    headless = network.head_config.kind in BARE
    prefix = "" if headless else PREFIX[config.model_type]
    tensors: dict[str, Tensor] = {}
    for name in encoder_names(config):
        parts = state[name.ours].chunk(len(name.theirs)) if len(name.theirs) > 1 else (state[name.ours],)
        for theirs, part in zip(name.theirs, parts, strict=True):
            tensors[prefix + theirs] = part.contiguous()
    if config.position_embedding_type == "sinusoidal":
        tensors[prefix + POSITIONS] = network.encoder.embeddings.get_buffer("sinusoids")
    for name in _head_names(config, network.head_config):
        if _is_tied_decoder(name, config):
            continue
        theirs = name.theirs[0]
        tensors[theirs] = state[name.ours].contiguous()
        if theirs in BIAS_ALIASES and not config.tie_word_embeddings:
            # untied, transformers 5 computes with the second and expects the first
            tensors[BIAS_ALIASES[theirs]] = tensors[theirs]
    return tensors


def _head_names(config: EncoderConfig, head: HeadConfig) -> list[Name]:
    names = head_names(config, head.kind)
    if names is None:
        what = f"{config.model_type} has no {head.kind} head in the Hugging Face layout"
        raise DataError(Problem(code="no-such-head", what=what, fix="use the bert family for it"))
    return [*(without_aliases(name) for name in names), *tag_names(head)]


def _is_tied_decoder(name: Name, config: EncoderConfig) -> bool:
    return config.tie_word_embeddings and name.ours.endswith("decoder.weight")


def _wrong_shapes(parameter: Tensor, sources: Mapping[str, Tensor]) -> list[str]:
    """The sources that are not an equal part of the parameter's rows, with both shapes."""
    expected = [len(parameter) // len(sources), *parameter.shape[1:]]
    return [
        f"{theirs} is {list(source.shape)}, expected {expected}"
        for theirs, source in sources.items()
        if list(source.shape) != expected
    ]


def _copy(parameter: Tensor, sources: Mapping[str, Tensor], faults: _Faults) -> None:
    shape = _wrong_shapes(parameter, sources)
    dtype = [f"{name} is {value.dtype}" for name, value in sources.items() if not value.is_floating_point()]
    faults.shape += shape
    faults.dtype += dtype
    if shape or dtype:
        return
    with torch.no_grad():
        for part, source in zip(parameter.chunk(len(sources)), sources.values(), strict=True):
            part.copy_(source)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return shown + (f", ... ({len(names) - LISTED} more)" if len(names) > LISTED else "")
