"""Tiny random transformers models of every family, with sizes that are all unequal and unround, and
inputs for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import torch
import transformers
from torch import Tensor

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.hf_config import read_config
from glassbert.model.network import Network
from glassbert.model.packed import Packed
from glassbert.model.weights import assign

SIZES = {
    "vocab_size": 67,
    "hidden_size": 42,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "intermediate_size": 59,
    "max_position_embeddings": 41,
}
DISTIL_SIZES = {
    "vocab_size": 67,
    "dim": 42,
    "n_layers": 3,
    "n_heads": 6,
    "hidden_dim": 59,
    "max_position_embeddings": 41,
}
LENGTHS = (13, 1, 7, 7, 31, 5, 7)
CLASSES = {
    "none": "Model",
    "pooling": "Model",
    "sequence-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "span": "ForQuestionAnswering",
    "masked-lm": "ForMaskedLM",
    "next-sentence": "ForNextSentencePrediction",
    "pretraining": "ForPreTraining",
}
# rotary positions turn pairs: heads of 14
MODERN_SIZES = SIZES | {
    "num_attention_heads": 3,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "cls_token_id": 1, "sep_token_id": 1,
    "global_attn_every_n_layers": 1,
}  # fmt: skip
FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert", "modernbert")
PREFIXES = {
    "bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta", "distilbert": "DistilBert",
    "modernbert": "ModernBert",
}  # fmt: skip
HEADS_OF = {
    "bert": tuple(CLASSES),
    "roberta": ("none", "pooling", "sequence-classification", "token-classification", "span", "masked-lm"),
    "xlm-roberta": ("pooling", "sequence-classification"),
    "distilbert": ("none", "sequence-classification", "token-classification", "span", "masked-lm"),
    "modernbert": ("none", "sequence-classification", "token-classification", "span", "masked-lm"),
}


def reference(family: str, kind: str, **options: object) -> torch.nn.Module:
    """A random transformers model in eval mode, all of its weights (biases too) drawn from N(0, 0.2), norms
    around 1.
    """
    prefix = PREFIXES[family]
    of_family = {"distilbert": DISTIL_SIZES, "modernbert": MODERN_SIZES}
    sizes = of_family.get(family) or SIZES | {"type_vocab_size": 1 if "roberta" in family else 3}
    config = getattr(transformers, f"{prefix}Config")(
        **sizes, num_labels=2 if kind == "span" else 5, attn_implementation="eager", **options
    )
    extra = (
        {"add_pooling_layer": kind == "pooling"}
        if kind in ("none", "pooling") and family not in ("distilbert", "modernbert")
        else {}
    )
    torch.manual_seed(7)
    model = getattr(transformers, prefix + CLASSES[kind])(config, **extra).eval()
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_scale = "norm" in name.lower() and name.endswith("weight")
            parameter.normal_(1.0 if is_scale else 0.0, 0.2, generator=generator)
    return model


def ours(model: torch.nn.Module, kind: str) -> Network:
    """Our network with the reference's weights, through its configuration and its state as a file would hold
    them.
    """
    raw = json.loads(model.config.to_json_string(use_diff=False)) | {"architectures": [type(model).__name__]}
    read = read_config(raw)
    head = HeadConfig(kind=kind, labels=read.head.labels if read.head else ())
    network = Network(read.encoder, head)
    assigned = assign(network, saved_tensors(model))
    assert assigned.newly_initialised == () and assigned.left_out == ()
    return network


def saved_tensors(model: torch.nn.Module) -> dict[str, Tensor]:
    """What save_pretrained would write: the state without the second names of tied tensors."""
    tied = getattr(model, "all_tied_weights_keys", {}) or {}
    return {name: tensor for name, tensor in model.state_dict().items() if name not in tied}


def sequences(config: EncoderConfig, *, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Token ids, segment ids and lengths of a ragged batch, without padding ids among the tokens."""
    rng = np.random.default_rng(seed)
    lengths = np.array(LENGTHS, dtype=np.int64)
    ids = rng.integers(2, config.vocab_size, lengths.sum())
    types = rng.integers(0, max(config.type_vocab_size, 1), lengths.sum())
    return ids, types, lengths


def packed(config: EncoderConfig) -> Packed:
    ids, types, lengths = sequences(config)
    return Packed.of(ids, types, lengths, position_offset=config.position_offset)


def padded(config: EncoderConfig) -> Mapping[str, Tensor]:
    """The same sequences as a padded batch for the reference."""
    ids, types, lengths = sequences(config)
    shape = (len(lengths), int(lengths.max()))
    mask = np.arange(shape[1]) < lengths[:, None]
    input_ids, type_ids = np.full(shape, config.pad_token_id), np.zeros(shape, dtype=np.int64)
    input_ids[mask], type_ids[mask] = ids, types
    batch = {"input_ids": input_ids, "attention_mask": mask.astype(np.int64)}
    if config.type_vocab_size:
        batch["token_type_ids"] = type_ids
    return {name: torch.from_numpy(value) for name, value in batch.items()}


def real(config: EncoderConfig, value: Tensor) -> Tensor:
    """[B, S, ...] of the reference -> [T, ...]: the real tokens only."""
    return value[padded(config)["attention_mask"].bool()]
