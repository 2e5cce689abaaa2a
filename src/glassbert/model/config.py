"""What a network is, as two frozen values: the encoder's sizes and choices, and the head on top of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from glassbert.errors import DataError, Problem

Family = Literal["bert", "roberta", "xlm-roberta", "distilbert", "modernbert"]
HeadKind = Literal[
    "none",
    "pooling",
    "sentence",
    "sequence-classification",
    "token-classification",
    "span",
    "masked-lm",
    "next-sentence",
    "pretraining",
]
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "tanh")
POSITIONS = ("absolute", "sinusoidal", "rotary")
ATTENTIONS = ("scaled_dot_product", "additive")
NORMS = ("post", "pre")
FEED_FORWARDS = ("plain", "gated")
CLASSIC = {"norm_placement": "post", "feed_forward_type": "plain", "use_bias": True}
"""What every family but modernbert is; that one may be anything."""
SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
)
PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")
POOLINGS = ("mean", "cls", "max")
BARE = ("none", "pooling", "sentence")
"""Heads of a checkpoint that transformers calls a model and no more: BertModel."""
CLASSIFIERS = ("sequence-classification", "token-classification")
MAX_LABELS = 1_000_000
MAX_LSTM = 65_536


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Sizes and choices of an encoder; defaults are BERT-base of Devlin et al. 2019, spelling is Hugging
    Face's.

    The dropout rates are what the checkpoint was trained with; training passes its own through `Noise`.
    norm_placement "pre": x + f(LN(x)), and LN once more at the end (Xiong et al. 2020, arXiv 2002.04745);
    feed_forward_type "gated": W2 (act(U x) * V x) (Shazeer 2020, arXiv 2002.05202); positions "rotary" turn
    queries and keys by angles of base `rope_theta` (Su et al. 2021, arXiv 2104.09864). Without `use_bias` no
    layer and norm has one, but for what gives logits.
    """

    model_type: str = "bert"
    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    classifier_dropout: float | None = None
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    initializer_range: float = 0.02
    pad_token_id: int = 0
    position_embedding_type: str = "absolute"
    attention_type: str = "scaled_dot_product"
    tie_word_embeddings: bool = True
    norm_placement: str = "post"
    feed_forward_type: str = "plain"
    use_bias: bool = True
    rope_theta: float = 10000.0

    def __post_init__(self) -> None:
        problems = [*self._size_problems(), *self._choice_problems(), *self._rate_problems()]
        if problems:
            raise DataError(*problems)

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @property
    def position_offset(self) -> int:
        """RoBERTa counts positions from pad_token_id + 1; the others from 0."""
        return self.pad_token_id + 1 if self.model_type in ("roberta", "xlm-roberta") else 0

    @property
    def max_length(self) -> int:
        """The longest sequence, special tokens included, that has a position embedding."""
        return self.max_position_embeddings - self.position_offset

    @property
    def num_parameters(self) -> int:
        """Parameters of the encoder alone (no pooler, no head), in closed form."""
        h, f, bias = self.hidden_size, self.intermediate_size, int(self.use_bias)
        norm = h * (1 + bias)
        positions = self.max_position_embeddings if self.position_embedding_type == "absolute" else 0
        tables = (self.vocab_size + positions + self.type_vocab_size) * h + norm
        inner = 2 * f if self.feed_forward_type == "gated" else f
        block = 4 * h * (h + bias) + inner * (h + bias) + h * (f + bias) + 2 * norm
        block += h if self.attention_type == "additive" else 0
        # with norms before, the first block lacks one of its two, and the last block has a third
        return tables + self.num_hidden_layers * block

    def _size_problems(self) -> list[Problem]:
        problems = [_positive(name, getattr(self, name)) for name in SIZES]
        for name in ("type_vocab_size", "pad_token_id"):
            value = getattr(self, name)
            if not _is_int(value) or not 0 <= value < 2**31:
                problems.append(
                    _bad("bad-size", f"{name} is {value!r}", "give a whole number from 0 to 2147483647")
                )
        found = [problem for problem in problems if problem]
        if not found and self.hidden_size % self.num_attention_heads:
            what = f"hidden_size {self.hidden_size} is not divisible by num_attention_heads"
            found.append(_bad("bad-head-size", f"{what} {self.num_attention_heads}", "change one of the two"))
        if not found and self.position_embedding_type == "rotary" and self.head_size % 2:
            what = f"heads of {self.head_size}, and rotary positions turn pairs"
            found.append(_bad("bad-head-size", what, "choose heads of an even size"))
        if not found and self.pad_token_id >= self.vocab_size:
            what = f"pad_token_id {self.pad_token_id} is not below vocab_size {self.vocab_size}"
            found.append(_bad("bad-size", what, "correct pad_token_id"))
        if not found and self.max_length < 1:
            what = f"max_position_embeddings {self.max_position_embeddings} leaves no position"
            found.append(_bad("bad-size", what, f"RoBERTa's start at {self.position_offset}: give more"))
        return found

    def _choice_problems(self) -> list[Problem]:
        choices = {
            "model_type": get_args(Family),
            "hidden_act": ACTIVATIONS,
            "position_embedding_type": POSITIONS,
            "attention_type": ATTENTIONS,
            "norm_placement": NORMS,
            "feed_forward_type": FEED_FORWARDS,
        }
        unknown = [
            _bad(
                f"unknown-{name.replace('_', '-')}",
                f"{name} is {getattr(self, name)!r}",
                "supported: " + ", ".join(known),
            )
            for name, known in choices.items()
            if getattr(self, name) not in known
        ]
        return unknown or self._misfits()

    def _misfits(self) -> list[Problem]:
        """Choices that do not go together."""
        rotary = self.position_embedding_type == "rotary"
        if rotary and self.attention_type == "additive":
            what = "rotary positions act on dot products, and attention_type is 'additive'"
            return [_bad("unlike-choices", what, "choose other positions, or scaled_dot_product")]
        modern = [name for name, value in CLASSIC.items() if getattr(self, name) != value]
        modern += ["position_embedding_type"] if rotary else []
        if self.model_type == "modernbert" or not modern:
            return []
        what = f"{modern[0]} is {getattr(self, modern[0])!r} in a {self.model_type} encoder"
        return [_bad("unlike-choices", what, "set model_type to modernbert")]

    def _rate_problems(self) -> list[Problem]:
        problems = []
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"):
            rate = getattr(self, name)
            if rate is None and name == "classifier_dropout":
                continue
            if not _is_number(rate) or not 0 <= rate < 1:
                problems.append(_bad("bad-rate", f"{name} is {rate!r}", "give a number in [0, 1)"))
        for name in ("layer_norm_eps", "initializer_range"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value < 1:
                problems.append(_bad("bad-rate", f"{name} is {value!r}", "give a number in (0, 1)"))
        if not _is_number(self.rope_theta) or not 1 < self.rope_theta < math.inf:
            problems.append(_bad("bad-rate", f"rope_theta is {self.rope_theta!r}", "give a number above 1"))
        for name in ("tie_word_embeddings", "use_bias"):
            if not isinstance(getattr(self, name), bool):
                what = f"{name} is {getattr(self, name)!r}"
                problems.append(_bad("bad-flag", what, "give true or false"))
        return problems


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """The head: its kind and, where it predicts classes, their names in the order of the logits; of a
    sentence's vector, how tokens become one ("mean", "cls" or "max"); of tags, whether they are a chain
    (`crf`), and how many units an LSTM before them has in each direction (0: there is none).
    """

    kind: HeadKind = "none"
    labels: tuple[str, ...] = ()
    problem_type: str | None = None
    pooling: str = "mean"
    crf: bool = False
    lstm_size: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(HeadKind):
            fix = "supported: " + ", ".join(get_args(HeadKind))
            raise DataError(_bad("unknown-head", f"head kind is {self.kind!r}", fix))
        if self.problem_type is not None and self.problem_type not in PROBLEM_TYPES:
            fix = "supported: " + ", ".join(PROBLEM_TYPES)
            raise DataError(_bad("unknown-problem-type", f"problem_type is {self.problem_type!r}", fix))
        if self.pooling not in POOLINGS:
            fix = "supported: " + ", ".join(POOLINGS)
            raise DataError(_bad("unknown-pooling", f"pooling is {self.pooling!r}", fix))
        if fault := self._tag_fault():
            raise DataError(_bad("bad-tag-head", *fault))
        if fault := self._label_fault():
            raise DataError(_bad("bad-labels", *fault))

    def _tag_fault(self) -> tuple[str, str] | None:
        """What is wrong with the chain or the LSTM and how to mend it."""
        if not isinstance(self.crf, bool):
            return f"crf is {self.crf!r}", "give true or false"
        if not _is_int(self.lstm_size) or not 0 <= self.lstm_size <= MAX_LSTM:
            return f"lstm_size is {self.lstm_size!r}", f"give a whole number from 0 to {MAX_LSTM}"
        if (self.crf or self.lstm_size) and self.kind != "token-classification":
            return f"a {self.kind} head with a CRF or an LSTM", "only token-classification has them"
        return None

    def _label_fault(self) -> tuple[str, str] | None:
        """What is wrong with the labels and how to mend it."""
        if self.kind in CLASSIFIERS and not self.labels:
            return f"{self.kind} without labels", "give at least one"
        if len(self.labels) > MAX_LABELS:
            return f"{len(self.labels)} labels", f"at most {MAX_LABELS}"
        if not all(isinstance(label, str) for label in self.labels):
            return "a label is not a string", "quote every label"
        if len(set(self.labels)) != len(self.labels):
            return "two labels have the same name", "give every label its own name"
        return None

    @property
    def num_labels(self) -> int:
        return len(self.labels)

    def num_parameters(self, encoder: EncoderConfig) -> int:
        """Parameters of the head alone on such an encoder, in closed form; a tied decoder counts its bias."""
        h, v, bias = encoder.hidden_size, encoder.vocab_size, int(encoder.use_bias)
        c, n = self.num_labels, self.lstm_size
        chain = c * (c + 2) if self.crf else 0
        lstm = 2 * 4 * n * (h + n + 2)
        dense = h * (h + 1)
        transform = h * (h + bias) + h * (1 + bias)
        before = transform if encoder.model_type == "modernbert" else 0
        masked = transform + v + (0 if encoder.tie_word_embeddings else v * h)
        following = dense + 2 * (h + 1)
        return {
            "none": 0,
            "sentence": 0,
            "pooling": dense,
            "sequence-classification": (before or dense) + self.num_labels * (h + 1),
            "token-classification": before + c * (h + 2 * n + 1) + lstm + chain,
            "span": before + 2 * (h + 1),
            "masked-lm": masked,
            "next-sentence": following,
            "pretraining": masked + following,
        }[self.kind]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _positive(name: str, value: object) -> Problem | None:
    if _is_int(value) and 0 < value < 2**31:  # type: ignore[operator]
        return None
    return _bad("bad-size", f"{name} is {value!r}", "give a whole number from 1 to 2147483647")


def _bad(code: str, what: str, fix: str) -> Problem:
    return Problem(code=code, what=what, fix=fix)
