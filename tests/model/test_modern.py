"""The modern choices against their formulas, every backend against the others, and what is refused.

That they are ModernBERT's is proved in tests/parity, where it is one of the families.
"""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.errors import DataError
from glassbert.model.attention import Attention
from glassbert.model.config import HeadConfig
from glassbert.model.encoder import Block
from glassbert.model.hf_config import read_config, write_config
from glassbert.model.layout import Rows
from glassbert.model.lora import LoraPlan, attach, default_targets, merge
from glassbert.model.network import Network
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.taps import capture
from tests.model.small import HEADS, batch, build, small
from tests.parity.references import ours, packed, padded, reference
from tests.parity.test_transformers import real

CLOSE = 1e-5
PACKED = batch(small("modernbert"))
ROWS = Rows.of(PACKED.layout, np.array([0, 2, 3, 18, 21, 40]))


def normed(value: Tensor, weight: Tensor) -> Tensor:
    return F.layer_norm(value, (30,), weight, None, 1e-5)


def test_blocks_normalise_first_except_the_first_and_once_more_at_the_end() -> None:
    network = build("none", "modernbert")
    one, two = network.encoder.blocks
    hidden = network.encoder.embeddings(PACKED)
    attended = hidden + one.attention(hidden, PACKED.layout)
    hidden = attended + one.feed_forward(normed(attended, one.feed_forward_norm.weight))
    attended = hidden + two.attention(normed(hidden, two.attention_norm.weight), PACKED.layout)
    hidden = attended + two.feed_forward(normed(attended, two.feed_forward_norm.weight))
    expected = normed(hidden, two.output_norm.weight)
    assert (network(PACKED) - expected).abs().max() < CLOSE
    assert not [name for name, _ in network.named_parameters() if name.endswith("bias")]
    assert not list(one.attention_norm.parameters()) and one.output_norm is None


def test_a_gated_feed_forward_multiplies_by_its_second_half() -> None:
    layer = build("none", "modernbert").encoder.blocks[0].feed_forward
    hidden = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    given, gate = hidden @ layer.up.weight[:44].T, hidden @ layer.up.weight[44:].T
    assert (layer(hidden) - (F.gelu(given) * gate) @ layer.down.weight.T).abs().max() < CLOSE


@pytest.mark.parametrize("bias", [True, False])
def test_biases_everywhere_or_nowhere_equal_transformers(bias: bool) -> None:
    names = ("norm_bias", "attention_bias", "mlp_bias", "classifier_bias")
    model = reference("modernbert", "masked-lm", **dict.fromkeys(names, bias))
    network = ours(model, "masked-lm")
    assert network.config.use_bias is bias
    theirs = real(network.config, model(**padded(network.config)).logits)
    assert (network(packed(network.config)) - theirs).abs().max() < CLOSE


@pytest.mark.parametrize("kind", ["none", "masked-lm", "token-classification", "span"])
def test_chosen_rows_equal_the_same_rows_of_all(kind: str) -> None:
    network = build(kind, "modernbert")
    assert (network(PACKED, rows=ROWS) - network(PACKED)[ROWS.index]).abs().max() < CLOSE


def test_first_rows_equal_those_of_all() -> None:
    """One row per sequence: the way that absorbs keys and values must not be taken with rotary positions."""
    network = build("none", "modernbert")
    first = PACKED.layout.first_rows
    assert (network(PACKED, rows=first) - network(PACKED)[first.index]).abs().max() < CLOSE


@pytest.mark.parametrize("rows", [None, ROWS])
def test_watched_attention_equals_the_fused_kernel(rows: Rows | None) -> None:
    network = build("none", "modernbert")
    fused = network(PACKED, rows=rows)
    for block in network.encoder.blocks:
        block.attention.weights.register_forward_hook(lambda *_: None)
    assert (network(PACKED, rows=rows) - fused).abs().max() < CLOSE


