"""One tensor, several names: the family's prefix, LayerNorm's gamma and beta, tied copies, old buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig
from glassbert.model.encoder import sinusoidal_positions
from glassbert.model.names import IGNORED, PREFIX, Name

# the bias of the masked-word decoder has gone by two names
BIAS_ALIASES = {
    "cls.predictions.bias": "cls.predictions.decoder.bias",
    "lm_head.bias": "lm_head.decoder.bias",
}
WORDS = "embeddings.word_embeddings.weight"
# a masked-word decoder and the word embeddings that it is tied to
TIED = {
    "cls.predictions.decoder.weight": WORDS,
    "lm_head.decoder.weight": WORDS,
    "vocab_projector.weight": WORDS,
    "decoder.weight": "embeddings.tok_embeddings.weight",
}
POSITIONS = "embeddings.position_embeddings.weight"
_KNOWN_BIAS = {alias: known for known, alias in BIAS_ALIASES.items()}


def key_of(name: str, config: EncoderConfig) -> str:
    """The name without the family's prefix, LayerNorm's parameters by their names of today."""
    stem, _, last = name.removeprefix(PREFIX[config.model_type]).rpartition(".")
    if stem.endswith("LayerNorm"):
        last = {"gamma": "weight", "beta": "bias"}.get(last, last)
    return f"{stem}.{last}" if stem else last


def without_aliases(name: Name) -> Name:
    """The row of the table with the decoder's bias under its first name."""
    return Name(name.ours, tuple(_KNOWN_BIAS.get(theirs, theirs) for theirs in name.theirs))


def canonical(tensors: Iterable[str], config: EncoderConfig, *, file: str | None) -> dict[str, str]:
    """Key -> the name in the checkpoint; raises DataError when two tensors claim one key.

    An untied decoder computes with its own bias, decoder.bias; what then lies under the first name is dead in
    transformers too.
    """
    found: dict[str, str] = {}
    for name in tensors:
        key = key_of(name, config)
        if key.rpartition(".")[2] in IGNORED:
            continue
        if key in found:
            what = f"{found[key]} and {name} are two tensors for one parameter"
            fix = "remove the one that is not meant"
            raise DataError(Problem(code="ambiguous-tensors", what=what, fix=fix, file=file))
        found[key] = name
    for known, alias in BIAS_ALIASES.items():
        if alias in found and (known not in found or not config.tie_word_embeddings):
            found[known] = found.pop(alias)
    return found


def check_copies(
    tensors: Mapping[str, Tensor], found: Mapping[str, str], config: EncoderConfig, *, file: str | None
) -> set[str]:
    """The keys of tensors that repeat what is known elsewhere; raises DataError when one does not."""
    copies = dict(_copies(tensors, found, config))
    for key, original in copies.items():
        copy = tensors[found[key]]
        if copy.shape != original.shape or not _equal(copy, original, exact=key != POSITIONS):
            raise DataError(_differs(found[key], key, file))
    return set(copies)


def has_tensor(tensors: Iterable[str], name: str, config: EncoderConfig) -> bool:
    """Whether a checkpoint carries the tensor under any of the names that it has gone by."""
    return key_of(name, config) in {key_of(tensor, config) for tensor in tensors}


def _copies(
    tensors: Mapping[str, Tensor], found: Mapping[str, str], config: EncoderConfig
) -> Iterator[tuple[str, Tensor]]:
    if config.tie_word_embeddings:
        for key, words in TIED.items():
            if words in found and key in found:
                yield key, tensors[found[words]]
    for known, alias in BIAS_ALIASES.items():
        if alias in found:
            yield alias, tensors[found[known]]
    if config.position_embedding_type == "sinusoidal" and POSITIONS in found:
        yield POSITIONS, sinusoidal_positions(config.max_position_embeddings, config.hidden_size)


def _equal(copy: Tensor, original: Tensor, *, exact: bool) -> bool:
    """A table of sinusoids may have been computed in single precision by another hand."""
    dtype = torch.promote_types(copy.dtype, original.dtype)
    copy, original = copy.to(dtype), original.to(dtype)
    return torch.equal(copy, original) if exact else torch.allclose(copy, original, rtol=0, atol=1e-6)


def _differs(name: str, key: str, file: str | None) -> Problem:
    if key == POSITIONS:
        what = f"{name} is not the sinusoidal table that config.json promises"
        return Problem(code="not-sinusoidal", what=what, fix="set sinusoidal_pos_embds to false", file=file)
    original = TIED[key] if key in TIED else _KNOWN_BIAS[key]
    what = f"{name} differs from {original}, to which it is tied"
    fix = "correct the file, or set tie_word_embeddings to false"
    return Problem(code="tied-weights-differ", what=what, fix=fix, file=file)
