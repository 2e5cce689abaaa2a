"""The words of config.json: what transformers takes for an absent one, and what is said about the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from glassbert.model.config import EncoderConfig
from glassbert.model.names import class_family, head_kind

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
# and ModernBERT has
MODERNBERT_WORDS = {
    "hidden_activation": "hidden_act",
    "norm_eps": "layer_norm_eps",
    "mlp_dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
}
WORDS_OF = {"distilbert": DISTILBERT_WORDS, "modernbert": MODERNBERT_WORDS}
CRF, LSTM = "glassbert_crf", "glassbert_lstm_size"
HEAD_KEYS = (
    CRF, LSTM, "architectures", "glassbert_head", "id2label", "label2id", "num_labels", "problem_type",
)  # fmt: skip
# written by one release or another: nothing that this encoder computes depends on them
HARMLESS = {
    "_name_or_path", "add_cross_attention", "bos_token_id", "chunk_size_feed_forward", "cls_token_id",
    "cross_attention_hidden_size", "decoder_start_token_id", "directionality", "dtype", "eos_token_id",
    "finetuning_task", "function_to_apply", "glassbert_version", "gradient_checkpointing", "is_decoder",
    "is_encoder_decoder", "mask_token_id", "model_type", "output_attentions", "output_hidden_states",
    "output_past", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
    "pooler_size_per_head", "pooler_type", "problem_type", "pruned_heads", "qa_dropout", "return_dict",
    "sep_token_id", "sinusoidal_pos_embds", "tie_encoder_decoder", "torch_dtype", "torchscript",
    "sentence_transformers", "task_specific_params", "tf_legacy_loss", "tie_weights_", "tokenizer_class",
    "transformers_version", "unk_token_id", "use_bfloat16", "use_cache", "xla_device", "_num_labels",
    # of generation, which transformers 2 to 4 wrote for encoders too
    "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping",
    "encoder_no_repeat_ngram_size", "eos_token_ids", "exponential_decay_length_penalty",
    "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "min_length",
    "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_scores",
    "prefix", "remove_invalid_values", "repetition_penalty", "return_dict_in_generate", "suppress_tokens",
    "temperature", "top_k", "top_p", "typical_p",
}  # fmt: skip
# of ModernBERT: read by `hf_modern`, or without effect on what is computed
READ_OF_MODERNBERT = {
    "attention_bias", "classifier_activation", "classifier_bias", "classifier_pooling", "decoder_bias",
    "deterministic_flash_attn", "embedding_dropout", "global_attn_every_n_layers", "global_rope_theta",
    "initializer_cutoff_factor", "layer_types", "local_attention", "local_rope_theta", "mlp_bias",
    "norm_bias", "reference_compile", "repad_logits_with_grad", "rope_parameters", "sparse_pred_ignore_index",
    "sparse_prediction",
}  # fmt: skip
# would make another tool run code or fetch something: never acted upon here, and said aloud
REFUSED_POWERS = (
    "auto_map",
    "trust_remote_code",
    "_attn_implementation",
    "_attn_implementation_internal",
    "custom_pipelines",
)
# what the configuration classes of transformers 5.23 take for an absent word, where it is not BERT's value
_ROBERTA = {"pad_token_id": 1}
DEFAULTS: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {"vocab_size": 50265, **_ROBERTA},
    "xlm-roberta": _ROBERTA,
    "distilbert": {"num_hidden_layers": 6, "classifier_dropout": 0.2},
    "modernbert": {
        "vocab_size": 50368,
        "intermediate_size": 1152,
        "num_hidden_layers": 22,
        "max_position_embeddings": 8192,
        "pad_token_id": 50283,
        "layer_norm_eps": 1e-5,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "classifier_dropout": 0.0,
    },
}


def words_warnings(raw: Mapping[str, Any], family: str) -> Iterator[str]:
    """One sentence for each word that is not acted upon although somebody may have meant something by it."""
    for name in REFUSED_POWERS:
        if name in raw:
            yield f"{name} in config.json is ignored: no code or setting from a model directory runs"
    origin = raw.get("_name_or_path")
    if isinstance(origin, str) and "://" in origin:
        yield f"_name_or_path {origin!r} is ignored: nothing is fetched"
    yield from _unknown_words(raw, family)
    yield from _class_warnings(raw.get("architectures") or [], family)
    count, names = raw.get("num_labels"), raw.get("id2label")
    if count is not None and isinstance(names, dict) and len(names) != count:
        yield f"num_labels {count} in config.json is ignored: id2label names {len(names)}"


def _unknown_words(raw: Mapping[str, Any], family: str) -> Iterator[str]:
    words = {*EncoderConfig.__dataclass_fields__, *HEAD_KEYS}
    words |= set(WORDS_OF.get(family, ()))
    words |= READ_OF_MODERNBERT if family == "modernbert" else set()
    for name in sorted(set(raw) - words - HARMLESS - set(REFUSED_POWERS)):
        close = get_close_matches(name, words, n=1, cutoff=0.8)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        yield f"unknown key {name!r} in config.json is ignored{hint}"


def _class_warnings(names: list[str], family: str) -> Iterator[str]:
    for name in names:
        if head_kind(name) is None:
            yield f"the head of {name!r} in config.json is not one of ours: the encoder is used without it"
        elif class_family(name) != family:
            yield f"{name!r} in config.json is not of the family {family}, which model_type names and is used"