def test_what_every_backend_is_given_is_turned_already() -> None:
    """All backends get the queries and keys of the taps, those of chosen rows turned by their positions."""
    block: Block = build("none", "modernbert").encoder.blocks[1]
    hidden = torch.randn(PACKED.layout.num_tokens, 30, generator=torch.Generator().manual_seed(1))
    with capture(block, ["query", "key"]) as seen:
        block(hidden, PACKED.layout)
    query, key = block.looked_at(hidden, PACKED.layout)
    assert torch.equal(query, seen["attention.query"]) and torch.equal(key, seen["attention.key"])
    with capture(block, ["query"]) as chosen:
        block(hidden, PACKED.layout, rows=ROWS)
    assert (chosen["attention.query"] - query[ROWS.index]).abs().max() < CLOSE
    plain, _, _ = Attention.project(block.attention, block.attention_norm(hidden), None)
    assert torch.equal(plain[0], query[0]) and not torch.allclose(plain[1], query[1])


@pytest.mark.parametrize("choices", [{}, {"use_bias": True}, {"num_hidden_layers": 1}])
def test_every_parameter_gets_a_gradient_and_is_counted(choices: dict[str, Any]) -> None:
    network = build("masked-lm", "modernbert", **choices)
    network(PACKED).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []
    counted = network.config.num_parameters + network.head_config.num_parameters(network.config)
    assert counted == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("kind", "choices"),
    list(itertools.product(("span", "sequence-classification"), ({}, {"feed_forward_type": "plain"}))),
)
def test_heads_and_variants_are_counted(kind: str, choices: dict[str, Any]) -> None:
    network = Network(small("modernbert", **choices), HEADS[kind])
    counted = network.config.num_parameters + network.head_config.num_parameters(network.config)
    assert counted == sum(p.numel() for p in network.parameters())


def test_gradients_equal_finite_differences() -> None:
    network = build("none", "modernbert").double()
    target = torch.randn(50, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    generator = torch.Generator().manual_seed(2)
    draws = [torch.randn(p.shape, generator=generator, dtype=torch.float64) for p in network.parameters()]
    (network(PACKED) * target).sum().backward()
    slope = sum(float((p.grad * d).sum()) for p, d in zip(network.parameters(), draws, strict=True))
    values = []
    with torch.no_grad():
        for step in (1e-6, -2e-6):
            for parameter, draw in zip(network.parameters(), draws, strict=True):
                parameter.add_(draw, alpha=step)
            values.append(float((network(PACKED) * target).sum()))
    assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope, rel=1e-6)


def test_dropout_thins_every_sum() -> None:
    """Noise of rate 0 changes nothing; of another it thins the embeddings and two sums in every block."""
    network = build("none", "modernbert")
    still = SampleNoise(Rates(hidden=0.0, attention=0.0, classifier=0.0), np.arange(8), seed=1, step=2)
    assert (network(PACKED, noise=still) - network(PACKED)).abs().max() < CLOSE
    uses = []
    noise = SampleNoise(Rates(hidden=0.2, attention=0.0, classifier=0.0), np.arange(8), seed=1, step=2)
    keep = noise.keep
    noise.keep = lambda *args: uses.append(args) or keep(*args)  # type: ignore[method-assign]
    network(PACKED, noise=noise)
    assert len(uses) == 5


def test_the_network_is_drawn_narrower_where_it_adds_to_the_sum() -> None:
    network = Network(small("modernbert", num_hidden_layers=8, hidden_size=60, intermediate_size=90))
    widths = {name: float(p.detach().std()) for name, p in network.named_parameters() if p.ndim == 2}
    summed = [w for name, w in widths.items() if ".output." in name or ".down." in name]
    others = [w for name, w in widths.items() if ".qkv." in name or ".up." in name]
    assert np.mean(summed) == pytest.approx(0.02 / 4, rel=0.05)
    assert np.mean(others) == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize("targets", ["default", "all-linear"])
