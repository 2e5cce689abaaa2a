"""Attention: every way to compute it gives the formula's numbers, for all rows and for chosen ones."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from glassbert.model.attention import (
    Attention,
    additive_weights,
    by_group,
    dot_product_weights,
    varlen,
)
from glassbert.model.layout import Layout, Rows
from glassbert.model.noise import Rates, SampleNoise
from glassbert.model.taps import capture
from tests.model.small import LENGTHS, small

EXACT = 1e-12  # in float64


def layout_of(*lengths: int) -> Layout:
    return Layout(np.array(lengths, dtype=np.int64))


def attention_of(seed: int = 4, **choices: object) -> Attention:
    """An attention layer in float64 with every weight ~ N(0, 0.5)."""
    attention = Attention(small(**choices)).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
    return attention


def hidden_of(layout: Layout, width: int = 30) -> Tensor:
    generator = torch.Generator().manual_seed(8)
    return torch.randn(layout.num_tokens, width, generator=generator, dtype=torch.float64)


def formula(attention: Attention, hidden: Tensor, layout: Layout) -> Tensor:
    """The definition, written with loops over sequences and heads, from the weights alone."""
    size = attention.head_size
    weight, bias = attention.qkv.weight.chunk(3), attention.qkv.bias.chunk(3)
    outputs = []
    for start, end in zip(layout.starts[:-1], layout.starts[1:], strict=True):
        x = hidden[start:end]
        query, key, value = (x @ w.T + b for w, b in zip(weight, bias, strict=True))
        heads = []
        for n in range(attention.num_heads):
            part = slice(n * size, (n + 1) * size)
            scores = torch.empty(len(x), len(x), dtype=torch.float64)
            for i in range(len(x)):
                for j in range(len(x)):
                    if attention.score is None:
                        scores[i, j] = query[i, part] @ key[j, part] / math.sqrt(size)
                    else:
                        scores[i, j] = attention.score[n] @ torch.tanh(query[i, part] + key[j, part])
            weights = scores.exp() / scores.exp().sum(1, keepdim=True)
            heads.append(weights @ value[:, part])
        outputs.append(torch.cat(heads, 1) @ attention.output.weight.T + attention.output.bias)
    return torch.cat(outputs)


@pytest.mark.parametrize("kind", ["scaled_dot_product", "additive"])
def test_attention_equals_its_formula(kind: str) -> None:
    layout, attention = layout_of(*LENGTHS), attention_of(attention_type=kind)
    hidden = hidden_of(layout)
    assert (attention(hidden, layout) - formula(attention, hidden, layout)).abs().max() < EXACT


def test_watched_attention_equals_unwatched_attention_and_its_gradient() -> None:
    layout, attention = layout_of(7, 7, 7), attention_of()
    fast_in, slow_in = (hidden_of(layout).requires_grad_() for _ in range(2))
    fast = attention(fast_in, layout)
    with capture(attention, ["weights"]) as seen:
        slow = attention(slow_in, layout)
    assert seen["weights"].shape == (3, 5, 7, 7)
    for result in (fast, slow):
        result.square().sum().backward()
    assert (fast - slow).abs().max() < EXACT
    assert (fast_in.grad - slow_in.grad).abs().max() < 1e-9


@pytest.mark.parametrize("kind", ["scaled_dot_product", "additive"])
def test_weights_are_positive_and_their_rows_sum_to_one(kind: str) -> None:
    layout, attention = layout_of(6, 6), attention_of(attention_type=kind)
    with capture(attention, ["weights"]) as seen:
        attention(hidden_of(layout), layout)
    assert (seen["weights"] > 0).all()
    assert (seen["weights"].sum(-1) - 1).abs().max() < EXACT


def test_weights_stay_finite_for_huge_scores() -> None:
    query = torch.full((1, 1, 2, 4), 300.0)
    key = torch.stack([torch.full((4,), 300.0), torch.full((4,), -300.0)])[None, None]
    weights = dot_product_weights(query, key)
    assert weights.tolist() == [[[[1.0, 0.0], [1.0, 0.0]]]]


def test_additive_weights_equal_loops_when_queries_and_keys_differ_in_number() -> None:
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    key = torch.randn(2, 3, 6, 5, generator=generator, dtype=torch.float64)
    score = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    weights = additive_weights(query, key, score)
    for b, n, i in np.ndindex(2, 3, 4):
        scores = torch.stack([(score[n] * torch.tanh(query[b, n, i] + key[b, n, j])).sum() for j in range(6)])
        assert (weights[b, n, i] - torch.softmax(scores, 0)).abs().max() < EXACT


@settings(max_examples=40, deadline=None)
@given(data=st.data(), additive=st.booleans())
def test_chosen_rows_equal_the_same_rows_of_all(data: st.DataObject, additive: bool) -> None:
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    layout = layout_of(*lengths)
    chosen = data.draw(st.sets(st.integers(0, layout.num_tokens - 1)))
    rows = Rows.of(layout, np.array(sorted(chosen), dtype=np.int64))
    attention = attention_of(attention_type="additive" if additive else "scaled_dot_product")
    hidden = hidden_of(layout)
    with torch.no_grad():
        some, everything = attention(hidden, layout, rows=rows), attention(hidden, layout)
    assert some.shape == (len(chosen), 30)
    assert torch.allclose(some, everything[rows.index], rtol=0, atol=EXACT)


def test_a_batch_without_chosen_rows_gives_no_rows_and_no_gradient() -> None:
    layout, attention = layout_of(3, 3, 2), attention_of()
    hidden = hidden_of(layout).requires_grad_()
    result = attention(hidden, layout, rows=Rows.of(layout, np.empty(0, dtype=np.int64)))
    assert result.shape == (0, 30)
    result.sum().backward()
    assert hidden.grad is not None and not hidden.grad.any()


def test_a_sequence_never_sees_its_neighbours() -> None:
    layout, attention = layout_of(4, 4, 4), attention_of()
    hidden = hidden_of(layout)
    changed = hidden.clone()
    changed[4:8] += 1
    one, other = attention(hidden, layout), attention(changed, layout)
    assert torch.equal(one[:4], other[:4]) and torch.equal(one[8:], other[8:])
    assert not torch.allclose(one[4:8], other[4:8])


# -- dropping attention weights ------------------------------------------------------------------------


def noise_for(samples: list[int], *, attention: float = 0.5, step: int = 3) -> SampleNoise:
    rates = Rates(hidden=0.0, attention=attention, classifier=0.0)
    return SampleNoise(rates, np.array(samples), seed=1, step=step)


@pytest.mark.parametrize("kind", ["scaled_dot_product", "additive"])
def test_dropped_weights_are_zero_or_scaled_up(kind: str) -> None:
    """The context is (A * mask) V with a mask of 0 and 2, as many masks as there are weights."""
    layout, attention = layout_of(3, 3), attention_of(attention_type=kind)
    hidden = hidden_of(layout)
    noise, again = noise_for([0, 1]), noise_for([0, 1])
    with capture(attention, ["weights", "value", "context"]) as seen:
        attention(hidden, layout, noise=noise)
    masks = again.keep(np.array([45, 45]), 1, 0.5).view(2, 3, 5, 3).transpose(1, 2).double()
    value = seen["value"].view(2, 3, 5, 6).transpose(1, 2)
    expected = ((seen["weights"] * masks) @ value).transpose(1, 2).reshape(6, 5, 6)
    assert set(masks.unique().tolist()) == {0.0, 2.0}
    assert (seen["context"] - expected).abs().max() < EXACT


def test_dropped_weights_work_for_several_groups() -> None:
    layout, attention = layout_of(*LENGTHS), attention_of()
    result = attention(hidden_of(layout), layout, noise=noise_for(list(range(8))))
    assert result.shape == (layout.num_tokens, 30) and result.isfinite().all()


def test_dropped_weights_do_not_depend_on_the_rest_of_the_batch() -> None:
    attention, layout = attention_of(), layout_of(*LENGTHS)
    hidden = hidden_of(layout)
    rows = np.array([0, 5, 9, 10, 13, 14, 15, 21, 22, 23, 24, 37])
    together = attention(hidden, layout, rows=Rows.of(layout, rows), noise=noise_for(list(range(8))))
    done = 0
    for sample, (start, end) in enumerate(zip(layout.starts[:-1], layout.starts[1:], strict=True)):
        own = rows[(rows >= start) & (rows < end)] - start
        alone_layout = layout_of(int(end - start))
        alone = attention(
            hidden[start:end], alone_layout, rows=Rows.of(alone_layout, own), noise=noise_for([sample])
        )
        assert torch.allclose(together[done : done + len(own)], alone, rtol=0, atol=EXACT), sample
        done += len(own)
    assert done == len(rows)


def test_no_rate_leaves_the_fast_kernel_in_place() -> None:
    layout, attention = layout_of(*LENGTHS), attention_of()
    hidden = hidden_of(layout)
    quiet = noise_for(list(range(8)), attention=0.0)
    assert torch.equal(attention(hidden, layout, noise=quiet), attention(hidden, layout))


# -- the kernel for packed sequences on CUDA -----------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("chosen", [False, True])
def test_varlen_equals_grouped_in_half_precision(dtype: torch.dtype, chosen: bool) -> None:
    device = torch.device("cuda")
    layout = Layout(np.array([60, 7, 7, 128, 1, 33], dtype=np.int64), device=device)
    rows = Rows.of(layout, np.array([0, 3, 60, 67, 74, 90, 200, 235])) if chosen else None
    generator = torch.Generator(device).manual_seed(0)
    query, key, value = (
        torch.randn(layout.num_tokens, 4, 64, generator=generator, device=device, dtype=dtype)
        for _ in range(3)
    )
    query = (query if rows is None else query[rows.index]).requires_grad_()
    key.requires_grad_()
    value.requires_grad_()
    fast = varlen(query, key, value, layout, rows)
    slow = by_group(
        query.float(), key.float(), value.float(), layout, rows, kernel=F.scaled_dot_product_attention
    )
    weights = torch.randn(slow.shape, generator=generator, device=device)
    step = 2**-8 if dtype == torch.bfloat16 else 2**-11
    assert (fast.float() - slow).abs().max() < 4 * step * slow.abs().max()
    inputs = (query, key, value)
    got = torch.autograd.grad((fast.float() * weights).sum(), inputs)
    expected = torch.autograd.grad((slow * weights).sum(), inputs)
    for mine, reference in zip(got, expected, strict=True):
        assert (mine.float() - reference.float()).abs().max() < 8 * step * reference.float().abs().max()
