"""config.json of Hugging Face, read into our configuration and written from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, get_args

from glassbert.errors import DataError, Problem
from glassbert.model.config import EncoderConfig, Family, HeadConfig
from glassbert.model.names import architecture, head_kind

# DistilBERT has its own words for the same things
DISTILBERT_WORDS = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "hidden_dim": "intermediate_size",
    "activation": "hidden_act",
    "dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
    "seq_classif_dropout": "classifier_dropout",
}
HEAD_KEYS = ("architectures", "id2label", "label2id", "num_labels", "problem_type")
# written by one release or another; nothing that this encoder computes depends on them
HARMLESS = {
    "_name_or_path", "add_cross_attention", "bos_token_id", "chunk_size_feed_forward", "cls_token_id",
    "cross_attention_hidden_size", "decoder_start_token_id", "directionality", "dtype", "eos_token_id",
    "finetuning_task", "function_to_apply", "glassbert_version", "gradient_checkpointing", "is_decoder",
    "is_encoder_decoder", "mask_token_id", "model_type", "output_attentions", "output_hidden_states",
    "output_past", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
    "pooler_size_per_head", "pooler_type", "problem_type", "pruned_heads", "qa_dropout", "return_dict",
    "sep_token_id", "sinusoidal_pos_embds", "tie_encoder_decoder", "torch_dtype", "torchscript",
    "transformers_version", "unk_token_id", "use_bfloat16", "use_cache",
}  # fmt: skip
# would make another tool run code or fetch something: never acted upon here, and said aloud
REFUSED_POWERS = (
    "auto_map",
    "trust_remote_code",
    "_attn_implementation",
    "_attn_implementation_internal",
    "custom_pipelines",
)
ROBERTA_LIKE = ("roberta", "xlm-roberta")


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
    fields = _encoder_fields(raw, family)
    try:
        encoder = EncoderConfig(**fields)
        head = _head(raw, file)
    except DataError as error:
        raise DataError(
            *(replace(problem, file=problem.file or file) for problem in error.problems)
        ) from None
    return ReadConfig(encoder, head, tuple(_warnings(raw, fields)))


def write_config(encoder: EncoderConfig, head: HeadConfig) -> dict[str, Any]:
    """The config.json that transformers 4 and 5 read; a network they cannot express gets a model_type they
    refuse.
    """
    names = {name: getattr(encoder, name) for name in EncoderConfig.__dataclass_fields__}
    attention = names.pop("attention_type")
    if encoder.model_type == "distilbert":
        back = {ours: theirs for theirs, ours in DISTILBERT_WORDS.items()}
        names = {back.get(name, name): value for name, value in names.items()}
        names["seq_classif_dropout"] = (
            0.2 if encoder.classifier_dropout is None else encoder.classifier_dropout
        )
        names["sinusoidal_pos_embds"] = encoder.position_embedding_type == "sinusoidal"
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
    if head.labels:
        config["id2label"] = {str(i): label for i, label in enumerate(head.labels)}
        config["label2id"] = {label: i for i, label in enumerate(head.labels)}
    if head.problem_type:
        config["problem_type"] = head.problem_type
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


def _encoder_fields(raw: Mapping[str, Any], family: str) -> dict[str, Any]:
    known = set(EncoderConfig.__dataclass_fields__)
    words = DISTILBERT_WORDS if family == "distilbert" else {}
    fields = {words.get(name, name): value for name, value in raw.items() if words.get(name, name) in known}
    fields["model_type"] = family
    if fields.get("position_embedding_type") is None:
        fields.pop("position_embedding_type", None)
    if family == "distilbert":
        sinusoidal = raw.get("sinusoidal_pos_embds")
        fields["position_embedding_type"] = "sinusoidal" if sinusoidal else "absolute"
        fields |= {"type_vocab_size": 0, "layer_norm_eps": 1e-12}
    if family in ROBERTA_LIKE:
        for name, value in {
            "pad_token_id": 1,
            "type_vocab_size": 1,
            "layer_norm_eps": 1e-5,
            "vocab_size": 50265,
        }.items():
            fields.setdefault(name, value)
    return fields


def _head(raw: Mapping[str, Any], file: str) -> HeadConfig | None:
    names = raw.get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad(file, "bad-architectures", f"architectures is {names!r}", "give a list of class names")
    kinds = [kind for kind in map(head_kind, names) if kind]
    kind: Any = kinds[0] if kinds else raw.get("glassbert_head")
    if kind is None:
        return None
    classes = kind in ("sequence-classification", "token-classification")
    labels = _labels(raw, file) if classes else ()
    return HeadConfig(kind=kind, labels=labels, problem_type=raw.get("problem_type") if classes else None)


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


def _warnings(raw: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    warnings = [
        f"{name} in config.json is ignored: no code or setting from a model directory runs"
        for name in REFUSED_POWERS
        if name in raw
    ]
    origin = raw.get("_name_or_path")
    if isinstance(origin, str) and "://" in origin:
        warnings.append(f"_name_or_path {origin!r} is ignored: nothing is fetched")
    words = (
        set(EncoderConfig.__dataclass_fields__)
        | set(DISTILBERT_WORDS)
        | set(HEAD_KEYS)
        | HARMLESS
        | {"glassbert_head"}
    )
    for name in sorted(set(raw) - words - set(REFUSED_POWERS)):
        close = get_close_matches(name, words, n=1, cutoff=0.8)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        warnings.append(f"unknown key {name!r} in config.json is ignored{hint}")
    return warnings


def _bad(file: str, code: str, what: str, fix: str) -> DataError:
    return DataError(Problem(code=code, what=what, fix=fix, file=file))
