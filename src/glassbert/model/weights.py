"""Tensors of a Hugging Face checkpoint to a network's state and back, exactly; nothing is skipped in
silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.encoder import sinusoidal_positions
from glassbert.model.names import IGNORED, PREFIX, Name, encoder_names, foreign_head_stems, head_names
from glassbert.model.network import Network

LISTED = 8
# the bias of a tied decoder has gone by two names
_BIAS_ALIASES = {
    "cls.predictions.bias": "cls.predictions.decoder.bias",
    "lm_head.bias": "lm_head.decoder.bias",
}
_POSITION_TABLE = "embeddings.position_embeddings.weight"


@dataclass(frozen=True)
class Assigned:
    """What became of a checkpoint: head parameters it lacked (now random), and tensors of other heads it
    had.
    """

    newly_initialised: tuple[str, ...]
    left_out: tuple[str, ...]


def assign(
    network: Network, tensors: Mapping[str, Tensor], *, replace_head: bool = False, file: str = ""
) -> Assigned:
    """Copy a checkpoint's tensors into a network.

    Every encoder tensor must be there with the right shape, and none may be unknown; DataError lists what
    is missing, unexpected and mis-shaped. Head tensors may be missing: they stay as they are and are named.
    With `replace_head`, head tensors of another shape (another label set) count as missing.
    """
    found = _canonical(tensors, network.config)
    state = dict(network.named_parameters(remove_duplicate=False))
    missing: list[str] = []
    misshaped: list[str] = []
    new: list[str] = []
    used: set[str] = set()
    head = _head_names(network.config, network.head_config)
    for name in [*encoder_names(network.config), *head]:
        in_head = name.ours.startswith("head.")
        absent = [theirs for theirs in name.theirs if _key(theirs, network.config) not in found]
        if absent:
            if not (in_head and _is_tied_decoder(name, network.config)):
                (new if in_head else missing).extend(absent)
            continue
        keys = [_key(theirs, network.config) for theirs in name.theirs]
        used.update(keys)
        problem = _copy(state[name.ours], [tensors[found[key]] for key in keys], name)
        if problem and in_head and replace_head:
            new.append(name.theirs[0])
        elif problem:
            misshaped.append(problem)
    used |= _check_extras(network, tensors, found)
    left = [found[key] for key in found if key not in used]
    foreign = foreign_head_stems(network.config)
    other = [
        name for name in left if _key(name, network.config).startswith(foreign) or name.startswith(foreign)
    ]
    unexpected = sorted(set(left) - set(other))
    if missing or unexpected or misshaped:
        raise DataError(*_problems(missing, unexpected, misshaped, file))
    return Assigned(tuple(new), tuple(sorted(other)))


def export(network: Network) -> dict[str, Tensor]:
    """The network's tensors under Hugging Face names; what `assign` reads back to the same bits."""
    state = {name: value.detach() for name, value in network.named_parameters(remove_duplicate=False)}
    headless = network.head_config.kind in ("none", "pooling")
    prefix = "" if headless else PREFIX[network.config.model_type]
    tensors: dict[str, Tensor] = {}
    for name in encoder_names(network.config):
        parts = state[name.ours].chunk(len(name.theirs)) if len(name.theirs) > 1 else (state[name.ours],)
        tensors |= {
            prefix + theirs: part.contiguous() for theirs, part in zip(name.theirs, parts, strict=True)
        }
    if network.config.position_embedding_type == "sinusoidal":
        tensors[prefix + _POSITION_TABLE] = network.encoder.embeddings.get_buffer("sinusoids")
    for name in _head_names(network.config, network.head_config):
        if not _is_tied_decoder(name, network.config):
            tensors[name.theirs[0]] = state[name.ours].contiguous()
    return tensors


def has_tensor(tensors: Iterable[str], name: str, config: EncoderConfig) -> bool:
    """Whether a checkpoint carries the tensor, with or without the family's prefix or LayerNorm's old
    names.
    """
    return _key(name, config) in {_key(_modern(tensor), config) for tensor in tensors}


