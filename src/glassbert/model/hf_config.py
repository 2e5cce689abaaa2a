"""config.json of Hugging Face, read into our configuration and written from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig, Family, HeadConfig
from glassbert.model.hf_modern import FIXED, is_modernbert, modern_fields, modern_words
from glassbert.model.hf_words import (
    CRF,
    DEFAULTS,
    DISTILBERT_WORDS,
    LSTM,
    MODERNBERT_WORDS,
    WORDS_OF,
    words_warnings,
)
from glassbert.model.names import architecture, head_kind

CLASSES = ("sequence-classification", "token-classification")
MODERN = ("norm_placement", "feed_forward_type", "use_bias", "rope_theta")
"""Fields that no family but ModernBERT has a word for."""


@dataclass(frozen=True)
class ReadConfig:
    """What config.json says: the encoder, the head its architecture names (None if it names none), and
    warnings.
    """

    encoder: EncoderConfig
    head: HeadConfig | None
    warnings: tuple[str, ...]


def read_config(raw: Mapping[str, Any], *, file: str = "config.json") -> ReadConfig:
    """Translate the parsed config.json; raises DataError for a family, size, choice or label map that is not
    sound.
    """
    family = _family(raw, file)
    _refuse_other_uses(raw, file)
    fields = _encoder_fields(raw, family, file)
    if raw["model_type"] == "modernbert":
        activation, depth = fields.get("hidden_act", "gelu"), fields["num_hidden_layers"]
        fields |= modern_fields(raw, depth=depth, activation=activation, file=file)
    try:
        encoder = EncoderConfig(**fields)
        head = _head(raw, file)
    except DataError as error:
        raise DataError(
            *(replace(problem, file=problem.file or file) for problem in error.problems)
        ) from None
    return ReadConfig(encoder, head, tuple(words_warnings(raw, family)))


def write_config(encoder: EncoderConfig, head: HeadConfig) -> dict[str, Any]:
    """The config.json that transformers 4 and 5 read; a network they cannot express gets a model_type they
    refuse.

    Sinusoidal positions are written as an absolute table (transformers 4 adds none at all for a name it does
    not know) with DistilBERT's own mark beside it. DistilBERT has no "none" for the classifier's dropout: its
    default is written.
    """
    names = {name: getattr(encoder, name) for name in EncoderConfig.__dataclass_fields__}
    if encoder.model_type == "modernbert":
        return _modern_config(encoder, head, names)
    for name in MODERN:
        names.pop(name)
    attention, positions = names.pop("attention_type"), names.pop("position_embedding_type")
    if encoder.model_type == "distilbert" or positions == "sinusoidal":
        names["sinusoidal_pos_embds"] = positions == "sinusoidal"
    if encoder.model_type != "distilbert":
        names["position_embedding_type"] = "absolute"
    if encoder.model_type == "distilbert":
        back = {ours: theirs for theirs, ours in DISTILBERT_WORDS.items()}
        names = {back.get(name, name): value for name, value in names.items()}
        if names["seq_classif_dropout"] is None:
            names["seq_classif_dropout"] = DEFAULTS["distilbert"]["classifier_dropout"]
        for name in ("type_vocab_size", "layer_norm_eps"):
            names.pop(name)
    config = {"architectures": [architecture(encoder, head)], **names}
    if attention != "scaled_dot_product":
        config |= {
            "model_type": f"glassbert-{encoder.model_type}",
            "attention_type": attention,
            "architectures": [],
        }
        config["glassbert_head"] = head.kind
    return config | _head_words(head)


def _modern_config(encoder: EncoderConfig, head: HeadConfig, names: dict[str, Any]) -> dict[str, Any]:
    """ModernBERT's words where its class computes the same; else our own, under a name it does not know."""
    if not is_modernbert(encoder):
        own = {"model_type": "glassbert-modernbert", "architectures": [], "glassbert_head": head.kind}
        return names | own | _head_words(head)
    for name in (*FIXED, "use_bias", "rope_theta"):
        names.pop(name)
    back = {ours: theirs for theirs, ours in MODERNBERT_WORDS.items()}
    named = {back.get(name, name): value for name, value in names.items()}
    named["classifier_dropout"] = named["classifier_dropout"] or 0.0
    architectures = {"architectures": [architecture(encoder, head)]}
    return architectures | named | modern_words(encoder) | _head_words(head)


