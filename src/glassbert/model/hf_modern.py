"""ModernBERT's config.json (Warner et al. 2024, arXiv 2412.13663): what we compute of it, what is refused.

It says five times whether there are biases, for every layer how far it looks, and for either kind of layer by
which angles positions turn. Here one word answers each: all biases or none, and every layer sees everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig

BIASES = ("norm_bias", "attention_bias", "mlp_bias", "classifier_bias")
FULL, LOCAL = "full_attention", "sliding_attention"
THETA, LOCAL_THETA, WINDOW, EVERY = 160_000.0, 10_000.0, 128, 3
"""What transformers takes for absent words."""
FIXED: dict[str, Any] = {
    "norm_placement": "pre",
    "feed_forward_type": "gated",
    "position_embedding_type": "rotary",
    "attention_type": "scaled_dot_product",
    "type_vocab_size": 0,
}


def is_modernbert(config: EncoderConfig) -> bool:
    """Whether transformers' ModernBERT computes what an encoder of this configuration does."""
    named = config.model_type == "modernbert"
    return named and all(getattr(config, name) == value for name, value in FIXED.items())


def modern_fields(raw: Mapping[str, Any], *, depth: Any, activation: str, file: str) -> dict[str, Any]:
    """The fields of `EncoderConfig` that ModernBERT says in words of its own.

    Raises DataError for windows, scaled angles, biases in some layers only, a decoder without a bias, and
    an activation or a pooling of heads that we do not have.
    """
    _refuse_windows(raw, depth, file)
    flags = {name: raw.get(name, False) for name in BIASES}
    if len(set(map(repr, flags.values()))) > 1:
        said = ", ".join(f"{name} {value!r}" for name, value in flags.items())
        raise _bad(file, "mixed-biases", f"some layers have biases and others have none: {said}")
    if raw.get("decoder_bias", True) is not True:
        raise _bad(file, "no-decoder-bias", f"decoder_bias is {raw['decoder_bias']!r}")
    if raw.get("classifier_activation", "gelu") != activation:
        said = raw.get("classifier_activation", "gelu")
        what = f"classifier_activation is {said!r}, the encoder's {activation!r}"
        raise _bad(file, "other-activation", what)
    if raw.get("classifier_pooling", "cls") != "cls" and _classifies(raw):
        what = f"classifier_pooling is {raw['classifier_pooling']!r}, and classes are read from [CLS] here"
        raise _bad(file, "other-pooling", what)
    return FIXED | {"use_bias": flags["norm_bias"], "rope_theta": _theta(raw, file)}


def modern_words(config: EncoderConfig) -> dict[str, Any]:
    """The words of ModernBERT that our fields do not have, for transformers 4 and 5 alike."""
    return {
        **dict.fromkeys(BIASES, config.use_bias),
        "decoder_bias": True,
        "embedding_dropout": config.hidden_dropout_prob,
        "classifier_activation": config.hidden_act,
        "classifier_pooling": "cls",
        "layer_types": [FULL] * config.num_hidden_layers,
        "global_attn_every_n_layers": 1,
        "local_attention": WINDOW,
        "rope_parameters": {
            FULL: {"rope_type": "default", "rope_theta": config.rope_theta},
            LOCAL: {"rope_type": "default", "rope_theta": LOCAL_THETA},
        },
        "global_rope_theta": config.rope_theta,
        "local_rope_theta": LOCAL_THETA,
    }


def _refuse_windows(raw: Mapping[str, Any], depth: Any, file: str) -> None:
    types = raw.get("layer_types")
    if types is None:
        every = raw.get("global_attn_every_n_layers", EVERY)
        if every == 1 or depth == 1:
            return
        whole = isinstance(every, int) and every > 0 and isinstance(depth, int)
        local = str(depth - -(-depth // every)) if whole else "some"
    elif isinstance(types, list) and all(each == FULL for each in types):
        return
    else:
        local = str(types.count(LOCAL)) if isinstance(types, list) else "some"
    what = f"{local} of {depth} layers see a window of {raw.get('local_attention', WINDOW)} tokens only"
    raise _bad(file, "local-attention", what, "take an encoder whose layers all see the whole text")


def _theta(raw: Mapping[str, Any], file: str) -> Any:
    said = raw.get("rope_parameters")
    if raw.get("rope_scaling") is not None:
        raise _bad(file, "scaled-positions", f"rope_scaling is {raw['rope_scaling']!r}")
    if said is None or (isinstance(said, dict) and said.get(FULL) is None):
        return raw.get("global_rope_theta", THETA)
    full = said.get(FULL) if isinstance(said, dict) else None
    if not isinstance(full, dict) or full.get("rope_type", "default") != "default":
        raise _bad(file, "scaled-positions", f"rope_parameters is {said!r}")
    return full.get("rope_theta", raw.get("global_rope_theta", THETA))


def _classifies(raw: Mapping[str, Any]) -> bool:
    names = raw.get("architectures") or []
    return any(str(name).endswith("ForSequenceClassification") for name in names)


def _bad(file: str, code: str, what: str, fix: str = "take another checkpoint of the family") -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=file))