def test_adapters_learn_and_merge(targets: str) -> None:
    network = build("sequence-classification", "modernbert")
    chosen = default_targets(network) if targets == "default" else (targets,)
    attach(network, LoraPlan(rank=3, alpha=6, targets=chosen), seed=1)
    low = [p for name, p in network.named_parameters() if ".adapters." in name]
    assert len(low) == 2 * 2 * (1 if targets == "default" else 4)
    with torch.no_grad():
        for parameter in low:
            parameter.normal_(0, 0.1, generator=torch.Generator().manual_seed(4))
    before = network(PACKED)
    merge(network)
    assert (network(PACKED) - before).abs().max() < CLOSE


WHOLE = {"model_type": "modernbert", "global_attn_every_n_layers": 1}
BASE = {  # of answerdotai/ModernBERT-base, what bears on the encoder
    "architectures": ["ModernBertForMaskedLM"], "attention_bias": False, "attention_dropout": 0.0,
    "classifier_activation": "gelu", "classifier_bias": False, "classifier_dropout": 0.0,
    "classifier_pooling": "mean", "decoder_bias": True, "embedding_dropout": 0.0,
    "global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "hidden_activation": "gelu",
    "hidden_size": 768, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02,
    "intermediate_size": 1152, "layer_norm_eps": 1e-05, "local_attention": 128, "local_rope_theta": 10000.0,
    "max_position_embeddings": 8192, "mlp_bias": False, "mlp_dropout": 0.0, "model_type": "modernbert",
    "norm_bias": False, "norm_eps": 1e-05, "num_attention_heads": 12, "num_hidden_layers": 22,
    "pad_token_id": 50283, "position_embedding_type": "absolute", "sparse_prediction": False,
    "tie_word_embeddings": True, "vocab_size": 50368,
}  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (BASE, "local-attention"),
        ({"model_type": "modernbert"}, "local-attention"),
        (WHOLE | {"layer_types": ["sliding_attention"] * 22}, "local-attention"),
        (WHOLE | {"layer_types": "full"}, "local-attention"),
        (WHOLE | {"mlp_bias": True}, "mixed-biases"),
        (WHOLE | {"decoder_bias": False}, "no-decoder-bias"),
        (WHOLE | {"classifier_activation": "silu"}, "other-activation"),
        (
            WHOLE | {"classifier_pooling": "mean", "architectures": ["ModernBertForSequenceClassification"]},
            "other-pooling",
        ),
        (WHOLE | {"rope_scaling": {"rope_type": "yarn"}}, "scaled-positions"),
        (WHOLE | {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "scaled-positions"),
        (WHOLE | {"global_rope_theta": "big"}, "bad-rate"),
        (WHOLE | {"num_hidden_layers": "many"}, "bad-size"),
    ],
)
def test_what_modernbert_can_be_and_we_do_not_compute_is_refused(raw: dict[str, Any], code: str) -> None:
    with pytest.raises(DataError) as error:
        read_config(raw)
    assert [problem.code for problem in error.value.problems] == [code]
    assert all(problem.file == "config.json" for problem in error.value.problems)


def test_the_refusal_of_windows_says_which_layers_have_them() -> None:
    with pytest.raises(DataError, match="14 of 22 layers see a window of 128 tokens only"):
        read_config(BASE)


def test_a_whole_modernbert_is_read_with_its_own_words() -> None:
    read = read_config(BASE | WHOLE | {"local_attention": 64})
    assert read.warnings == () and read.encoder.rope_theta == 160000.0


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"use_bias": True, "rope_theta": 500.0},
        {"norm_placement": "post"},
        {"feed_forward_type": "plain"},
        {"position_embedding_type": "absolute"},
        {"type_vocab_size": 2},
    ],
)
def test_a_configuration_is_read_as_it_was_written(choices: dict[str, Any]) -> None:
    config, head = small("modernbert", **choices), HeadConfig(kind="masked-lm")
    raw = write_config(config, head)
    read = read_config(raw)
    assert (read.encoder, read.head, read.warnings) == (config, head, ())
    known = not choices or "use_bias" in choices
    assert (raw["model_type"] == "modernbert") is known