def _head_words(head: HeadConfig) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if head.labels:
        config["id2label"] = {str(i): label for i, label in enumerate(head.labels)}
        config["label2id"] = {label: i for i, label in enumerate(head.labels)}
    if head.problem_type:
        config["problem_type"] = head.problem_type
    config |= {CRF: True} if head.crf else {}
    config |= {LSTM: head.lstm_size} if head.lstm_size else {}
    return config


def _family(raw: Mapping[str, Any], file: str) -> str:
    name = raw.get("model_type")
    name = name.removeprefix("glassbert-") if isinstance(name, str) else name
    if name not in get_args(Family):
        what = "model_type is missing" if name is None else f"model_type is {name!r}"
        raise _bad(file, "unknown-model-type", what, "supported: " + ", ".join(get_args(Family)))
    return str(name)


def _refuse_other_uses(raw: Mapping[str, Any], file: str) -> None:
    if raw.get("is_decoder") or raw.get("add_cross_attention"):
        raise _bad(
            file,
            "not-an-encoder",
            "the model is a decoder (is_decoder or add_cross_attention)",
            "use an encoder",
        )
    if raw.get("pruned_heads"):
        raise _bad(file, "pruned-heads", "pruned_heads is not empty", "save the model with its heads merged")


def _encoder_fields(raw: Mapping[str, Any], family: str, file: str) -> dict[str, Any]:
    known = set(EncoderConfig.__dataclass_fields__)
    words = WORDS_OF.get(family, {})
    given: dict[str, tuple[str, Any]] = {}
    for word, value in raw.items():
        name = words.get(word, word)
        if name in given and given[name][1] != value:
            other, earlier = given[name]
            what = f"{other} is {earlier!r} and {word} is {value!r}, which mean the same"
            raise _bad(file, "contradiction", what, "keep one of the two")
        given[name] = (word, value)
    fields = DEFAULTS[family] | {name: value for name, (_, value) in given.items() if name in known}
    fields["model_type"] = family
    if fields.get("position_embedding_type") is None or family == "distilbert":
        fields.pop("position_embedding_type", None)
    if raw.get("sinusoidal_pos_embds"):
        fields["position_embedding_type"] = "sinusoidal"
    if family == "distilbert":
        fields |= {"type_vocab_size": 0, "layer_norm_eps": 1e-12}
    return fields


def _head(raw: Mapping[str, Any], file: str) -> HeadConfig | None:
    names = raw.get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad(file, "bad-architectures", f"architectures is {names!r}", "give a list of class names")
    kinds = [kind for kind in map(head_kind, names) if kind]
    kind: Any = kinds[0] if kinds else raw.get("glassbert_head")
    if kind is None:
        return None
    if kind not in CLASSES:
        return HeadConfig(kind=kind)
    tags = {}
    if kind == "token-classification":
        tags = {"crf": raw.get(CRF, False), "lstm_size": raw.get(LSTM, 0)}
    return HeadConfig(kind=kind, labels=_labels(raw, file), problem_type=raw.get("problem_type"), **tags)


def _labels(raw: Mapping[str, Any], file: str) -> tuple[str, ...]:
    names = raw.get("id2label")
    if names is None:
        count = raw.get("num_labels", 2)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1_000_000:
            raise _bad(
                file, "bad-labels", f"num_labels is {count!r}", "give a whole number from 1 to 1000000"
            )
        return tuple(f"LABEL_{i}" for i in range(count))
    if not isinstance(names, dict) or sorted(names, key=str) != sorted(map(str, range(len(names))), key=str):
        raise _bad(
            file,
            "bad-labels",
            "the keys of id2label are not 0 ... n-1",
            'write {"0": "first", "1": "second"}',
        )
    labels = tuple(names[str(i)] for i in range(len(names)))
    if not all(isinstance(label, str) for label in labels):
        raise _bad(file, "bad-labels", "a name in id2label is not a string", "quote every label")
    back = raw.get("label2id")
    if back is not None and back != {label: i for i, label in enumerate(labels)}:
        raise _bad(file, "bad-labels", "label2id is not the inverse of id2label", "correct one of the two")
    return labels


def _bad(file: str, code: str, what: str, fix: str) -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=file))
