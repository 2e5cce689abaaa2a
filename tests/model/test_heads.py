"""Heads against their formulas; what they drop, and which rows they make the encoder compute."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.heads import PretrainingLogits
from glassbert.model.layout import Layout, Rows
from glassbert.model.network import Network
from glassbert.model.noise import Rates
from glassbert.model.taps import capture
from tests.model.small import HEADS, batch, build

CLOSE = 1e-5
FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert")
CHOSEN = np.array([0, 2, 8, 17, 18, 30, 49])  # some are first tokens


def states(network: Network) -> Tensor:
    """All hidden states of the batch, [T, H]."""
    return network.encoder(batch(network.config))


def linear(layer: torch.nn.Linear, value: Tensor) -> Tensor:
    return value @ layer.weight.T + layer.bias


def first_states(network: Network) -> Tensor:
    return states(network)[batch().layout.starts[:-1]]


def masked_logits(head: torch.nn.Module, hidden: Tensor, activation: str = "gelu") -> Tensor:
    inner = {"gelu": F.gelu, "relu": F.relu}[activation](linear(head.dense, hidden))
    return linear(head.decoder, F.layer_norm(inner, (30,), head.norm.weight, head.norm.bias, head.norm.eps))


class Counted:
    """Noise that drops nothing and notes how many rows, of what width, at what rate."""

    rates = Rates(hidden=0.0, attention=0.0, classifier=0.25)

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, float]] = []

    def expect(self, counts: np.ndarray, width: int, *, uses: int) -> None:
        raise AssertionError("hidden states are not to be dropped")

    def keep(self, counts: np.ndarray, width: int, rate: float) -> Tensor:
        self.calls.append((int(counts.sum()), width, rate))
        return torch.ones(int(counts.sum()), width)


def test_no_head_gives_the_hidden_states() -> None:
    network = build("none")
    assert torch.equal(network(batch()), states(network))
    some = network(batch(), rows=Rows.of(batch().layout, CHOSEN))
    assert (some - states(network)[CHOSEN]).abs().max() < CLOSE


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_pooling_is_tanh_of_the_first_token(family: str) -> None:
    network = build("pooling", family)
    expected = torch.tanh(linear(network.head.dense, first_states(network)))
    assert (network(batch(network.config)) - expected).abs().max() < CLOSE


@pytest.mark.parametrize("family", FAMILIES)
def test_class_logits_come_from_the_first_token(family: str) -> None:
    network = build("sequence-classification", family)
    inner = linear(network.head.dense, first_states(network))
    pooled = F.relu(inner) if family == "distilbert" else torch.tanh(inner)
    logits = network(batch(network.config))
    assert logits.shape == (8, 3)
    assert (logits - linear(network.head.output, pooled)).abs().max() < CLOSE


@pytest.mark.parametrize(("kind", "width"), [("token-classification", 4), ("span", 2)])
@pytest.mark.parametrize("chosen", [False, True])
def test_token_logits_are_linear_in_every_token(kind: str, width: int, chosen: bool) -> None:
    network = build(kind)
    rows = Rows.of(batch().layout, CHOSEN) if chosen else None
    logits = network(batch(), rows=rows)
    expected = linear(network.head.output, states(network))
    assert logits.shape == (len(CHOSEN) if chosen else 50, width)
    assert (logits - (expected[CHOSEN] if chosen else expected)).abs().max() < CLOSE


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize(
    ("family", "activation"), [("bert", "relu"), ("roberta", "gelu"), ("distilbert", "relu")]
)
def test_masked_word_logits_equal_their_formula(family: str, activation: str, tie: bool) -> None:
    """RoBERTa's head is GELU whatever the encoder uses."""
    network = build("masked-lm", family, hidden_act="relu", tie_word_embeddings=tie)
    logits = network(batch(network.config))
    assert logits.shape == (50, 61)
    assert (logits - masked_logits(network.head, states(network), activation)).abs().max() < CLOSE
    assert (network.head.decoder.weight is network.encoder.embeddings.word.weight) == tie


