"""Attention of short sequences in blocks: the pieces cover every row once, and nobody sees a neighbour."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from glassbert.model.dense_attention import BLOCK_ROWS, attend, attend_backward, pieces_of
from glassbert.model.layout import Group

groups = st.lists(st.builds(Group, st.integers(1, 40), st.integers(1, 70)), min_size=1, max_size=5)


@given(groups)
def test_pieces_cover_every_row_once(groups: list[Group]) -> None:
    pieces = pieces_of(groups)
    starts = [0, *(piece.stop for piece in pieces)]
    assert [piece.start for piece in pieces] == starts[:-1]
    assert starts[-1] == sum(group.num_tokens for group in groups)
    assert all(piece.rows <= max(BLOCK_ROWS, piece.length) for piece in pieces)
    assert all(min(piece.count, piece.size) >= 1 for piece in pieces)
    assert len(pieces) <= 2 * len(groups)


@pytest.mark.parametrize("group", [Group(7, 4), Group(5, 13), Group(2, 33), Group(1, 1), Group(31, 1)])
def test_context_and_gradient_are_those_of_each_sequence_alone(group: Group) -> None:
    generator = torch.Generator().manual_seed(4)
    heads, size, rows = 3, 5, group.num_tokens
    qkv = torch.randn(rows, 3 * heads * size, generator=generator, dtype=torch.float64, requires_grad=True)
    grad = torch.randn(rows, heads * size, generator=generator, dtype=torch.float64)
    by_head = qkv.view(group.count, group.length, 3, heads, size).permute(2, 0, 3, 1, 4)
    expected = F.scaled_dot_product_attention(*by_head).transpose(1, 2).reshape(rows, -1)
    (of_expected,) = torch.autograd.grad(expected, qkv, grad)
    context, of_qkv = torch.empty_like(grad), torch.empty_like(qkv)
    for piece in pieces_of([group]):
        saved = attend(qkv.detach(), piece, heads, context)
        attend_backward(grad, saved, piece, heads, of_qkv)
    torch.testing.assert_close(context, expected, rtol=0, atol=1e-13)
    torch.testing.assert_close(of_qkv, of_expected, rtol=0, atol=1e-12)


def test_a_huge_neighbour_changes_nothing() -> None:
    qkv = torch.randn(8, 12, generator=torch.Generator().manual_seed(4))
    alone, beside = torch.empty(8, 4), torch.empty(8, 4)
    (piece,) = pieces_of([Group(2, 4)])
    attend(qkv, piece, 2, alone)
    qkv[4:, 4:] = 1e30
    attend(qkv, piece, 2, beside)
    assert torch.equal(alone[:4], beside[:4])
