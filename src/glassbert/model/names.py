"""One table between our names of weights and Hugging Face's, for every family and head, and back.

A row is (our name, their names): several of theirs are joined along the first axis into one of ours (the
fused query-key-value projection). "{i}" stands for the number of the block.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.hf_modern import is_modernbert

PREFIX = {
    "bert": "bert.",
    "roberta": "roberta.",
    "xlm-roberta": "roberta.",
    "distilbert": "distilbert.",
    "modernbert": "model.",
}

_BERT_EMBEDDINGS = {
    "embeddings.word": "embeddings.word_embeddings",
    "embeddings.position": "embeddings.position_embeddings",
    "embeddings.segment": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
}
_BERT_BLOCK: dict[str, tuple[str, ...]] = {
    "attention.qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention.output": ("attention.output.dense",),
    "attention_norm": ("attention.output.LayerNorm",),
    "feed_forward.up": ("intermediate.dense",),
    "feed_forward.down": ("output.dense",),
    "feed_forward_norm": ("output.LayerNorm",),
}
_DISTILBERT_BLOCK: dict[str, tuple[str, ...]] = {
    "attention.qkv": ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
    "attention.output": ("attention.out_lin",),
    "attention_norm": ("sa_layer_norm",),
    "feed_forward.up": ("ffn.lin1",),
    "feed_forward.down": ("ffn.lin2",),
    "feed_forward_norm": ("output_layer_norm",),
}
_MODERNBERT_BLOCK: dict[str, tuple[str, ...]] = {
    "attention.qkv": ("attn.Wqkv",),
    "attention.output": ("attn.Wo",),
    "attention_norm": ("attn_norm",),
    "feed_forward.up": ("mlp.Wi",),
    "feed_forward.down": ("mlp.Wo",),
    "feed_forward_norm": ("mlp_norm",),
}
_APART = ("attn.Wqkv", "attn.Wk", "attn.Wv")
_BLOCKS: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "distilbert": (_DISTILBERT_BLOCK, "transformer.layer"),
    "modernbert": (_MODERNBERT_BLOCK, "layers"),
}
# ModernBERT's own names of embeddings; what it lacks keeps BERT's
_MODERNBERT_EMBEDDINGS = {
    "embeddings.word": "embeddings.tok_embeddings",
    "embeddings.norm": "embeddings.norm",
}
_POOLER = {"dense": "pooler.dense"}
_BERT_MASKED = {
    "dense": "cls.predictions.transform.dense",
    "norm": "cls.predictions.transform.LayerNorm",
    "decoder": "cls.predictions.decoder",
}
_BERT_NEXT = {"dense": "bert.pooler.dense", "output": "cls.seq_relationship"}
_TRANSFORM = {"transform.dense": "head.dense", "transform.norm": "head.norm"}
_HEADS: dict[tuple[str, str], dict[str, str]] = {
    ("bert", "pooling"): _POOLER,
    ("roberta", "pooling"): _POOLER,
    ("bert", "sequence-classification"): {"dense": "bert.pooler.dense", "output": "classifier"},
    ("roberta", "sequence-classification"): {"dense": "classifier.dense", "output": "classifier.out_proj"},
    ("distilbert", "sequence-classification"): {"dense": "pre_classifier", "output": "classifier"},
    ("bert", "token-classification"): {"output": "classifier"},
    ("roberta", "token-classification"): {"output": "classifier"},
    ("distilbert", "token-classification"): {"output": "classifier"},
    ("bert", "span"): {"output": "qa_outputs"},
    ("roberta", "span"): {"output": "qa_outputs"},
    ("distilbert", "span"): {"output": "qa_outputs"},
    ("bert", "masked-lm"): _BERT_MASKED,
    ("roberta", "masked-lm"): {
        "dense": "lm_head.dense",
        "norm": "lm_head.layer_norm",
        "decoder": "lm_head.decoder",
    },
    ("distilbert", "masked-lm"): {
        "dense": "vocab_transform",
        "norm": "vocab_layer_norm",
        "decoder": "vocab_projector",
    },
    ("modernbert", "sequence-classification"): {**_TRANSFORM, "output": "classifier"},
    ("modernbert", "token-classification"): {**_TRANSFORM, "output": "classifier"},
    ("modernbert", "span"): {**_TRANSFORM, "output": "classifier"},
    ("modernbert", "masked-lm"): {"dense": "head.dense", "norm": "head.norm", "decoder": "decoder"},
    ("bert", "next-sentence"): _BERT_NEXT,
    ("bert", "pretraining"): {
        **{f"masked.{ours}": theirs for ours, theirs in _BERT_MASKED.items()},
        **{f"next_sentence.{ours}": theirs for ours, theirs in _BERT_NEXT.items()},
    },
}

_CHAIN = {"steps": "crf.transitions", "first": "crf.start_transitions", "last": "crf.end_transitions"}
_LSTM = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
TAG_STEMS = ("crf.", "lstm.")

# the class name that transformers gives to a family and head
_CLASS_FAMILY = {
    "bert": "Bert",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
    "distilbert": "DistilBert",
    "modernbert": "ModernBert",
}
_CLASS_SUFFIX = {
    "none": "Model",
    "sentence": "Model",
    "pooling": "Model",
    "sequence-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "span": "ForQuestionAnswering",
    "masked-lm": "ForMaskedLM",
    "next-sentence": "ForNextSentencePrediction",
    "pretraining": "ForPreTraining",
}

# tensors that some releases wrote and that carry nothing: buffers, and the tied bias under its second name
IGNORED = ("position_ids", "token_type_ids")


@dataclass(frozen=True)
class Name:
    """One of our parameters and the tensors of a Hugging Face file that make it up."""

    ours: str
    theirs: tuple[str, ...]


def architecture(config: EncoderConfig, head: HeadConfig) -> str:
    """The class that transformers would use, e.g. BertForSequenceClassification."""
    return _CLASS_FAMILY[config.model_type] + _CLASS_SUFFIX[head.kind]


def class_family(architecture_name: str) -> str | None:
    """The family behind a transformers class name; None when it is not one of ours."""
    found = [family for family, start in _CLASS_FAMILY.items() if architecture_name.startswith(start)]
    return found[0] if found else None


def head_kind(architecture_name: str) -> str | None:
    """The kind of head behind a transformers class name; None when it is not one of ours."""
    family = class_family(architecture_name)
    if family is None:
        return None
    suffix = architecture_name.removeprefix(_CLASS_FAMILY[family])
    kinds = [kind for kind, known in _CLASS_SUFFIX.items() if known == suffix]
    return kinds[-1] if kinds else None


def encoder_names(config: EncoderConfig) -> list[Name]:
    """The encoder's rows, without the family's prefix on their side.

    The projection of additive attention is one tensor [3H, H] under the query's name: a class of transformers
    that is named outright, whatever config.json says, refuses the shape instead of computing something else.
    For the same reason a variant that ModernBERT's class does not compute keeps its projection in three.
    """
    rows = [Name(f"encoder.{name.ours}", name.theirs) for name in _embedding_names(config)]
    block, stem = _BLOCKS.get(config.model_type, (_BERT_BLOCK, "encoder.layer"))
    if config.model_type == "modernbert" and not is_modernbert(config):
        block = block | {"attention.qkv": _APART}
    elif config.attention_type == "additive":
        block = block | {"attention.qkv": block["attention.qkv"][:1]}
    last = config.num_hidden_layers - 1
    for i in range(config.num_hidden_layers):
        for ours, theirs in block.items():
            if config.norm_placement == "pre" and i == 0 and ours == "attention_norm":
                continue
            for part in _parts(config):
                sources = tuple(f"{stem}.{i}.{name}.{part}" for name in theirs)
                rows.append(Name(f"encoder.blocks.{i}.{ours}.{part}", sources))
        if config.attention_type == "additive":
            rows.append(Name(f"encoder.blocks.{i}.attention.score", (f"{stem}.{i}.attention.score",)))
    if config.norm_placement == "pre":
        rows += [
            Name(f"encoder.blocks.{last}.output_norm.{part}", (f"final_norm.{part}",))
            for part in _parts(config)
        ]
    return rows


def head_names(config: EncoderConfig, kind: str) -> list[Name] | None:
    """The head's rows, with full names on their side; None when the family has no such head."""
    if kind in ("none", "sentence"):
        return []
    family = "roberta" if config.model_type == "xlm-roberta" else config.model_type
    table = _HEADS.get((family, kind))
    if table is None:
        return None
    logits = ("output", "decoder")
    return [
        Name(f"head.{ours}.{part}", (f"{theirs}.{part}",))
        for ours, theirs in table.items()
        for part in (("weight", "bias") if ours.endswith(logits) else _parts(config))
    ]