@pytest.mark.parametrize("rows", [[], [13], [0, 9, 13], list(CHOSEN), list(range(50))])
def test_masked_words_are_scored_at_the_asked_rows_only(rows: list[int]) -> None:
    network = build("masked-lm")
    logits = network(batch(), rows=Rows.of(batch().layout, np.array(rows, dtype=np.int64)))
    assert logits.shape == (len(rows), 61)
    assert torch.allclose(logits, network(batch())[rows], rtol=0, atol=CLOSE)


def test_next_sentence_logits_come_from_the_pooled_first_token() -> None:
    network = build("next-sentence")
    pooled = torch.tanh(linear(network.head.dense, first_states(network)))
    assert (network(batch()) - linear(network.head.output, pooled)).abs().max() < CLOSE


@pytest.mark.parametrize("rows", [None, [], [13], [0, 9, 13], list(CHOSEN), list(range(50))])
def test_pretraining_scores_asked_words_and_every_first_token(rows: list[int] | None) -> None:
    network = build("pretraining")
    asked = None if rows is None else Rows.of(batch().layout, np.array(rows, dtype=np.int64))
    masked, following = network(batch(), rows=asked)
    words = masked_logits(network.head.masked, states(network))
    pooled = torch.tanh(linear(network.head.next_sentence.dense, first_states(network)))
    expected = linear(network.head.next_sentence.output, pooled)
    assert torch.allclose(masked, words if rows is None else words[rows], rtol=0, atol=CLOSE)
    assert torch.allclose(following, expected, rtol=0, atol=CLOSE)


def test_pretraining_logits_have_names() -> None:
    out = build("pretraining")(batch())
    assert isinstance(out, PretrainingLogits)
    assert out.masked.shape == (50, 61) and out.next_sentence.shape == (8, 2)


@pytest.mark.parametrize(
    ("kind", "computed"),
    [
        ("none", 7), ("pooling", 8), ("sequence-classification", 8), ("token-classification", 7), ("span", 7),
        ("masked-lm", 7), ("next-sentence", 8), ("pretraining", 13),
    ],
)  # fmt: skip
def test_the_last_block_computes_no_row_that_the_head_does_not_read(kind: str, computed: int) -> None:
    network, layout = build(kind), batch().layout
    assert kind != "pretraining" or computed == len(np.union1d(CHOSEN, layout.starts[:-1]))
    with capture(network, ["blocks.*.neurons"]) as seen:
        network(batch(), rows=Rows.of(layout, CHOSEN))
    assert [len(value) for value in seen.values()] == [50, computed]


@pytest.mark.parametrize(
    ("family", "kind", "calls"),
    [
        ("bert", "sequence-classification", [(8, 30, 0.25)]),
        ("roberta", "sequence-classification", [(8, 30, 0.25), (8, 30, 0.25)]),
        ("distilbert", "sequence-classification", [(8, 30, 0.25)]),
        ("bert", "token-classification", [(50, 30, 0.25)]),
        ("bert", "span", []),
        ("roberta", "span", []),
        ("distilbert", "span", [(50, 30, 0.25)]),
        ("bert", "pooling", []),
        ("bert", "masked-lm", []),
        ("bert", "next-sentence", []),
        ("bert", "pretraining", []),
    ],
)
def test_classifiers_drop_where_transformers_does(family: str, kind: str, calls: list) -> None:
    network, noise = build(kind, family), Counted()
    network(batch(network.config), noise=noise)
    assert noise.calls == calls


def test_token_logits_of_chosen_rows_draw_for_these_rows() -> None:
    noise = Counted()
    build("token-classification")(batch(), rows=Rows.of(batch().layout, CHOSEN), noise=noise)
    assert noise.calls == [(7, 30, 0.25)]


@pytest.mark.parametrize("kind", list(HEADS))
def test_heads_ask_for_rows_that_hold_what_was_asked(kind: str) -> None:
    layout: Layout = batch().layout
    head = build(kind).head
    asked = Rows.of(layout, CHOSEN)
    everything, some = head.rows(layout, None), head.rows(layout, asked)
    first = layout.starts[:-1].tolist()
    if kind in ("pooling", "sequence-classification", "next-sentence"):
        assert everything.host.tolist() == some.host.tolist() == first
    else:
        assert everything is None
        assert set(CHOSEN) <= set(some.host.tolist()) <= set(CHOSEN) | set(first)
