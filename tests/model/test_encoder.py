"""The encoder against its formulas, written here with plain arithmetic."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from glassbert.model.config import ACTIVATIONS
from glassbert.model.encoder import ACTIVATION, Block, Embeddings, FeedForward, sinusoidal_positions
from glassbert.model.layout import Rows
from tests.model.small import batch, build, small

CLOSE = 1e-5
FORMULAS = {
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu_pytorch_tanh": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: max(x, 0.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "tanh": math.tanh,
}


def norm(module: torch.nn.LayerNorm, value: Tensor) -> Tensor:
    """Layer normalisation, written out."""
    centred = value - value.mean(-1, keepdim=True)
    scale = (centred.square().mean(-1, keepdim=True) + module.eps).sqrt()
    return centred / scale * module.weight + module.bias


@pytest.mark.parametrize(("num_positions", "hidden_size"), [(1, 1), (40, 7), (513, 30), (3, 768)])
def test_sinusoidal_positions_equal_the_papers_formula(num_positions: int, hidden_size: int) -> None:
    table = sinusoidal_positions(num_positions, hidden_size)
    assert table.shape == (num_positions, hidden_size) and table.dtype == torch.float32
    for p, column in np.ndindex(num_positions, hidden_size):
        angle = p / 10000 ** (2 * (column // 2) / hidden_size)
        expected = math.cos(angle) if column % 2 else math.sin(angle)
        assert float(table[p, column]) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_equals_its_formula(name: str) -> None:
    points = [-30.0, -4.0, -1.3, -0.2, 0.0, 0.7, 1.0, 3.1, 12.0]
    got = ACTIVATION[name](torch.tensor(points, dtype=torch.float64)).tolist()
    assert got == pytest.approx([FORMULAS[name](x) for x in points], abs=1e-12)


def test_every_activation_of_the_configuration_is_there() -> None:
    assert set(ACTIVATION) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_feed_forward_uses_the_configured_activation(name: str) -> None:
    layer = FeedForward(small(hidden_act=name)).double()
    hidden = torch.randn(4, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    inner = (hidden @ layer.up.weight.T + layer.up.bias).detach()
    active = inner.clone().apply_(FORMULAS[name])
    expected = active @ layer.down.weight.T + layer.down.bias
    assert (layer(hidden) - expected).abs().max() < 1e-12


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("positions", ["absolute", "sinusoidal"])
def test_embeddings_add_word_position_and_segment_then_normalise(family: str, positions: str) -> None:
    config = small(family, position_embedding_type=positions)
    network, packed = build(family=family, position_embedding_type=positions), batch(config)
    embeddings: Embeddings = network.encoder.embeddings
    table = sinusoidal_positions(29, 30) if positions == "sinusoidal" else embeddings.position.weight
    first = 2 if family == "roberta" else 0
    rows = []
    for start, end in zip(packed.layout.starts[:-1], packed.layout.starts[1:], strict=True):
        for i in range(int(end - start)):
            row = embeddings.word.weight[packed.input_ids[start + i]] + table[first + i]
            if family != "distilbert":
                row = row + embeddings.segment.weight[packed.token_type_ids[start + i]]
            rows.append(row)
    expected = norm(embeddings.norm, torch.stack(rows))
    assert (embeddings(packed) - expected).abs().max() < CLOSE
    assert (embeddings.segment is None) == (family == "distilbert")


def test_segments_and_positions_matter() -> None:
    network, packed = build(), batch()
    before = network(packed)
    packed.token_type_ids[:] = (packed.token_type_ids + 1) % 3
    assert not torch.allclose(network(packed), before)


def test_a_block_attends_adds_normalises_feeds_forward_adds_normalises() -> None:
    block: Block = build().encoder.blocks[0]
    packed = batch()
    hidden = torch.randn(packed.layout.num_tokens, 30, generator=torch.Generator().manual_seed(3))
    attended = norm(block.attention_norm, hidden + block.attention(hidden, packed.layout))
    expected = norm(block.feed_forward_norm, attended + block.feed_forward(attended))
    assert (block(hidden, packed.layout) - expected).abs().max() < CLOSE


@pytest.mark.parametrize("num_blocks", [1, 2])
def test_the_encoder_is_its_blocks_one_after_another(num_blocks: int) -> None:
    network = build(num_hidden_layers=num_blocks)
    packed = batch()
    hidden = network.encoder.embeddings(packed)
    for block in network.encoder.blocks:
        hidden = block(hidden, packed.layout)
    assert len(network.encoder.blocks) == num_blocks
    assert torch.equal(network.encoder(packed), hidden)
    rows = Rows.of(packed.layout, np.array([0, 2, 3, 18, 40]))
    assert (network.encoder(packed, rows=rows) - hidden[rows.index]).abs().max() < CLOSE


def test_the_encoder_gives_the_same_in_any_order_of_the_sequences() -> None:
    network = build()
    lengths = (4, 9, 4)
    one, other = batch(lengths=lengths), batch(lengths=(9, 4, 4))
    for name in ("input_ids", "token_type_ids"):
        first, long, last = getattr(one, name).split(lengths)
        getattr(other, name).copy_(torch.cat([long, first, last]))
    first, long, last = network(one).split(lengths)
    assert (network(other) - torch.cat([long, first, last])).abs().max() < CLOSE


@pytest.mark.parametrize("attention", ["scaled_dot_product", "additive"])
@pytest.mark.parametrize("positions", ["absolute", "sinusoidal"])
def test_every_parameter_gets_a_gradient(attention: str, positions: str) -> None:
    network = build(attention_type=attention, position_embedding_type=positions)
    network(batch()).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_gradients_equal_finite_differences() -> None:
    """In float64, for a step in a random direction through all parameters at once."""
    network, packed = build(hidden_act="gelu_new").double(), batch()
    target = torch.randn(50, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert len(target) == packed.layout.num_tokens

    def loss() -> Tensor:
        return (network(packed) * target).sum()

    loss().backward()
    generator = torch.Generator().manual_seed(2)
    directions = [
        torch.randn(p.shape, generator=generator, dtype=torch.float64) for p in network.parameters()
    ]
    slope = sum(float((p.grad * d).sum()) for p, d in zip(network.parameters(), directions, strict=True))
    values = []
    for step in (1e-6, -1e-6):
        moved = build(hidden_act="gelu_new").double()
        with torch.no_grad():
            for parameter, direction in zip(moved.parameters(), directions, strict=True):
                parameter.add_(direction, alpha=step)
            values.append(float((moved(packed) * target).sum()))
    assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope, rel=1e-5)