def _head_names(config: EncoderConfig, head: HeadConfig) -> list[Name]:
    names = head_names(config, head.kind)
    if names is None:
        what = f"{config.model_type} has no {head.kind} head in the Hugging Face layout"
        raise DataError(Problem(code="no-such-head", what=what, fix="use the bert family for it"))
    aliases = {alias: known for known, alias in _BIAS_ALIASES.items()}
    return [Name(name.ours, tuple(aliases.get(theirs, theirs) for theirs in name.theirs)) for name in names]


def _canonical(tensors: Mapping[str, Tensor], config: EncoderConfig) -> dict[str, str]:
    """Key without prefix and with today's LayerNorm names -> the name in the file."""
    found: dict[str, str] = {}
    for name in tensors:
        key = _key(_modern(name), config)
        if key.rpartition(".")[2] in IGNORED:
            continue
        found[key] = name
    for known, alias in _BIAS_ALIASES.items():
        if alias in found and known not in found:
            found[known] = found.pop(alias)
    return found


def _modern(name: str) -> str:
    stem, _, last = name.rpartition(".")
    return (
        f"{stem}.{ {'gamma': 'weight', 'beta': 'bias'}.get(last, last) }"
        if stem.endswith("LayerNorm")
        else name
    )


def _key(name: str, config: EncoderConfig) -> str:
    return name.removeprefix(PREFIX[config.model_type])


def _is_tied_decoder(name: Name, config: EncoderConfig) -> bool:
    return config.tie_word_embeddings and name.ours.endswith("decoder.weight")


def _copy(parameter: Tensor, sources: list[Tensor], name: Name) -> str | None:
    rows = [len(parameter) // len(sources), *parameter.shape[1:]] if parameter.ndim else []
    for theirs, source in zip(name.theirs, sources, strict=True):
        if list(source.shape) != rows:
            return f"{theirs} is {list(source.shape)}, expected {rows}"
    with torch.no_grad():
        for part, source in zip(parameter.chunk(len(sources)), sources, strict=True):
            part.copy_(source)
    return None


def _check_extras(network: Network, tensors: Mapping[str, Tensor], found: Mapping[str, str]) -> set[str]:
    """Tensors that repeat what is known elsewhere: a tied decoder and a sinusoidal table, which must agree
    with it.
    """
    used = set()
    words = network.encoder.embeddings.word.weight
    for key in ("cls.predictions.decoder.weight", "lm_head.decoder.weight", "vocab_projector.weight"):
        if key in found and network.config.tie_word_embeddings:
            _require_equal(
                tensors[found[key]], words, f"{key} differs from the word embeddings although they are tied"
            )
            used.add(key)
    for known, alias in _BIAS_ALIASES.items():
        if alias in found:
            _require_equal(tensors[found[alias]], tensors[found[known]], f"{alias} differs from {known}")
            used.add(alias)
    if network.config.position_embedding_type == "sinusoidal" and _POSITION_TABLE in found:
        table = sinusoidal_positions(network.config.max_position_embeddings, network.config.hidden_size)
        if not torch.allclose(tensors[found[_POSITION_TABLE]].float(), table, atol=1e-6):
            raise DataError(
                _differs(f"{_POSITION_TABLE} is not the sinusoidal table that the configuration promises")
            )
        used.add(_POSITION_TABLE)
    return used


def _require_equal(one: Tensor, other: Tensor, what: str) -> None:
    if not torch.equal(one.to(other.dtype), other.detach()):
        raise DataError(_differs(what))


def _differs(what: str) -> Problem:
    return Problem(
        code="tied-weights-differ", what=what, fix="correct the file, or set tie_word_embeddings to false"
    )


def _problems(missing: list[str], unexpected: list[str], misshaped: list[str], file: str) -> list[Problem]:
    fix = "the configuration and the weights do not belong together: take both from one place"
    lists = {"missing": missing, "unexpected": unexpected, "wrong-shape": misshaped}
    return [
        Problem(
            code=f"{kind}-tensors", what=f"{len(names)} {kind}: {_some(names)}", fix=fix, file=file or None
        )
        for kind, names in lists.items()
        if names
    ]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return shown + (f", ... ({len(names) - LISTED} more)" if len(names) > LISTED else "")
