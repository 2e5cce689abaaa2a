"""Whether two models can be laid side by side."""

from __future__ import annotations

from glassbert.errors import Problem, UsageError
from glassbert.lens.seen import Inspectable

FIELDS = (
    "model_type",
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "pad_token_id",
    "position_embedding_type",
    "attention_type",
    "norm_placement",
    "feed_forward_type",
    "use_bias",
    "rope_theta",
)


def refuse_unlike(one: Inspectable, other: Inspectable) -> None:
    """Raises UsageError for models of another shape or vocabulary, naming what differs."""
    left, right = one.network.config, other.network.config
    differing = [name for name in FIELDS if getattr(left, name) != getattr(right, name)]
    if differing:
        listed = ", ".join(f"{name} ({getattr(left, name)}, {getattr(right, name)})" for name in differing)
        what = f"'{one.name}' and '{other.name}' differ in {listed}"
        fix = "compare two checkpoints of one model"
        raise UsageError(Problem(code="other-shape", what=what, fix=fix))
    ids = list(range(left.vocab_size))
    pairs = enumerate(zip(one.tokenizer.tokens(ids), other.tokenizer.tokens(ids), strict=True))
    unlike = [(number, a, b) for number, (a, b) in pairs if a != b]
    if unlike:
        number, a, b = unlike[0]
        what = (
            f"'{one.name}' and '{other.name}' have different vocabularies: {len(unlike):,} tokens differ, "
            f"the first is {number} ({a!r}, {b!r})"
        )
        fix = "compare two checkpoints of one model"
        raise UsageError(Problem(code="other-vocabulary", what=what, fix=fix))
