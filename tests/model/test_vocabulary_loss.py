"""The loss over a vocabulary is torch's, and so are its gradients, whatever the number of rows."""

import pytest
import torch
from torch.nn import functional as F

from glassbert.model import vocabulary_loss as home
from glassbert.model.vocabulary_loss import vocabulary_loss

HIDDEN, VOCABULARY = 11, 37


def inputs(rows: int) -> tuple[torch.Tensor, ...]:
    draw = torch.Generator().manual_seed(rows)
    shapes = ((rows, HIDDEN), (VOCABULARY, HIDDEN), (VOCABULARY,))
    made = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]
    labels = torch.randint(0, VOCABULARY, (rows,), generator=draw)
    return *(each.requires_grad_() for each in made), labels


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 19])
def test_loss_and_gradients_are_those_of_torch(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "rows_at_a_time", lambda: 8)
    *parameters, labels = inputs(rows)
    loss, right = vocabulary_loss(*parameters, labels)
    (0.3 * loss).backward()
    mine = [each.grad for each in parameters]
    for each in parameters:
        each.grad = None
    logits = F.linear(*parameters)
    expected = F.cross_entropy(logits, labels, reduction="sum")
    (0.3 * expected).backward()
    torch.testing.assert_close(loss, expected)
    assert int(right) == int((logits.argmax(1) == labels).sum())
    for found, each in zip(mine, parameters, strict=True):
        torch.testing.assert_close(found, each.grad)


def test_huge_logits_stay_finite() -> None:
    *parameters, labels = inputs(5)
    states, weight, bias = (each.detach().float() for each in parameters)
    loss, _ = vocabulary_loss(states * 1e4, weight, bias, labels)
    expected = F.cross_entropy(F.linear(states * 1e4, weight, bias), labels, reduction="sum")
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("library", [False, True])
def test_a_part_has_few_rows_unless_onednn_forms_it(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "onednn_is_quicker", lambda: library)
    assert home.rows_at_a_time() == (384 if library else 128)