def _parts(config: EncoderConfig) -> tuple[str, ...]:
    """What a linear layer or a norm has."""
    return ("weight", "bias") if config.use_bias else ("weight",)


def tag_names(head: HeadConfig) -> list[Name]:
    """The rows of a chain of tags and of an LSTM, which no class of transformers reads.

    A chain's names are those of the package pytorch-crf, an LSTM's are torch's own.
    """
    rows = [Name(f"head.crf.{ours}", (theirs,)) for ours, theirs in _CHAIN.items()] if head.crf else []
    if head.lstm_size:
        parts = [f"{kind}_l0{side}" for kind in _LSTM for side in ("", "_reverse")]
        rows += [Name(f"head.lstm.{part}", (f"lstm.{part}",)) for part in parts]
    return rows


def foreign_head_stems(config: EncoderConfig) -> tuple[str, ...]:
    """First parts of the names of every head that a checkpoint of this family may carry and another head
    leaves out.
    """
    return (
        "cls.",
        "lm_head.",
        "classifier.",
        "pre_classifier.",
        "qa_outputs.",
        "vocab_",
        *(("head.", "decoder.") if config.model_type == "modernbert" else ()),
        *TAG_STEMS,
        "pooler.",
        f"{PREFIX[config.model_type]}pooler.",
    )


def _embedding_names(config: EncoderConfig) -> list[Name]:
    rows = []
    own = _MODERNBERT_EMBEDDINGS if config.model_type == "modernbert" else {}
    for ours, theirs in _BERT_EMBEDDINGS.items():
        if ours == "embeddings.segment" and not config.type_vocab_size:
            continue
        if ours == "embeddings.position" and config.position_embedding_type != "absolute":
            continue
        name = own.get(ours, theirs)
        parts = _parts(config) if ours.endswith("norm") else ("weight",)
        rows += [Name(f"{ours}.{part}", (f"{name}.{part}",)) for part in parts]
    return rows
